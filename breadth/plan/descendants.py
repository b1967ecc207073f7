"""Descendants of fields: what a document may select below them, which is found without a plan."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import does_fragment_condition_match

from breadth.plan.schema_field import SchemaField

FieldOf = Callable[[GraphQLObjectType, str], SchemaField | None]
"""Returns the field of a type by its name."""

_Key = tuple[GraphQLObjectType, int]
"""A type and the id of a selection set of it."""


class Descendants:
    """Answers of an operation, each of which is found once for a selection set and the type that it is of."""

    __slots__ = ("_definitions", "_field_of", "_schema", "_shareable")

    def __init__(
        self, schema: GraphQLSchema, definitions: Mapping[str, FragmentDefinitionNode], field_of: FieldOf
    ) -> None:
        """Begin with no answers."""
        self._schema, self._definitions, self._field_of = schema, definitions, field_of
        self._shareable: dict[_Key, bool] = {}

    def shareable(self, of_type: GraphQLObjectType, selection_sets: Iterable[SelectionSetNode]) -> bool:
        """Return whether nothing in these, or below, may be resolved for one object at a time or is of several types.

        A field counts even if a directive leaves it out.
        """
        return all(self._is_shareable(of_type, each) for each in selection_sets)

    def _is_shareable(self, of_type: GraphQLObjectType, selection_set: SelectionSetNode) -> bool:
        first = of_type, id(selection_set)
        if first not in self._shareable:
            self._look_from(first, selection_set)
        return self._shareable[first]

    def _look_from(self, first: _Key, selection_set: SelectionSetNode) -> None:
        """Look at each selection set once: fragments may double the paths to it at each level, and be a long chain."""
        above: dict[_Key, list[_Key]] = {first: []}
        waiting = [(first, selection_set)]
        unshareable: list[_Key] = []
        while waiting:
            key, selections = waiting.pop()
            for below in self._below(key[0], selections):
                if below is None:
                    unshareable.append(key)
                    break
                found = below[0], id(below[1])
                known = self._shareable.get(found)
                if known is None:
                    if found not in above:
                        above[found] = []
                        waiting.append((found, below[1]))
                    above[found].append(key)
                elif not known:
                    unshareable.append(key)
        excluded: set[_Key] = set()
        while unshareable:
            key = unshareable.pop()
            if key not in excluded:
                excluded.add(key)
                unshareable += above[key]
        self._shareable.update((key, key not in excluded) for key in above)

    def _below(
        self, of_type: GraphQLObjectType, selection_set: SelectionSetNode
    ) -> Iterator[tuple[GraphQLObjectType, SelectionSetNode] | None]:
        """Yield the selection sets within, with their types; None for a field that can't be shared."""
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                field = self._field_of(of_type, selection.name.value)
                inner = None if field is None else get_named_type(field.definition.type)
                if field is None or inner is None:
                    continue
                may_repeat = field.resolution.shareable and not field.resolution.calls
                if not may_repeat or not (is_leaf_type(inner) or isinstance(inner, GraphQLObjectType)):
                    yield None
                elif isinstance(inner, GraphQLObjectType) and selection.selection_set is not None:
                    yield inner, selection.selection_set
            elif isinstance(selection, InlineFragmentNode):
                if does_fragment_condition_match(self._schema, selection, of_type):
                    yield of_type, selection.selection_set
            elif isinstance(selection, FragmentSpreadNode):
                definition = self._definitions.get(selection.name.value)
                if definition is not None and does_fragment_condition_match(self._schema, definition, of_type):
                    yield of_type, definition.selection_set
