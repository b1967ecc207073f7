"""Outcomes of mutations as they are recorded for idempotency keys."""

from typing import Any

import orjson


class SecretShownOnce(str):
    """Secret of an outcome, or a link with one, which is not recorded for an idempotency key."""

    __slots__ = ()


def stored(outcome: tuple[Any, ...]) -> str:
    """Return the ids of an outcome as they are recorded; raise TypeError if it has a secret."""
    if any(isinstance(each, SecretShownOnce) for each in outcome):
        message = f"{type(outcome).__name__} has a secret, so that its mutation can't have an idempotency key."
        raise TypeError(message)
    return orjson.dumps(list(outcome)).decode()


def read(recorded: str) -> list[Any]:
    """Return the ids of a recorded outcome."""
    ids: list[Any] = orjson.loads(recorded)
    return ids
