"""Weights of arguments, where a request gives them: filters that read many rows, and items of bulk mutations."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from schema import weights
from schema.lengths import ENTRIES_MAX
from server.graphql.cost_terms import Term, constant, varying


def of_field(node: FieldNode, field: GraphQLField) -> list[Term]:
    """Return the parts that a field's arguments add."""
    found: list[Term] = []
    for argument in node.arguments or ():
        definition = field.args.get(argument.name.value)
        weighed = {} if definition is None else _weighed(get_named_type(definition.type))
        if weighed:
            found += _of_value(argument.value, weighed)
    return found


class _Weight(NamedTuple):
    """Parts that an input's field adds, and how many entries it can have: 1 unless it is a list."""

    parts: int
    entries_max: int

    @property
    def highest(self) -> int:
        """Return the most parts that it can add."""
        return self.parts * self.entries_max

    def of(self, value: object) -> int:
        """Return the parts that a value adds; more entries than a list may have are refused before use."""
        return self.parts * (len(value) if isinstance(value, list) else int(value is not None))


def _of_value(value: ValueNode, weighed: Mapping[str, _Weight]) -> list[Term]:
    """Return the parts of an input object's fields."""
    if isinstance(value, VariableNode):
        name = value.name.value
        highest = sum(weight.highest for weight in weighed.values())
        return [varying(0, highest, lambda variables: _of_object(variables.get(name), weighed))]
    if not isinstance(value, ObjectValueNode):
        return []
    return [_of_field(field.value, weighed[field.name.value]) for field in value.fields if field.name.value in weighed]


def _of_field(value: ValueNode, weight: _Weight) -> Term:
    if isinstance(value, VariableNode):
        name = value.name.value
        return varying(0, weight.highest, lambda variables: weight.of(variables.get(name)))
    if isinstance(value, ListValueNode):
        return constant(weight.parts * min(len(value.values), weight.entries_max))
    return constant(0 if isinstance(value, NullValueNode) else weight.parts)


def _of_object(value: object, weighed: Mapping[str, _Weight]) -> int:
    if not isinstance(value, Mapping):
        return 0
    return sum(weight.of(value.get(name)) for name, weight in weighed.items())


@cache
def _weighed(of_type: object) -> Mapping[str, _Weight]:
    """Return the weights of the input's fields that have one."""
    if not isinstance(of_type, GraphQLInputObjectType):
        return {}
    found: dict[str, _Weight] = {}
    for name, field in of_type.fields.items():
        weight = weights.INPUT_WEIGHTS.get(f"{of_type.name}.{name}")
        if weight is not None:
            many = is_list_type(get_nullable_type(field.type))
            found[name] = _Weight(weights.parts(weight), ENTRIES_MAX if many else 1)
    return found
