"""Looking ahead: what a query asks for below a field, so that its resolver can bring it along."""

from collections.abc import Iterator
from typing import Any

from graphql import FieldNode, GraphQLResolveInfo, InlineFragmentNode, SelectionSetNode
from graphql.language import FragmentDefinitionNode

_DEEPEST = 4


class Nodes(list[FieldNode]):
    """The nodes of a field in a plan, which know what is asked for below them once somebody has looked."""

    below: frozenset[str] | None = None


def selected(info: GraphQLResolveInfo[Any]) -> frozenset[str]:
    """The names of the fields below this one, as `nodes.product.name`, four levels down.

    Fields of any type that an object may be of are among them, and fields that a directive may leave out.
    """
    nodes = info.field_nodes
    if isinstance(nodes, Nodes) and nodes.below is not None:
        return nodes.below
    names = frozenset(
        name for node in nodes for name in _below(node.selection_set, info.fragments, prefix="", depth=_DEEPEST)
    )
    if isinstance(nodes, Nodes):
        nodes.below = names
    return names


def _below(
    selections: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode], *, prefix: str, depth: int
) -> Iterator[str]:
    if selections is None or depth == 0:
        return
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            name = prefix + selection.name.value
            yield name
            yield from _below(selection.selection_set, fragments, prefix=f"{name}.", depth=depth - 1)
        elif isinstance(selection, InlineFragmentNode):
            yield from _below(selection.selection_set, fragments, prefix=prefix, depth=depth)
        else:
            fragment = fragments[selection.name.value]  # type: ignore[attr-defined]  # It is a spread: nothing else is.
            yield from _below(fragment.selection_set, fragments, prefix=prefix, depth=depth)
