"""Statements about the draft of a price table: its beginning as a copy of a version, and its publication."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.column_types import Instant
from db.engine.filters import value, values_of
from db.engine.statement import Statement
from db.price_versions import COLUMNS, PUBLISHED, VersionRow, counted
from db.tables import price_table_versions, price_tables, price_tiers
from domain.price_tables import VersionState


class _Source(NamedTuple):
    version_id: int
    number: int


_AT = sa.bindparam("at", type_=Instant)
_TABLE: sa.BindParameter[int] = sa.bindparam("price_table_id")
_VERSION: sa.BindParameter[int] = sa.bindparam("version_id")
_DRAFT = price_table_versions.c.state == VersionState.DRAFT
DRAFT_IDS = sa.select(price_table_versions.c.id).where(_DRAFT)
"""Ids of the versions whose tiers can be written."""

_DRAFT_OF = Statement(sa.select(*COLUMNS).where(price_table_versions.c.price_table_id == _TABLE, _DRAFT), VersionRow)
# The version in force; before the first one begins, the last one that is published.
_SOURCE: Statement[_Source | None] = Statement(
    sa.select(price_table_versions.c.id, price_table_versions.c.number)
    .where(price_table_versions.c.price_table_id == _TABLE, PUBLISHED)
    .order_by(
        sa.case((price_table_versions.c.begins_at <= _AT, 0), else_=1),
        price_table_versions.c.begins_at.desc(),
        price_table_versions.c.number.desc(),
    )
    .limit(1),
    _Source,
)
_SOURCE_NUMBERED = Statement(
    sa.select(price_table_versions.c.id, price_table_versions.c.number).where(
        price_table_versions.c.price_table_id == _TABLE,
        PUBLISHED,
        price_table_versions.c.number == sa.bindparam("number"),
    ),
    _Source,
)
_CREATE: Statement[int] = Statement(
    sa.insert(price_table_versions)
    .from_select(
        ["price_table_id", "number", "state", "copy_of"],
        sa.select(
            sa.cast(_TABLE, price_tables.c.id.type),
            sa.func.coalesce(sa.func.max(price_table_versions.c.number), 0) + 1,
            sa.literal(VersionState.DRAFT.value, sa.String),
            sa.cast(sa.bindparam("copy_of"), sa.Integer),
        ).where(price_table_versions.c.price_table_id == _TABLE),
    )
    .returning(price_table_versions.c.id),
    value,
)
_TIERS = [column.name for column in price_tiers.c if column.name != "version_id"]
_COPY = Statement(
    sa.insert(price_tiers).from_select(
        ["version_id", *_TIERS],
        sa.select(sa.cast(_VERSION, price_tiers.c.version_id.type), *(price_tiers.c[name] for name in _TIERS)).where(
            price_tiers.c.version_id == sa.bindparam("of_version_id")
        ),
    ),
    values_of,
)
_COUNT, _SUM = counted()
_PUBLISH = Statement(
    sa.update(price_table_versions)
    .where(price_table_versions.c.id == _VERSION, _DRAFT)
    .values(
        state=sa.literal(VersionState.PUBLISHED.value, sa.String),
        begins_at=sa.bindparam("new_begins_at", type_=Instant),
        published_at=sa.bindparam("new_published_at", type_=Instant),
        published_by_id=sa.bindparam("by_id", type_=price_table_versions.c.id.type),
        tier_count=_COUNT,
        tier_sum=_SUM,
    ),
    values_of,
)
_EMPTY = Statement(
    sa.delete(price_tiers).where(price_tiers.c.version_id == _VERSION, price_tiers.c.version_id.in_(DRAFT_IDS)),
    values_of,
)
_DISCARD = Statement(sa.delete(price_table_versions).where(price_table_versions.c.id == _VERSION, _DRAFT), values_of)


async def draft_of(connection: Connection, price_table_id: int) -> VersionRow | None:
    """Return the draft of a price table."""
    return await one(connection, _DRAFT_OF, {"price_table_id": price_table_id})


async def create(tx: Transaction, price_table_id: int, *, at: datetime) -> int:
    """Create the draft of the locked price table as a copy of the version in force, and return its id."""
    return await _copy(tx, price_table_id, await _source(tx, price_table_id, at))


async def source_id(connection: Connection, price_table_id: int, *, at: datetime) -> int | None:
    """Return the id of the version that `create` copies; None if none is published."""
    source = await _source(connection, price_table_id, at)
    return None if source is None else source.version_id


async def _source(connection: Connection, price_table_id: int, at: datetime) -> _Source | None:
    return await one(connection, _SOURCE, {"price_table_id": price_table_id, "at": at})


async def create_copy(tx: Transaction, price_table_id: int, *, of_number: int) -> int | None:
    """Create the draft of the locked price table as a copy of the published version of this number.

    Returns its id; None, with nothing written, if there is no such version.
    """
    source = await one(tx, _SOURCE_NUMBERED, {"price_table_id": price_table_id, "number": of_number})
    return None if source is None else await _copy(tx, price_table_id, source)


async def _copy(tx: Transaction, price_table_id: int, source: _Source | None) -> int:
    values = {"price_table_id": price_table_id, "copy_of": None if source is None else source.number}
    version_id = await returned(tx, _CREATE, values)
    if source is not None:
        await tx.execute(_COPY, {"version_id": version_id, "of_version_id": source.version_id})
    return version_id


async def publish(tx: Transaction, version_id: int, *, begins_at: datetime, by_id: int | None, at: datetime) -> bool:
    """Publish the draft; return False, changing nothing, if the version is no draft."""
    values = {"version_id": version_id, "new_begins_at": begins_at, "new_published_at": at, "by_id": by_id}
    return await tx.execute(_PUBLISH, values) == 1


async def discard(tx: Transaction, version_id: int) -> bool:
    """Delete the draft and its tiers; return False, changing nothing, if the version is no draft."""
    await tx.execute(_EMPTY, {"version_id": version_id})
    return await tx.execute(_DISCARD, {"version_id": version_id}) == 1
