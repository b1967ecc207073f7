"""Columns of values of one scalar, serialized by both executors."""

from collections.abc import Sequence

from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    execute,
    parse,
)
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor


def answers(scalar: GraphQLScalarType, values: Sequence[object]) -> list[ExecutionResult]:
    """Return the results of stock execution and of execution by batch for a nullable and a non-null field."""
    row = GraphQLObjectType("Row", {"may": GraphQLField(scalar), "must": GraphQLField(GraphQLNonNull(scalar))})
    query = GraphQLObjectType("Query", {"rows": GraphQLField(GraphQLList(row))})
    rows = {"rows": [{"may": value, "must": value} for value in values]}
    document = parse("{ rows { may } again: rows { must } }")
    results = [
        execute(GraphQLSchema(query), document, rows, executor_class=executor)
        for executor in (IncrementalExecutor, BatchExecutor)
    ]
    return [result for result in results if isinstance(result, ExecutionResult)]
