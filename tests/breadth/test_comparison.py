"""The comparison of two results finds what differs, and nothing that the specification leaves open."""

import pytest
from graphql import ExecutionResult, GraphQLError

from tests.breadth.comparison import differences


def result(data: object, *paths: str, message: str = "no") -> ExecutionResult:
    errors = [GraphQLError(message, path=path.split(".")) for path in paths]
    return ExecutionResult(data, errors or None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (result({"a": 1}), result({"a": 1})),
        (result({"a": None}, "a.b"), result({"a": None}, "a.b", "a.c")),
        (result(None, "c"), result(None, "a.b", "c")),
    ],
)
def test_more_errors_for_the_same_null_are_as_good(expected: ExecutionResult, actual: ExecutionResult) -> None:
    assert not differences(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (result({"a": 1}), result({"a": 2})),
        (result({"a": 1}), result({"a": True})),
        (result({"a": 1, "b": 2}), result({"b": 2, "a": 1})),
        (result({"a": None}), result({"a": None}, "a")),
        (result({"a": None}, "a"), result({"a": None})),
        (result({"a": None, "b": None}, "a"), result({"a": None, "b": None}, "b")),
        (result({"a": None}, "a", message="no"), result({"a": None}, "a", message="never")),
        (result({"a": None}, "a.b"), result({"a": None}, "a.c")),
        (result({"a": None}, "a.b", "a.c"), result({"a": None}, "a.c")),
        (result(None, "a.b"), result(None, "c")),
        (result({"a": None}, "a.b"), result({"a": None}, "a.b", "a.b")),
    ],
)
def test_any_other_difference_is_found(expected: ExecutionResult, actual: ExecutionResult) -> None:
    assert differences(expected, actual)


def test_an_error_that_is_not_possible_is_found() -> None:
    told = result({"a": None}, "a.b")

    assert differences(told, result({"a": None}, "a.c"), possible=told.errors)
