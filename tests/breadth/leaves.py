"""Columns of values of one scalar, serialized by both executors."""

from collections.abc import Callable, Sequence
from typing import Any

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


def answers(
    scalar: GraphQLScalarType, values: Sequence[object], batch: Callable[[list[Any]], Sequence[Any]] = list
) -> list[ExecutionResult]:
    """Return the results of stock execution and of execution by batch for a nullable and a non-null field.

    The latter gets the objects as `batch` makes them of a list.
    """
    row = GraphQLObjectType("Row", {"may": GraphQLField(scalar), "must": GraphQLField(GraphQLNonNull(scalar))})
    query = GraphQLObjectType("Query", {"rows": GraphQLField(GraphQLList(row))})
    rows = [{"may": value, "must": value} for value in values]
    document = parse("{ rows { may } again: rows { must } }")
    results = [
        execute(GraphQLSchema(query), document, {"rows": of(rows)}, executor_class=executor)
        for executor, of in ((IncrementalExecutor, list), (BatchExecutor, batch))
    ]
    return [result for result in results if isinstance(result, ExecutionResult)]
