"""Weights of arguments, where a request gives them: filters and orders that read many rows, and items."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import NamedTuple

from graphql import (
    EnumValueNode,
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from schema import lengths, weights
from server.graphql import cost_terms
from server.graphql.cost_terms import Term, constant, varying


def of_field(parent: GraphQLObjectType, node: FieldNode, field: GraphQLField, *, times: int) -> list[Term]:
    """Return the parts that a field's arguments add, those of a list's filter so many times."""
    found: list[Term] = []
    for argument in node.arguments or ():
        name = argument.name.value
        weight = weights.ARGUMENT_WEIGHTS.get(f"{parent.name}.{node.name.value}.{name}")
        if weight is not None:
            found.append(_of_field(argument.value, _Weight(weights.parts(weight))))
        definition = field.args.get(name)
        if times > 1 and name == weights.FILTER:
            found.append(_of_field(argument.value, _Weight(weights.filtered_total_parts_of(parent, node.name.value))))
        weighed = {} if definition is None else _weighed(get_named_type(definition.type))
        if weighed:
            found += [
                term if times == 1 or name != weights.FILTER else cost_terms.product(cost_terms.constant(times), term)
                for term in _of_value(argument.value, weighed)
            ]
    return found


class _Weight(NamedTuple):
    """Parts that an input's field adds, for each entry if these count."""

    parts: int
    entries_max: int | None = None
    of_enum: bool = False
    values: Mapping[str, int] = {}
    """Parts that values of the enum add."""
    default: Sequence[str] | None = None
    """Values of the enum that the field has if it is not given, which add nothing: variables have it in any case."""
    fields: Mapping[str, "_Weight"] = {}
    """Weights of the fields of each entry."""

    @property
    def highest(self) -> int:
        """Return the most parts that it can add."""
        each = self.parts + sum(field.highest for field in self.fields.values())
        return each * (self.entries_max or 1) + sum(self.values.values())

    def of(self, value: object) -> int:
        """Return the parts that a value adds; more entries than a list may have are refused without work."""
        if value is None:
            return 0
        if self.entries_max is not None and isinstance(value, list):
            counted = value[: self.entries_max]
            of_fields = sum(_of_object(entry, self.fields) for entry in counted) if self.fields else 0
            return self.parts * len(counted) + of_fields
        if not self.of_enum:
            return self.parts
        names = _names(value)
        # No row has one of no values, and none is read.
        if not names or names == self.default:
            return 0
        return self.parts + sum(self.values.get(name, 0) for name in names)


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
    if isinstance(value, NullValueNode):
        return constant(weight.of(None))
    if isinstance(value, ListValueNode):
        entries: Sequence[ValueNode] = value.values
        whole = constant(weight.of([_written(each) for each in entries]))
    else:
        entries = [value]
        whole = constant(weight.of(_written(value)))
    if not weight.fields:
        return whole
    counted = entries[: weight.entries_max]
    return cost_terms.total([whole, *(term for each in counted for term in _of_value(each, weight.fields))])


def _written(value: ValueNode) -> str:
    return value.value if isinstance(value, EnumValueNode) else ""


def _names(value: object) -> list[str]:
    """Return the names of an enum's value or values."""
    return [
        each.name if isinstance(each, Enum) else str(each) for each in (value if isinstance(value, list) else [value])
    ]


def _of_object(value: object, weighed: Mapping[str, _Weight]) -> int:
    if not isinstance(value, Mapping):
        return 0
    return sum(weighed[name].of(given) for name, given in value.items() if name in weighed)


@cache
def _weighed(of_type: object) -> Mapping[str, _Weight]:
    """Return the weights of the input's fields that have one."""
    if not isinstance(of_type, GraphQLInputObjectType):
        return {}
    found: dict[str, _Weight] = {}
    for name, field in of_type.fields.items():
        weight = weights.INPUT_WEIGHTS.get(f"{of_type.name}.{name}")
        parts, named = weights.parts(weight or "0"), get_named_type(field.type)
        if isinstance(named, GraphQLEnumType):
            values = _of_values(named)
            default = None if field.default_value in (None, Undefined) else _names(field.default_value)
            each = _Weight(parts, of_enum=True, values=values, default=default)
        elif is_list_type(get_nullable_type(field.type)):
            entries_max = lengths.business(f"{of_type.name}.{name}") or lengths.ENTRIES_MAX
            each = _Weight(parts, entries_max, fields=_weighed(named))
        else:
            each = _Weight(parts)
        if each.highest:
            found[name] = each
    return found


def _of_values(of_type: GraphQLEnumType) -> Mapping[str, int]:
    """Return the parts of the enum's values that have a weight."""
    found = {name: weights.VALUE_WEIGHTS.get(f"{of_type.name}.{name}") for name in of_type.values}
    return {name: weights.parts(weight) for name, weight in found.items() if weight is not None}
