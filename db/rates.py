"""Statements about the buckets of the rate limits: a claim is one statement, which locks its bucket's row."""

from collections.abc import Sequence

import sqlalchemy as sa

from db.engine import Transaction
from db.engine.filters import upsert, values_of
from db.engine.statement import Statement
from db.tables import rate_buckets as buckets
from domain import rates
from domain.rates import Claim, Grant

_NOW, _WINDOW, _NEEDED, _WANTED = (
    sa.bindparam(name, type_=sa.BigInteger) for name in ("now", "window", "needed", "wanted")
)
# The rule of domain.rates.granted, about the row as it is when the statement has its lock.
_FULL = _NOW + _WINDOW
_LEVEL = sa.case((buckets.c.empties_at < _NOW, _NOW), (buckets.c.empties_at > _FULL, _FULL), else_=buckets.c.empties_at)
_LEFT = _FULL - _LEVEL
_GRANTED = sa.case((_LEFT < _NEEDED, 0), (_LEFT < _WANTED, _LEFT), else_=_WANTED)
_CLAIM = upsert(
    buckets,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["bucket"], set_={"granted": _GRANTED, "empties_at": _LEVEL + _GRANTED}
    ).returning(buckets.c.granted, buckets.c.empties_at),
    values_of,
    inserted=["bucket", "granted", "empties_at"],
)
_DROP_EMPTY = Statement(
    sa.delete(buckets).where(
        buckets.c.bucket.in_(
            sa.select(buckets.c.bucket).where(buckets.c.empties_at <= _NOW).with_for_update(skip_locked=True)
        )
    ),
    values_of,
)


async def claim(tx: Transaction, claims: Sequence[Claim], *, now: int) -> list[Grant]:
    """Return what the buckets grant each claim, in the order of the claims, which is that of claims to one bucket."""
    # Every transaction locks in the order of the buckets, so that no two wait for each other.
    order = sorted(range(len(claims)), key=lambda place: claims[place].bucket)
    lines = []
    for place in order:
        each = claims[place]
        first = rates.granted(each, now, now)
        lines.append({**each._asdict(), **first._asdict(), "now": now})
    found = dict(zip(order, await tx.execute_many(_CLAIM, lines), strict=True))
    return [Grant(*found[place]) for place in range(len(claims))]


async def drop_empty(tx: Transaction, *, now: int) -> None:
    """Delete the buckets that are empty, which are the same as new ones."""
    await tx.execute(_DROP_EMPTY, {"now": now})


async def create(tx: Transaction) -> None:
    """Create the table of the buckets in a file of its own, if it is not there."""
    await tx.inspect(lambda connection: buckets.create(connection, checkfirst=True))
