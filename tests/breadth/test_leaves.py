"""A scalar that is written for a whole column is written as it would be one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
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
from hypothesis import example, given
from hypothesis import strategies as st

from breadth import BatchExecutor, of_column
from schema import schema

_datetime: Any = schema._schema.type_map["DateTime"]  # noqa: SLF001 — Strawberry shows it under no other name.
MOMENTS = st.datetimes(timezones=st.just(UTC))


class Odd(int):
    """Of another class than the one that is written together."""


def answers(scalar: GraphQLScalarType, values: Sequence[object]) -> list[ExecutionResult]:
    """What stock execution and levels make of a list of objects, with null in places and without."""
    row = GraphQLObjectType("Row", {"may": GraphQLField(scalar), "must": GraphQLField(GraphQLNonNull(scalar))})
    query = GraphQLObjectType("Query", {"rows": GraphQLField(GraphQLList(row))})
    rows = {"rows": [{"may": value, "must": value} for value in values]}
    document = parse("{ rows { may } again: rows { must } }")
    results = [
        execute(GraphQLSchema(query), document, rows, executor_class=executor)
        for executor in (IncrementalExecutor, BatchExecutor)
    ]
    return [result for result in results if isinstance(result, ExecutionResult)]


@given(st.lists(MOMENTS | st.none()))
@example([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)])
@example([datetime(2026, 11, 24, 12, 30, tzinfo=UTC), None, datetime(999, 1, 1, microsecond=1, tzinfo=UTC)])
def test_moments_are_written_alike(moments: list[datetime | None]) -> None:
    stock, level = answers(_datetime, moments)

    assert level == stock


def whole(columns: list[list[Any]], answer: Any = None) -> GraphQLScalarType:  # noqa: ANN401 — of any type.
    """A scalar that writes numbers as texts, and writes down the columns that it is asked for."""

    def together(values: list[Any]) -> list[Any]:
        columns.append(values)
        return [value if value is None else str(value) for value in values] if answer is None else answer

    @of_column(int, together)
    def alone(value: int) -> str:
        if value == 13:
            message = "Not that one."
            raise ValueError(message)
        return str(value)

    return GraphQLScalarType("Text", serialize=alone)


def test_a_column_of_the_class_is_written_in_one_go() -> None:
    columns: list[list[Any]] = []

    stock, level = answers(whole(columns), [1, 2, 3])

    assert level == stock
    assert columns == [[1, 2, 3]] * 2


def test_a_null_stands_where_it_may() -> None:
    columns: list[list[Any]] = []

    stock, level = answers(whole(columns), [1, None])

    assert level == stock
    assert columns == [[1, None]]


@pytest.mark.parametrize("values", [[1, True], [1, "2"], [1, Odd(2)], [1, 2.5]])
def test_values_of_other_classes_are_written_one_by_one(values: list[object]) -> None:
    columns: list[list[Any]] = []

    stock, level = answers(whole(columns), values)

    assert level == stock
    assert columns == []


@pytest.mark.parametrize("answer", [["1"], ["1", "2", "3"], 7])
def test_a_column_that_is_not_one_value_for_each_is_not_taken(answer: object) -> None:
    stock, level = answers(whole([], answer), [1, 13])

    assert level == stock
    assert [error.path for error in level.errors or ()] == [["rows", 1, "may"], ["again", 1, "must"]]
