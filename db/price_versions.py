"""Statements that read the versions of price tables; a published one and its tiers are never written again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ScalarSelect

from db.engine import Connection, one, returned
from db.engine.column_types import Instant
from db.engine.expressions import AnyColumn, among
from db.engine.filters import Mine, RowsById, is_partner, one_each, scoped, value
from db.engine.statement import Statement
from db.price_tables import assigned
from db.tables import price_table_versions, price_tables, price_tiers
from domain.price_tables import VersionState, listed
from domain.tenancy import Scope


class VersionRow(NamedTuple):
    """Version of a price table."""

    id: int
    price_table_id: int
    number: int
    state: VersionState
    begins_at: datetime | None
    published_at: datetime | None
    published_by_id: int | None
    copy_of: int | None
    """Number of the version that it began as a copy of; None if there was none, or before this was stored."""


class _Begin(NamedTuple):
    begins_at: datetime
    version_id: int


COLUMNS = tuple(price_table_versions.c[name] for name in VersionRow._fields)
_AT = sa.bindparam("at", type_=Instant)
_TABLE: sa.BindParameter[int] = sa.bindparam("price_table_id")
PUBLISHED = price_table_versions.c.state == VersionState.PUBLISHED


def in_force(table_id: AnyColumn, mine: Mine) -> ScalarSelect[int]:
    """Return the id of the version of a scope's price table that is in force at the instant bound as `at`.

    It is the published version that began last.
    """
    version = price_table_versions.alias()
    return (
        sa.select(version.c.id)
        .where(
            version.c.price_table_id == table_id,
            version.c.state == VersionState.PUBLISHED,
            version.c.begins_at <= _AT,
            assigned(mine, version.c.price_table_id),
        )
        .order_by(version.c.begins_at.desc(), version.c.number.desc())
        .limit(1)
        .correlate_except(version)
        .scalar_subquery()
    )


def readable(mine: Mine) -> ColumnElement[bool]:
    """Return the condition that the scope may read a version: a partner reads published ones of its own tables."""
    if mine is not is_partner:
        return sa.true()
    return sa.and_(PUBLISHED, assigned(mine, price_table_versions.c.price_table_id, even_inactive=True))


by_ids = RowsById(
    lambda mine: Statement(
        sa.select(*COLUMNS).where(readable(mine), among(price_table_versions.c.id, "ids")),
        VersionRow,
        reads=one_each("ids"),
    )
)
"""The versions of a scope, by id."""
_OF_TABLES = scoped(
    lambda mine: Statement(
        sa.select(*COLUMNS)
        .where(
            readable(mine),
            assigned(mine, price_table_versions.c.price_table_id),
            among(price_table_versions.c.price_table_id, "ids"),
        )
        .order_by(price_table_versions.c.price_table_id, price_table_versions.c.number.desc()),
        VersionRow,
    )
)
_IN_FORCE = scoped(
    lambda mine: Statement(
        sa.select(*COLUMNS)
        .join_from(price_tables, price_table_versions, price_table_versions.c.id == in_force(price_tables.c.id, mine))
        .where(among(price_tables.c.id, "ids")),
        VersionRow,
        reads=one_each("ids"),
    )
)
_NEXT_BEGIN: Statement[datetime | None] = Statement(
    sa.select(sa.func.min(price_table_versions.c.begins_at, type_=Instant)).where(
        price_table_versions.c.price_table_id == _TABLE,
        PUBLISHED,
        price_table_versions.c.begins_at > _AT,
        assigned(is_partner, price_table_versions.c.price_table_id),
    ),
    value,
)
_EARLIER = sa.and_(
    price_table_versions.c.price_table_id == _TABLE,
    PUBLISHED,
    price_table_versions.c.number < sa.bindparam("number"),
)
_REPLACED = Statement(
    sa.select(*COLUMNS)
    .where(_EARLIER, price_table_versions.c.begins_at <= _AT)
    .order_by(price_table_versions.c.begins_at.desc(), price_table_versions.c.number.desc())
    .limit(1),
    VersionRow,
)
_FOLLOWING = Statement(
    sa.select(price_table_versions.c.begins_at, price_table_versions.c.id)
    .where(_EARLIER, price_table_versions.c.begins_at > _AT)
    .order_by(price_table_versions.c.begins_at, price_table_versions.c.number),
    _Begin,
)


async def of_tables(
    connection: Connection, scope: Scope, price_table_ids: Sequence[int], *, at: datetime
) -> Mapping[int, list[VersionRow]]:
    """Return the versions of these price tables to list, newest first; a partner sees no drafts."""
    found = await connection.fetch(_OF_TABLES.within(scope), {"partner_id": scope, "ids": price_table_ids})
    by_table: dict[int, list[VersionRow]] = {}
    for row in found:
        by_table.setdefault(row.price_table_id, []).append(row)
    return {table_id: listed(versions, at) for table_id, versions in by_table.items()}


async def in_force_of_tables(
    connection: Connection, scope: Scope, price_table_ids: Sequence[int], *, at: datetime
) -> Mapping[int, VersionRow]:
    """Return the version of each of these price tables that is in force."""
    values = {"partner_id": scope, "ids": price_table_ids, "at": at}
    found = await connection.fetch(_IN_FORCE.within(scope), values)
    return {row.price_table_id: row for row in found}


async def next_begin(connection: Connection, partner_id: int, price_table_id: int, *, at: datetime) -> datetime | None:
    """Return when the next version of the partner's price table begins; None if none is published."""
    values = {"partner_id": partner_id, "price_table_id": price_table_id, "at": at}
    return await returned(connection, _NEXT_BEGIN, values)


async def replaced(connection: Connection, version: VersionRow, *, at: datetime) -> VersionRow | None:
    """Return the version that this one replaces if it begins at that time, of those that were published before it."""
    return await one(connection, _REPLACED, _earlier(version, at))


async def following(connection: Connection, version: VersionRow, *, at: datetime) -> list[int]:
    """Return the ids of the versions that were published before this one and begin after that time, in their order.

    Of those that begin at the same time, only the last one is ever in force.
    """
    found = await connection.fetch(_FOLLOWING, _earlier(version, at))
    return list({row.begins_at: row.version_id for row in found}.values())


def _earlier(version: VersionRow, at: datetime) -> Mapping[str, object]:
    return {"price_table_id": version.price_table_id, "number": version.number, "at": at}


def counted() -> tuple[ScalarSelect[int], ScalarSelect[int]]:
    """Return the number of a version's tiers, and the sum of their numbers, which `portal doctor` compares."""
    of_version = price_tiers.c.version_id == price_table_versions.c.id
    tier = (
        sa.cast(price_tiers.c.minimum_quantity, sa.BigInteger)
        + price_tiers.c.unit_monthly_price
        + price_tiers.c.unit_setup_fee
        + price_tiers.c.bonus_quantity
    )
    number = sa.select(sa.func.count()).select_from(price_tiers).where(of_version).correlate(price_table_versions)
    total = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(tier), 0), sa.BigInteger)).where(of_version)
    return number.scalar_subquery(), total.correlate(price_table_versions).scalar_subquery()
