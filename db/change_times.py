"""Times of a partner's changes: the later commit has the later time, whatever the clocks of the processes say.

A row that changes gets the time of its transaction's clock, which was read before the transaction waited for locks.
With the partner's counters, which are its last lock, the transaction takes a time that no earlier commit has: that of
its clock if it is the latest so far, or a microsecond more than the latest. In the second case it moves its rows there.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table

from db.engine import Transaction
from db.engine.column_types import Instant
from db.engine.expressions import KEEPING_KEYS
from db.engine.filters import PARTNER, values_of
from db.engine.statement import Statement
from db.tables import activations, clients, partner_counters

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_LATEST = partner_counters.c.changed_at
_CLOCK: sa.BindParameter[int] = sa.bindparam("clock", type_=sa.BigInteger)

TAKEN: ColumnElement[int] = sa.case((_LATEST < _CLOCK, _CLOCK), else_=_LATEST + 1)
"""The next time of a partner, of its counters and the time of the transaction's clock, bound as `clock`."""


def microseconds(at: datetime) -> int:
    """Return a time as the counters have it: microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def _move(table: Table) -> Statement[tuple[object, ...]]:
    written = (
        sa.select(table.c.id)
        .where(table.c.partner_id == PARTNER, table.c.updated_at == sa.bindparam("clock_time", type_=Instant()))
        # Rows that this transaction wrote are locked already. Another one's of the same microsecond need not move.
        .with_for_update(key_share=KEEPING_KEYS, skip_locked=True)
    )
    new = sa.bindparam("taken_time", type_=Instant())
    return Statement(
        sa.update(table).where(table.c.partner_id == PARTNER, table.c.id.in_(written)).values(updated_at=new), values_of
    )


_MOVE_CLIENTS, _MOVE_ACTIVATIONS = _move(clients), _move(activations)


async def move(tx: Transaction, partner_id: int, *, clock: datetime, taken: int) -> None:
    """Give the rows that the transaction has changed, with the time of its clock, the time that it took."""
    times = {"clock_time": clock, "taken_time": _EPOCH + taken * _MICROSECOND}
    for statement in (_MOVE_CLIENTS, _MOVE_ACTIVATIONS):
        await tx.execute(statement, {"partner_id": partner_id, **times})
