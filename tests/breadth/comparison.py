"""Whether two executions of one request answered equally, as far as the specification tells how to answer.

Several errors may be the reason why one place is null, and an executor may tell any of them: stock execution tells
the one that came first, and whatever happened further down before it came.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLError

Position = tuple[str | int, ...]


def differences(
    expected: ExecutionResult, actual: ExecutionResult, *, possible: Sequence[GraphQLError] | None = None
) -> list[str]:
    """Sentences about all that the actual result should not be; `possible` are all the errors that can be told."""
    if json.dumps(expected.data) != json.dumps(actual.data):
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
        found.extend(f"Nobody said {error!r}." for error in actual.errors or () if _facts(error) not in allowed)
    return found


def _different(position: Position, wanted: list[GraphQLError], given: list[GraphQLError]) -> Iterator[str]:
    if not given:
        yield f"No error tells why {position} is null; there is {_told(wanted)}."
    if not wanted:
        yield f"{position} has an error that is none: {_told(given)}."
    if len(given) > 1:
        yield f"{position} is null for one reason, and not for {_told(given)}."
    if len(wanted) == len(given) == 1 and wanted[0].path == given[0].path and _facts(wanted[0]) != _facts(given[0]):
        yield f"The error at {position} is {_told(given)}, and not {_told(wanted)}."


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
