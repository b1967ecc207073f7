"""Statements that delete the oldest events of a partner, and say which are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one
from db.engine.expressions import among
from db.engine.filters import PARTNER, Scoped, one_each, one_row, scoped, value, values_of
from db.engine.statement import Statement
from db.tables import events, partner_counters
from domain.tenancy import Scope

TOGETHER_MAX = 500
"""Maximum number of events that one transaction deletes."""

_PARTNERS_MAX = 100


class _Old(NamedTuple):
    number: int
    hash: bytes
    occurred_at: datetime


_counters = partner_counters.c
_WITH_OLD: Statement[int] = Statement(
    sa.select(_counters.partner_id)
    .join(
        events,
        sa.and_(events.c.partner_id == _counters.partner_id, events.c.number == _counters.dropped_number + 1),
    )
    .where(events.c.occurred_at < sa.bindparam("before"))
    .order_by(_counters.partner_id)
    .limit(_PARTNERS_MAX),
    value,
)
_DROPPED: Statement[int] = Statement(
    sa.select(_counters.dropped_number).where(_counters.partner_id == PARTNER), value, reads=one_row
)
_DROPPED_OF_EACH: Scoped[tuple[int, int]] = scoped(
    lambda mine: Statement(
        sa.select(_counters.partner_id, _counters.dropped_number).where(
            mine(_counters.partner_id), among(_counters.partner_id, "ids")
        ),
        values_of,
        reads=one_each("ids"),
    )
)
_OLDEST: Statement[_Old] = Statement(
    sa.select(*(events.c[name] for name in _Old._fields))
    .where(events.c.partner_id == PARTNER, events.c.number > sa.bindparam("dropped"))
    .order_by(events.c.number)
    .limit(sa.bindparam("at_most", type_=sa.Integer)),
    _Old,
)
_DROP = Statement(
    sa.delete(events).where(events.c.partner_id == PARTNER, events.c.number <= sa.bindparam("until")), values_of
)
_SET_DROPPED = Statement(
    sa.update(partner_counters)
    .where(_counters.partner_id == PARTNER, _counters.dropped_number == sa.bindparam("former"))
    .values(dropped_number=sa.bindparam("until"), dropped_hash=sa.bindparam("until_hash")),
    values_of,
)


async def dropped_number(connection: Connection, partner_id: int) -> int:
    """Return the number of the partner's last event that was deleted, 0 if all are kept."""
    return await one(connection, _DROPPED, {"partner_id": partner_id}) or 0


async def dropped_numbers(connection: Connection, scope: Scope, partner_ids: Sequence[int]) -> Mapping[int, int]:
    """Return `dropped_number` of each of these partners of a scope."""
    wanted = {"partner_id": scope, "ids": partner_ids}
    return dict(await connection.fetch(_DROPPED_OF_EACH.within(scope), wanted))


async def with_old_events(connection: Connection, *, before: datetime) -> Sequence[int]:
    """Return partners whose oldest events are from before a time, not all of them if they are many."""
    return list(await connection.fetch(_WITH_OLD, {"before": before}))


async def drop_old(tx: Transaction, partner_id: int, *, before: datetime) -> int:
    """Delete the partner's oldest events from before a time, some hundreds at most, and return how many.

    The hash of the last one stays, so that the chain of the others can be verified.
    """
    former = await dropped_number(tx, partner_id)
    until = None
    for each in await tx.fetch(_OLDEST, {"partner_id": partner_id, "dropped": former, "at_most": TOGETHER_MAX}):
        if each.occurred_at >= before:
            break
        until = each
    if until is None:
        return 0
    wanted = {"partner_id": partner_id, "former": former, "until": until.number, "until_hash": until.hash}
    if not await tx.execute(_SET_DROPPED, wanted):
        # Another process deletes them.
        return 0
    return await tx.execute(_DROP, {"partner_id": partner_id, "until": until.number})
