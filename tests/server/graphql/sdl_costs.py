"""Costs by the SDL alone: a second, plain evaluator of its directives, with which the portal's must agree."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from fractions import Fraction
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
    value_from_ast_untyped,
)
from graphql.type import get_nullable_type

Variables = Mapping[str, Any]


class SdlCosts:
    """Costs of documents by the directives of an SDL."""

    def __init__(self, sdl: str) -> None:
        self.schema: GraphQLSchema = build_schema(sdl)
        assert self.schema.ast_node is not None
        self._scalar = Fraction(_arguments(self.schema.ast_node.directives, "scalarCost")["weight"])
        switched = _arguments(self.schema.ast_node.directives, "switchedCost")
        self._switched, self._free = Fraction(switched["weight"]), switched["free"]

    def points(self, document: DocumentNode, variables: Variables) -> Fraction:
        """Return the points of a document's only operation."""
        (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        root = self.schema.get_root_type(operation.operation)
        assert root is not None
        self._has_switches = False
        found = self._below(root, [operation.selection_set], fragments, variables, {})
        fields = self._planned(root, [operation.selection_set], fragments, variables)
        of_root = _arguments(root.ast_node.directives if root.ast_node else (), "cost").get("weight", "0")
        return Fraction(of_root) + found + (self._switched * max(0, fields - self._free) if self._has_switches else 0)

    def _planned(
        self,
        parent: GraphQLObjectType,
        sets: Iterable[SelectionSetNode],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Variables,
    ) -> int:
        """Return the number of fields that are selected, however many objects have them."""
        merged = self._merged(parent, sets, fragments, variables)
        total = len(merged)
        for nodes in merged.values():
            below = [node.selection_set for node in nodes if node.selection_set]
            if below:
                named = get_named_type(parent.fields[nodes[0].name.value].type)
                possible = [named] if isinstance(named, GraphQLObjectType) else self.schema.get_possible_types(named)
                total += max(self._planned(each, below, fragments, variables) for each in possible)
        return total

    def _merged(
        self,
        parent: GraphQLObjectType,
        sets: Iterable[SelectionSetNode],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Variables,
    ) -> Mapping[str, list[FieldNode]]:
        merged: dict[str, list[FieldNode]] = {}
        for selections in sets:
            for node in self._fields(parent, selections, fragments, variables):
                merged.setdefault((node.alias or node.name).value, []).append(node)
        return merged

    def _below(
        self,
        parent: GraphQLObjectType,
        sets: Iterable[SelectionSetNode],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Variables,
        sized: Mapping[str, int],
        *,
        of_total: str | None = None,
    ) -> Fraction:
        """Return the points of what is selected of one object.

        Of a connection, `sized` are the sizes of its lists, and `of_total` the weight of `totalCount` by its field.
        """
        total = Fraction(0)
        merged = self._merged(parent, sets, fragments, variables)
        for nodes in merged.values():
            name = nodes[0].name.value
            if name == "__typename":
                total += self._scalar
                continue
            field = parent.fields[name]
            given = {
                each.name.value: value_from_ast_untyped(each.value, dict(variables))
                for each in nodes[0].arguments or ()
            }
            if parent is not self.schema.subscription_type:
                named = get_named_type(field.type)
                below = [node.selection_set for node in nodes if node.selection_set]
                found = {
                    each[0].name.value
                    for each in (
                        self._merged(named, below, fragments, variables) if isinstance(named, GraphQLObjectType) else {}
                    ).values()
                }
                for argument, value in given.items():
                    again = _arguments(_directives(field.args[argument]), "readAgain")
                    is_counted = bool(found & set(again.get("fields", ())))
                    added = _input_weight(field, argument, value) + _order_weight(field, argument, value, given)
                    total += added * (2 if is_counted else 1)
                    if is_counted and value not in (None, Undefined):
                        total += Fraction(again.get("weight") or "0")
            directives = field.ast_node.directives if field.ast_node else ()
            weight, sizes = _arguments(directives, "cost").get("weight"), _arguments(directives, "listSize")
            if name in {"totalCount", "totalCountIsExact"}:
                weight = of_total or weight
            read_with = _arguments(directives, "readWith").get("field")
            if read_with in {each[0].name.value for each in merged.values()}:
                weight = None
            size = _size(sizes, given) if sizes else sized.get(name, 1)
            named = get_named_type(field.type)
            if not is_composite_type(named):
                total += (self._scalar if weight is None else Fraction(weight)) * (
                    size if is_list_type(get_nullable_type(field.type)) else 1
                )
                continue
            inside = dict.fromkeys(sizes.get("sizedFields", ()), size)
            possible = [named] if isinstance(named, GraphQLObjectType) else self.schema.get_possible_types(named)
            below = [node.selection_set for node in nodes if node.selection_set]
            counted = _arguments(directives, "totalCost").get("weight")
            inner = max(self._below(each, below, fragments, variables, inside, of_total=counted) for each in possible)
            total += (Fraction(1) if weight is None else Fraction(weight)) + (1 if inside else size) * inner
        return total

    def _fields(
        self,
        parent: GraphQLObjectType,
        selections: SelectionSetNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Variables,
    ) -> Iterator[FieldNode]:
        for selection in selections.selections:
            if not self._stays(selection, variables):
                continue
            if isinstance(selection, FieldNode):
                yield selection
                continue
            if isinstance(selection, FragmentSpreadNode):
                within: FragmentDefinitionNode | InlineFragmentNode = fragments[selection.name.value]
            else:
                assert isinstance(selection, InlineFragmentNode)
                within = selection
            condition = within.type_condition
            if condition is None or parent in self._possible(condition.name.value):
                yield from self._fields(parent, within.selection_set, fragments, variables)

    def _stays(self, selection: SelectionNode, variables: Variables) -> bool:
        for directive in selection.directives or ():
            given = (directive.arguments or ())[0].value
            self._has_switches = self._has_switches or isinstance(given, VariableNode)
            if value_from_ast_untyped(given, dict(variables)) is not (directive.name.value == "include"):
                return False
        return True

    def _possible(self, name: str) -> Iterable[object]:
        of_type = self.schema.type_map[name]
        return self.schema.get_possible_types(of_type) if is_abstract_type(of_type) else [of_type]


def _input_weight(field: GraphQLField, argument: str, value: object) -> Fraction:
    of_type, node = get_named_type(field.args[argument].type), field.args[argument].ast_node
    total = Fraction(0)
    if value is not None and node is not None:
        total += Fraction(_arguments(node.directives, "cost").get("weight", "0"))
    return total + (_object_weight(of_type, value) if isinstance(of_type, GraphQLInputObjectType) else 0)


def _object_weight(of_type: GraphQLInputObjectType, value: object) -> Fraction:
    """Return the weights of an input object's fields, and of those of the entries of its lists."""
    total = Fraction(0)
    if not isinstance(value, Mapping):
        return total
    for name, given in of_type.fields.items():
        if value.get(name) not in (None, []) and given.ast_node is not None and not _is_default(value[name], given):
            weight = Fraction(_arguments(given.ast_node.directives, "cost").get("weight", "0"))
            named, entries = get_named_type(given.type), value[name] if isinstance(value[name], list) else [value[name]]
            total += weight * (1 if isinstance(named, GraphQLEnumType) else len(entries))
            if isinstance(named, GraphQLEnumType):
                total += sum(_value_weight(named, each) for each in _values_of(value[name]))
            elif isinstance(named, GraphQLInputObjectType) and is_list_type(get_nullable_type(given.type)):
                total += sum(_object_weight(named, each) for each in entries)
    return total


def _values_of(value: object) -> Iterable[str]:
    """Return the names of a value or of a list's values."""
    values = value if isinstance(value, list) else [value]
    return [each.name if isinstance(each, Enum) else str(each) for each in values]


def _value_weight(of_type: GraphQLEnumType, name: str) -> Fraction:
    node = of_type.values[name].ast_node
    return Fraction(_arguments(node.directives if node else (), "valueCost").get("weight", "0"))


def _order_weight(field: GraphQLField, argument: str, value: object, given: Mapping[str, object]) -> Fraction:
    of_type = get_named_type(field.args[argument].type)
    if "sort" not in field.args or not isinstance(of_type, GraphQLInputObjectType) or not isinstance(value, Mapping):
        return Fraction(0)
    sort = get_named_type(field.args["sort"].type)
    assert isinstance(sort, GraphQLInputObjectType)
    by = sort.fields["by"].ast_node
    assert by is not None
    assert by.default_value is not None
    chosen = given["sort"].get("by") if isinstance(given.get("sort"), Mapping) else None  # type: ignore[attr-defined]  # A mapping.
    key = value_from_ast_untyped(by.default_value) if chosen in (None, Undefined) else chosen
    return sum(
        (
            Fraction(each["weight"])
            for name, defined in of_type.fields.items()
            if value.get(name) not in (None, Undefined, [])
            for each in _all_arguments(_directives(defined), "orderCost")
            if each["by"] == key
        ),
        Fraction(0),
    )


def _is_default(value: object, given: GraphQLInputField) -> bool:
    default = given.ast_node.default_value if given.ast_node else None
    if default is None:
        return False
    return value_from_ast_untyped(default) in (value, [value])


def _size(sizes: Mapping[str, Any], given: Mapping[str, Any]) -> int:
    """Return the size of a list by its directive and the arguments."""
    found = [given[name] for name in sizes.get("slicingArguments", ()) if given.get(name) is not None]
    counted = [len(each) if isinstance(each, list) else each for each in found]
    size: int = max(counted) if counted else sizes.get("assumedSize", 0)
    return size


def _directives(definition: GraphQLArgument | GraphQLInputField) -> Iterable[ConstDirectiveNode]:
    return (definition.ast_node.directives if definition.ast_node else ()) or ()


def _arguments(directives: Iterable[ConstDirectiveNode] | None, name: str) -> dict[str, Any]:
    return next(_all_arguments(directives, name), {})


def _all_arguments(directives: Iterable[ConstDirectiveNode] | None, name: str) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each directive of that name, which may be repeated."""
    for directive in directives or ():
        if directive.name.value == name:
            yield {each.name.value: value_from_ast_untyped(each.value) for each in directive.arguments or ()}
