"""Values that a scalar serializes together are serialized as one by one."""

from typing import Any

import pytest
from graphql import GraphQLID, GraphQLScalarType, GraphQLString

from breadth import of_column
from tests.breadth.leaves import answers
from tests.breadth.row_batches import Columns


class Odd(int):
    """Of another class than the one that is serialized together."""


def whole(columns: list[list[Any]], answer: Any = None) -> GraphQLScalarType:  # noqa: ANN401 — of any type.
    """Return a scalar that serializes numbers as texts, and notes the columns that it serializes."""

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

    stock, ours = answers(whole(columns), [1, 2, 3])

    assert ours == stock
    assert columns == [[1, 2, 3]] * 2


def test_a_nullable_value_may_be_null() -> None:
    columns: list[list[Any]] = []

    stock, ours = answers(whole(columns), [1, None])

    assert ours == stock
    assert columns == [[1, None]]


@pytest.mark.parametrize("values", [[1, True], [1, "2"], [1, Odd(2)], [1, 2.5]])
def test_values_of_other_classes_are_written_one_by_one(values: list[object]) -> None:
    columns: list[list[Any]] = []

    stock, ours = answers(whole(columns), values)

    assert ours == stock
    assert columns == []


@pytest.mark.parametrize("answer", [["1"], ["1", "2", "3"], 7])
def test_a_column_that_is_not_one_value_for_each_is_not_taken(answer: object) -> None:
    stock, ours = answers(whole([], answer), [1, 13])

    assert ours == stock
    assert [error.path for error in ours.errors or ()] == [["rows", 1, "may"], ["again", 1, "must"]]


@pytest.mark.parametrize("scalar", [GraphQLString, GraphQLID])
@pytest.mark.parametrize(
    "values", [["a", ""], ["a", None], [None, "a"], ["a", 1], [1, "a"], ["a", True], ["a", ["b"]], ["a", KeyError("b")]]
)
def test_a_column_of_texts_is_what_its_texts_are(scalar: GraphQLScalarType, values: list[object]) -> None:
    stock, ours = answers(scalar, values, Columns)

    assert ours == stock


@pytest.mark.parametrize("values", [[1], [13], [1, 13], [13, 1], [1, 13, 2, 13]])
@pytest.mark.parametrize("failure", [StopIteration("no"), ValueError("no")])
def test_a_value_that_is_not_serialized_is_an_error_of_its_own(values: list[int], failure: Exception) -> None:
    calls: list[int] = []

    def serialize(value: int) -> int:
        calls.append(value)
        if value == 13:
            raise failure
        return value

    results = answers(GraphQLScalarType("Number", serialize=serialize), values)

    assert results[1] == results[0]
    assert len(results[1].errors or ()) == 2 * values.count(13)
    if isinstance(failure, ValueError):
        # Each of two fields for each of two executors, and no value twice.
        assert sorted(calls) == sorted(values * 4)


def test_texts_that_stop_an_iteration_are_errors_of_their_own() -> None:
    class Unknown:
        def __str__(self) -> str:
            return next(iter(()))

    stock, ours = answers(GraphQLID, ["a", Unknown(), "b"])

    assert ours == stock
