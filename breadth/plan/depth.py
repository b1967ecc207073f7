"""Depth of operations, of which Python's recursion limit sets a maximum."""

from collections.abc import Iterable, Mapping
from sys import getrecursionlimit

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

_FRAMES_EACH = 16
"""Maximum number of calls for one level of objects, with some for what calls the executor."""


def is_deep(
    operation: OperationDefinitionNode, definitions: Mapping[str, FragmentDefinitionNode], selection_sets: int
) -> bool:
    """Return whether objects may be nested more deeply than execution by batch can go.

    `selection_sets` is the number of selection sets in the document, of which no path has more.
    """
    limit = getrecursionlimit() // _FRAMES_EACH
    if selection_sets <= limit:
        return False
    level = [operation.selection_set]
    for _ in range(limit):
        level = _below(level, definitions)
    return bool(level)


def _below(
    level: Iterable[SelectionSetNode], definitions: Mapping[str, FragmentDefinitionNode]
) -> list[SelectionSetNode]:
    """Return the selection sets of the fields in these, each once."""
    found: dict[int, SelectionSetNode] = {}
    spread: set[str] = set()
    waiting = [*level]
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in spread and name in definitions:
                    spread.add(name)
                    waiting.append(definitions[name].selection_set)
            elif isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FieldNode) and selection.selection_set is not None:
                found[id(selection.selection_set)] = selection.selection_set
    return list(found.values())
