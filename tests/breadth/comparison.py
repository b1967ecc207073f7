"""Whether two executions of one request answered equally, as far as the specification says how to answer.

An executor may stop at the first error that nulls an object, or go on: all errors of stock execution have to be among
those of the other one, which may have more of them, for what is null in both.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

Position = tuple[str | int, ...]


def differences(
    expected: ExecutionResult, actual: ExecutionResult, *, possible: Sequence[GraphQLError] | None = None
) -> list[str]:
    """Sentences about all that the actual result should not be; `possible` are all errors that may occur."""
    if _written(expected.data) != _written(actual.data):
        return [f"The data is {actual.data}, and not {expected.data}."]
    if expected.data is None and all(error.path is None for error in expected.errors or ()):
        equal = list(map(_facts, expected.errors or ())) == list(map(_facts, actual.errors or ()))
        return [] if equal else [f"The request is refused with {actual.errors}, and not with {expected.errors}."]
    found: list[str] = []
    wanted, given = _by_position(expected), _by_position(actual)
    for position in wanted | given:
        found.extend(_different(position, wanted.get(position, []), given.get(position, [])))
    if possible is not None:
        allowed = [_facts(error) for error in possible]
        found.extend(f"Stock has no {error!r}." for error in actual.errors or () if _facts(error) not in allowed)
    return found


def _written(data: Any) -> str:  # noqa: ANN401 — JSON of any kind.
    # Stock execution leaves an undefined value that a scalar gives later as it is.
    return json.dumps(data, default=repr)


def _different(position: Position, wanted: list[GraphQLError], given: list[GraphQLError]) -> Iterator[str]:
    if not wanted:
        yield f"{position} has an error that is none: {_told(given)}."
    facts = list(map(_facts, given))
    for error in wanted:
        if _facts(error) not in facts:
            yield f"An error at {position} is missing: {_told([error])}; there is {_told(given)}."
    for index, error in enumerate(given):
        if _facts(error) in facts[:index]:
            yield f"An error occurs twice: {_told([error])}."


def _by_position(result: ExecutionResult) -> dict[Position, list[GraphQLError]]:
    """The errors by the place that is null because of them."""
    found: dict[Position, list[GraphQLError]] = {}
    for error in result.errors or ():
        found.setdefault(nulled(result.data, error), []).append(error)
    return found


def nulled(data: Any, error: GraphQLError) -> Position:  # noqa: ANN401 — JSON of any kind.
    """The place that is null because of the error: as much of its path as there is."""
    path = error.path or []
    for depth, key in enumerate(path):
        if data is None:
            return tuple(path[:depth])
        data = data[key]
    return tuple(path)


def _facts(error: GraphQLError) -> tuple[object, ...]:
    return error.message, error.locations, error.path, error.extensions, type(error.original_error)


def _told(errors: Sequence[GraphQLError]) -> str:
    return ", ".join(f"{error.path}: {error.message!r} at {error.locations}" for error in errors)
