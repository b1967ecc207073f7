"""Looking ahead: what a query asks for below a field, so that its resolver can bring it along."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Any

from graphql import FieldNode, GraphQLResolveInfo, InlineFragmentNode, SelectionSetNode
from graphql.language import FragmentDefinitionNode

_DEEPEST = 4
_KEPT = 512


class _Seen:
    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, ...], tuple[Sequence[FieldNode], frozenset[str]]] = OrderedDict()
        self._lock = Lock()

    def get(self, info: GraphQLResolveInfo[Any]) -> frozenset[str]:
        nodes = tuple(info.field_nodes)
        key = tuple(map(id, nodes))
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found[1]
        names = frozenset(
            name for node in nodes for name in _below(node.selection_set, info.fragments, prefix="", depth=_DEEPEST)
        )
        with self._lock:
            # The nodes are kept too: as long as they live, nothing else has their identity.
            self._kept[key] = nodes, names
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return names


_seen = _Seen()


def selected(info: GraphQLResolveInfo[Any]) -> frozenset[str]:
    """The names of the fields below this one, as `nodes.product.name`, four levels down.

    Fields of any type that an object may be of are among them, and fields that a directive may leave out.
    """
    return _seen.get(info)


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
