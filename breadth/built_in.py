"""Scalars of GraphQL's specification, whose functions a program may replace as those of any other."""

from graphql import GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLNamedType, GraphQLString
from graphql.type import scalars

from breadth.values import Value

# The functions themselves: `functools.wraps` gives another one their name and module.
_OWN: dict[GraphQLNamedType, tuple[Value, ...]] = {
    GraphQLString: (scalars.serialize_string, scalars.coerce_string, scalars.parse_string_literal),
    GraphQLID: (scalars.serialize_id, scalars.coerce_id, scalars.parse_id_literal),
    GraphQLBoolean: (scalars.serialize_boolean, scalars.coerce_boolean, scalars.parse_boolean_literal),
    GraphQLInt: (scalars.serialize_int, scalars.coerce_int, scalars.parse_int_literal),
    GraphQLFloat: (scalars.serialize_float, scalars.coerce_float, scalars.parse_float_literal),
}


def is_built_in(of_type: GraphQLNamedType, function: Value) -> bool:
    """Return whether the type is one of these scalars, and the function is one that graphql-core gave it."""
    return any(function is own for own in _OWN.get(of_type, ()))
