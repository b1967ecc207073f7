"""Weights of arguments: filters that read many rows, where a request gives them."""

from collections.abc import Mapping
from functools import cache

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from schema import weights
from server.graphql.cost_terms import Term, Variables, constant, varying


def of_field(node: FieldNode, field: GraphQLField) -> list[Term]:
    """Return the parts that a field's arguments add."""
    found: list[Term] = []
    for argument in node.arguments or ():
        definition = field.args.get(argument.name.value)
        weighed = {} if definition is None else _weighed(get_named_type(definition.type))
        if weighed:
            found += _of_value(argument.value, weighed)
    return found


def _of_value(value: ValueNode, weighed: Mapping[str, int]) -> list[Term]:
    """Return the parts of an input object's fields."""
    if isinstance(value, VariableNode):
        name = value.name.value
        return [varying(0, sum(weighed.values()), lambda variables: _given(variables.get(name), weighed))]
    if not isinstance(value, ObjectValueNode):
        return []
    return [_if_given(field.value, weighed[field.name.value]) for field in value.fields if field.name.value in weighed]


def _if_given(value: ValueNode, weight: int) -> Term:
    if isinstance(value, VariableNode):
        name = value.name.value

        def found(variables: Variables) -> int:
            return 0 if variables.get(name) is None else weight

        return varying(0, weight, found)
    return constant(0 if isinstance(value, NullValueNode) else weight)


def _given(value: object, weighed: Mapping[str, int]) -> int:
    if not isinstance(value, Mapping):
        return 0
    return sum(weight for name, weight in weighed.items() if value.get(name) is not None)


@cache
def _weighed(of_type: object) -> Mapping[str, int]:
    """Return the parts of the input's fields that have a weight."""
    if not isinstance(of_type, GraphQLInputObjectType):
        return {}
    coordinates = {name: f"{of_type.name}.{name}" for name in of_type.fields}
    return {
        name: weights.parts(weights.INPUT_WEIGHTS[coordinate])
        for name, coordinate in coordinates.items()
        if coordinate in weights.INPUT_WEIGHTS
    }
