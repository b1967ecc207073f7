"""Fields that a selection set selects of a type: fragments are merged, and @skip and @include exclude some."""

from collections.abc import Iterable, Mapping

from graphql import (
    BooleanValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    is_abstract_type,
)

from server.graphql.cost_terms import Variables

_SWITCHES = {"skip": False, "include": True}
"""Directives that exclude a selection, with the value of `if` that includes it."""

Fragments = Mapping[str, FragmentDefinitionNode]


class SelectedFields:
    """Fields for the values of the variables of @skip and @include; `otherwise` says whether unknown ones include."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Fragments, switches: Variables | None, *, otherwise: bool
    ) -> None:
        self._schema, self._fragments = schema, fragments
        self._known, self._otherwise = switches, otherwise
        self.switches: set[str] = set()
        """Variables of @skip and @include."""

    def of(self, of_type: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Mapping[str, list[FieldNode]]:
        """Return the fields that are selected of the type, by response key."""
        fields: dict[str, list[FieldNode]] = {}
        seen: set[str] = set()
        for selections in sets:
            self._collect(of_type, selections, fields, seen)
        return fields

    def different(self, of_type: GraphQLAbstractType, sets: Iterable[SelectionSetNode]) -> Iterable[GraphQLObjectType]:
        """Return one type for each different selection: types that match the same conditions have equal selections."""
        conditions: dict[str, NamedTypeNode] = {}
        seen: set[str] = set()
        waiting = list(sets)
        while waiting:
            for selection in waiting.pop().selections:
                within: InlineFragmentNode | FragmentDefinitionNode | None = None
                if isinstance(selection, InlineFragmentNode):
                    within = selection
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                    seen.add(selection.name.value)
                    within = self._fragments.get(selection.name.value)
                if within is not None:
                    waiting.append(within.selection_set)
                    if within.type_condition is not None:
                        conditions[within.type_condition.name.value] = within.type_condition
        found: dict[frozenset[str], GraphQLObjectType] = {}
        for each in self._schema.get_possible_types(of_type):
            fitting = frozenset(name for name, condition in conditions.items() if self._is_of(each, condition))
            found.setdefault(fitting, each)
        return found.values()

    def _collect(
        self,
        of_type: GraphQLObjectType,
        selections: SelectionSetNode,
        fields: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        """Add the fields that are selected of the type, by response key."""
        for selection in selections.selections:
            if selection.directives and not self._stays(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias or selection.name
                fields.setdefault(key.value, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                if self._is_of(of_type, selection.type_condition):
                    self._collect(of_type, selection.selection_set, fields, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)
                fragment = self._fragments.get(selection.name.value)
                if fragment is not None and self._is_of(of_type, fragment.type_condition):
                    self._collect(of_type, fragment.selection_set, fields, seen)

    def _is_of(self, of_type: GraphQLObjectType, condition: NamedTypeNode | None) -> bool:
        if condition is None or condition.name.value == of_type.name:
            return True
        wanted = self._schema.get_type(condition.name.value)
        return is_abstract_type(wanted) and self._schema.is_sub_type(wanted, of_type)

    def _stays(self, selection: SelectionNode) -> bool:
        """Return whether no @skip or @include excludes the selection."""
        for directive in selection.directives or ():
            stays_by = _SWITCHES.get(directive.name.value)
            if stays_by is None or not directive.arguments:
                continue
            value = directive.arguments[0].value
            if isinstance(value, BooleanValueNode):
                if value.value is not stays_by:
                    return False
            elif isinstance(value, VariableNode):
                name = value.name.value
                self.switches.add(name)
                if self._known is None:
                    if not self._otherwise:
                        return False
                elif self._known.get(name) is (not stays_by):
                    return False
        return True
