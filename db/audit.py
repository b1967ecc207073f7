"""Verification of the hash chain over a partner's events."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from db.engine import Connection, one
from db.engine.filters import PARTNER, value, values_of
from db.engine.statement import Statement
from db.tables import events, partner_counters
from domain.audit import BEGINNING, chained, content

_PAGE = 2_000
_NOT_HASHED = frozenset({"id", "partner_id", "number", "hash"})
"""Columns that are not content: an event's number is its place in the chain."""

_CONTENT = tuple(column for column in events.columns if column.name not in _NOT_HASHED)
_NAMES = tuple(column.name for column in _CONTENT)
_AFTER: Statement[tuple[Any, ...]] = Statement(
    sa.select(events.c.number, events.c.hash, *_CONTENT)
    .where(events.c.partner_id == PARTNER, events.c.number > sa.bindparam("after"))
    .order_by(events.c.number)
    .limit(sa.bindparam("at_most", type_=sa.Integer)),
    values_of,
)
_HASH_OF: Statement[bytes] = Statement(
    sa.select(events.c.hash).where(events.c.partner_id == PARTNER, events.c.number == sa.bindparam("number")), value
)


class _Counters(NamedTuple):
    """Number and hash of the last event, and of the last one that was deleted."""

    event_number: int
    event_hash: bytes
    dropped_number: int
    dropped_hash: bytes


_COUNTERS = Statement(
    sa.select(*(partner_counters.c[name] for name in _Counters._fields)).where(
        partner_counters.c.partner_id == PARTNER
    ),
    _Counters,
)


class Verified(NamedTuple):
    """Result of the verification of a partner's events after a number."""

    checked: int
    """How many events were verified."""

    last_number: int
    """The number of the last event that was verified; that of the one before if there is none."""

    last_hash: bytes
    broken_at: int | None
    """The number of the first event that is missing, or whose hash is wrong; None if all are right."""

    has_more: bool
    """Whether there are later events, which were not verified."""


async def verify(
    connection: Connection, partner_id: int, *, after: int = 0, at_most: int | None = None
) -> Verified | None:
    """Verify the partner's events after a number, from the hash of that one; None if there is no such partner.

    Events that were deleted because of their age are left out: the hash of the last of them is kept.

    At the end, the last number and hash must be those that the partner's counters keep.
    """
    counters = await one(connection, _COUNTERS, {"partner_id": partner_id})
    if counters is None:
        return None
    former = BEGINNING
    if after <= counters.dropped_number:
        after, former = counters.dropped_number, counters.dropped_hash
    else:
        former = await one(connection, _HASH_OF, {"partner_id": partner_id, "number": after}) or BEGINNING
    checked, number = 0, after
    while at_most is None or checked < at_most:
        size = _PAGE if at_most is None else min(_PAGE, at_most - checked)
        page = list(await connection.fetch(_AFTER, {"partner_id": partner_id, "after": number, "at_most": size}))
        for found, stored, *values in page:
            expected = chained(former, content(dict(zip(_NAMES, values, strict=True))))
            if found != number + 1 or stored != expected:
                return Verified(checked, number, former, number + 1, has_more=True)
            number, former, checked = found, stored, checked + 1
        if len(page) < size:
            is_last = (number, former) == counters[:2] or after > counters.event_number
            return Verified(checked, number, former, None if is_last else number + 1, has_more=False)
    return Verified(checked, number, former, None, has_more=number < counters.event_number)
