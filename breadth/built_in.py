"""Scalars of GraphQL's specification, whose functions a program may replace as those of any other."""

from graphql import GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLNamedType, GraphQLString
from graphql.type import scalars

from breadth.values import Value

_BUILT_IN = (GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat)


def is_built_in(of_type: GraphQLNamedType, function: Value) -> bool:
    """Return whether the type is one of these scalars, and the function of it is graphql-core's own."""
    return of_type in _BUILT_IN and getattr(function, "__module__", None) == scalars.__name__
