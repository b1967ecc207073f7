"""Hashes that show a later change: a chain over the events of a partner, and one over the lines of an order."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from hashlib import sha256
from operator import attrgetter

HASH_LENGTH = 32
"""Bytes of a hash."""

BEGINNING = b""
"""What the first event of a partner is chained to."""


_OF_LINE = attrgetter("product_id", "quantity", "bonus_quantity", "seats", "unit_monthly_price", "unit_setup_fee")


def content(values: Mapping[str, object]) -> bytes:
    """Return an event's values as they are hashed: those that are not null, by name, one per line.

    So a new column, which is null in older events, doesn't change their hashes. Times are in UTC.
    """
    lines = []
    for name in sorted(values):
        value = values[name]
        if value is not None:
            lines.append(f"{name}={value if value.__class__ is int else _text(value)}")
    return "\n".join(lines).encode()


def contents(shared: Mapping[str, object], activation_ids: Iterable[int | None]) -> Iterator[bytes]:
    """Return the content of events that differ only in their activation, each as `content` does."""
    rest = content(shared)
    for activation_id in activation_ids:
        # `activation_id` sorts before all other names.
        yield rest if activation_id is None else b"activation_id=%d\n%b" % (activation_id, rest)


def chained(previous: bytes, of_event: bytes) -> bytes:
    """Return the SHA-256 over the hash of the partner's previous event and the content of this one."""
    return sha256(previous + of_event).digest()


def chain(previous: bytes, contents: Iterable[bytes]) -> list[bytes]:
    """Return the hash of each event after the previous one."""
    hashes = []
    for of_event in contents:
        previous = chained(previous, of_event)
        hashes.append(previous)
    return hashes


def lines_hash(lines: Iterable[object]) -> bytes:
    """Return the SHA-256 over the values of an order's lines that never change, by product.

    They are hashed as Python writes them: "[(1, 3, 0, 6, 8990, 15000), …]".
    """
    return sha256(repr(sorted(map(_OF_LINE, lines))).encode()).digest()


def _text(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return value.value if isinstance(value, Enum) else value
