"""Cost of introspection: what an operation selects of the schema's description, counted with the schema's true sizes.

Average sizes would be too low: a request can name the largest types, each of them several times.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import (
    FieldNode,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    StringValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_type,
)
from graphql.type import GraphQLArgument, GraphQLInputField

from domain.limits import CostExceeded
from schema import weights
from server.graphql.selected_fields import SelectedFields

VALUES_MAX = 100_000
"""Maximum number of introspected values: tools select 14,000, and introspection needs no token."""

INTROSPECTION = frozenset({"__schema", "__type"})
"""Fields of the root that describe the schema."""

_OBJECT = weights.parts(weights.INTROSPECTED_OBJECT)

_Below = Callable[[GraphQLSchema, Any], Iterable[object]]
_BELOW: Mapping[str, Mapping[str, _Below]] = {
    "__Directive": {"args": lambda _, of: of.args.values(), "locations": lambda _, of: of.locations},
    "__Field": {"args": lambda _, of: of.args.values(), "type": lambda _, of: (of.type,)},
    "__InputValue": {"type": lambda _, of: (of.type,)},
    "__Schema": {
        "directives": lambda _, of: of.directives,
        "mutationType": lambda _, of: _some(of.mutation_type),
        "queryType": lambda _, of: _some(of.query_type),
        "subscriptionType": lambda _, of: _some(of.subscription_type),
        "types": lambda _, of: of.type_map.values(),
    },
    "__Type": {
        "enumValues": lambda _, of: of.values.values() if isinstance(of, GraphQLEnumType) else (),
        "fields": lambda _, of: of.fields.values() if isinstance(of, GraphQLObjectType | GraphQLInterfaceType) else (),
        "inputFields": lambda _, of: of.fields.values() if isinstance(of, GraphQLInputObjectType) else (),
        "interfaces": lambda _, of: getattr(of, "interfaces", ()),
        "ofType": lambda _, of: _some(getattr(of, "of_type", None)),
        "possibleTypes": lambda schema, of: schema.get_possible_types(of) if is_abstract_type(of) else (),
    },
}
"""What has the objects of fields that have some, by type and field; deprecated ones count though few ask for them."""

_LARGEST_BY = (
    ("enumValues",),
    ("fields",),
    ("fields", "args"),
    ("fields", "args", "type", "ofType", "inputFields"),
    ("fields", "type", "ofType", "fields"),
    ("inputFields",),
    ("inputFields", "type", "enumValues"),
    ("interfaces",),
    ("possibleTypes", "fields"),
)
"""Paths below a type: one whose name is in a variable costs as the dearest of those with most objects at these."""


@dataclass(slots=True)
class Counted:
    """Numbers of what is selected, and its points in the parts of `schema.weights`."""

    objects: int = 0
    values: int = 0
    parts: int = 0
    fields: int = 0
    """Number of fields that are planned, each once for each field above it."""


class IntrospectionCosts:
    """Counts of one operation's introspection."""

    def __init__(self, schema: GraphQLSchema, selected: SelectedFields) -> None:
        self._schema, self._selected = schema, selected
        self._values = 0
        """Number of all values; above the maximum they are not counted to the end."""
        self._left = 0
        self._roots: dict[object, _Objects] = {}

    def of(self, of_type: GraphQLObjectType, nodes: Sequence[FieldNode]) -> Counted:
        """Count what is selected below `__schema` or `__type`; of a name in a variable, the dearest type counts."""
        most = Counted()
        for root in self._described(nodes[0]):
            self._left = VALUES_MAX - self._values
            counted = self._below(of_type, nodes, self._root(root))
            counted.objects += 1
            counted.parts += _OBJECT
            most = max(most, counted, key=lambda each: each.parts)
            if self._left < 0:
                break
        self._values += most.values
        return most

    def complaint(self) -> CostExceeded | None:
        """Return the error of too many values; None if they are not."""
        if self._values <= VALUES_MAX:
            return None
        message = (
            f"This operation could select more than {VALUES_MAX:,} values of the schema's description. "
            "Select fewer fields."
        )
        return CostExceeded(message, maxValues=VALUES_MAX)

    def _described(self, node: FieldNode) -> Iterable[object]:
        """Return the objects that a field may describe."""
        if node.name.value == "__schema":
            return [self._schema]
        value = next((each.value for each in node.arguments or () if each.name.value == "name"), None)
        if isinstance(value, VariableNode):
            return _description(self._schema).largest
        found = self._schema.get_type(value.value) if isinstance(value, StringValueNode) else None
        return _some(found)

    def _root(self, of: object) -> "_Objects":
        number = _description(self._schema).number(of)
        return self._roots.setdefault(number, _Objects({number: 1}, 1))

    def _below(self, of_type: GraphQLObjectType, nodes: Sequence[FieldNode], objects: "_Objects") -> Counted:
        """Count what is selected of each of the objects, as long as it is not too much."""
        fields = self._selected.of(of_type, [node.selection_set for node in nodes if node.selection_set is not None])
        found, times = Counted(fields=len(fields)), objects.times
        for same in fields.values():
            name = same[0].name.value
            definition = self._schema.get_field(of_type, name)
            if definition is None or self._left < 0:
                continue
            found.parts += times * weights.parts_of(of_type, name, definition)
            if name not in _BELOW.get(of_type.name, {}):
                found.values += times
                self._left -= times
                continue
            inner = objects.below(_description(self._schema), name)
            named = get_named_type(definition.type)
            if not isinstance(named, GraphQLObjectType):
                found.values += inner.times
                self._left -= inner.times
                continue
            below = self._below(named, same, inner)
            found.objects += inner.times + below.objects
            found.values += below.values
            found.parts += inner.times * _OBJECT + below.parts
            found.fields += below.fields
        return found


@dataclass(slots=True)
class _Objects:
    """Objects of the description by their numbers, with how many times each is selected."""

    numbers: Mapping[int, int]
    times: int
    """The sum of them."""
    _below: dict[str, "_Objects"] = field(default_factory=dict)

    def below(self, description: "_Description", name: str) -> "_Objects":
        """Return the objects that a field of these has."""
        found = self._below.get(name)
        if found is None:
            numbers: dict[int, int] = {}
            of_field = description.below[name]
            for number, times in self.numbers.items():
                for each in of_field.get(number, ()):
                    numbers[each] = numbers.get(each, 0) + times
            found = self._below[name] = _Objects(numbers, sum(numbers.values()))
        return found


class _Description:
    """Objects of a schema's description, numbered."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._numbers: dict[object, int] = {}
        self.below: Mapping[str, dict[int, Sequence[int]]] = {name: {} for each in _BELOW.values() for name in each}
        """Numbers of the objects below others, by the field that has them."""
        waiting: list[object] = [schema]
        seen: set[int] = set()
        while waiting:
            of = waiting.pop()
            number = self.number(of)
            if number not in seen:
                seen.add(number)
                for name, found in _BELOW.get(_type_of(of), {}).items():
                    objects = list(found(schema, of))
                    self.below[name][number] = [self.number(each) for each in objects]
                    waiting += objects
        types = schema.type_map.values()
        self.largest: Sequence[object] = list(
            dict.fromkeys(max(types, key=lambda each: self._times(each, path)) for path in _LARGEST_BY)
        )
        """Types of which one is the dearest by most selections."""

    def number(self, of: object) -> int:
        """Return an object's number; equal types, such as the lists of one type, have the same."""
        return self._numbers.setdefault(str(of) if is_type(of) else id(of), len(self._numbers))

    def _times(self, of: object, path: Sequence[str]) -> int:
        objects = _Objects({self.number(of): 1}, 1)
        for name in path:
            objects = objects.below(self, name)
        return objects.times


@cache
def _description(schema: GraphQLSchema) -> _Description:
    return _Description(schema)


def _type_of(of: object) -> str:
    """Return the name of the type that an object of the description has; empty if nothing is below it."""
    match of:
        case GraphQLSchema():
            return "__Schema"
        case GraphQLField():
            return "__Field"
        case GraphQLArgument() | GraphQLInputField():
            return "__InputValue"
        case GraphQLDirective():
            return "__Directive"
        case _:
            return "__Type" if is_type(of) else ""


def _some(of: object) -> Sequence[object]:
    return () if of is None else (of,)
