"""Statements about the vendor's price tables, and which of them each partner buys by."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, one
from db.engine.expressions import AnyColumn, among
from db.engine.filters import (
    PARTNER,
    Mine,
    RowsById,
    Scoped,
    is_partner,
    one_each,
    one_row,
    scoped,
    upsert,
    value,
    values_of,
)
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.lock_queues import Queue, changing, sharing
from db.engine.statement import Statement
from db.tables import partner_price_tables, partners, price_table_versions, price_tables
from domain.price_tables import TABLES_MAX
from domain.tenancy import ALL_PARTNERS, Scope
from domain.text import fold


class PriceTableRow(NamedTuple):
    """Price table of the vendor."""

    id: int
    name: str
    name_folded: str


class AssignmentRow(NamedTuple):
    """Price table that a partner buys by, or did."""

    price_table_id: int
    preselected: bool
    active: bool


class _OfPartner(NamedTuple):
    partner_id: int
    preselected: bool
    id: int
    name: str
    name_folded: str


_COLUMNS = tuple(price_tables.c[name] for name in PriceTableRow._fields)
_OF_PARTNER = partner_price_tables.c.partner_id == PARTNER
_PRESELECTED = partner_price_tables.alias("preselected")
_TO_TABLE = partner_price_tables.c.price_table_id == price_tables.c.id


def assigned(mine: Mine, table_id: AnyColumn, *, even_inactive: bool = False) -> ColumnElement[bool]:
    """Return the condition that the price table is one of the scope's; every one is the vendor's."""
    if mine is not is_partner:
        return sa.true()
    found = sa.select(partner_price_tables.c.price_table_id).where(mine(partner_price_tables.c.partner_id))
    return table_id.in_(found if even_inactive else found.where(partner_price_tables.c.active))


def _bought_by_another() -> ColumnElement[bool]:
    another = partner_price_tables.alias()
    return sa.exists().where(
        another.c.price_table_id == partner_price_tables.c.price_table_id,
        another.c.partner_id != partner_price_tables.c.partner_id,
        another.c.active,
    )


# The vendor has a price table too, so that fields about one need not be null, and orders nothing by it.
_FOR_PARTNERS = price_tables.c.id.not_in(
    sa.select(partner_price_tables.c.price_table_id)
    .join(partners, partners.c.id == partner_price_tables.c.partner_id)
    .where(
        partners.c.is_vendor,
        ~sa.exists().where(price_table_versions.c.price_table_id == partner_price_tables.c.price_table_id),
        ~_bought_by_another(),
    )
)


def listing(scope: Scope) -> Listing[PriceTableRow]:
    """Return the list of the price tables that the scope buys by, sorted by name; of all for the vendor.

    The vendor's own one is not among them while it has no versions and no partner buys by it.
    """
    return (_LISTING_OF_ALL if scope is ALL_PARTNERS else _LISTING).of({"partner_id": scope})


def _listing(*, all_partners: bool) -> Listing[PriceTableRow]:
    return Listing(
        name="priceTables",
        row=PriceTableRow,
        columns=_COLUMNS,
        where=[_FOR_PARTNERS if all_partners else assigned(is_partner, price_tables.c.id)],
        key="name_folded",
        sorting=Sorting(price_tables.c.name_folded, price_tables.c.id),
    )


_LISTING, _LISTING_OF_ALL = _listing(all_partners=False), _listing(all_partners=True)
by_ids = RowsById(
    lambda mine: Statement(
        # Orders refer to a price table that the partner no longer buys by.
        sa.select(*_COLUMNS).where(
            assigned(mine, price_tables.c.id, even_inactive=True), among(price_tables.c.id, "ids")
        ),
        PriceTableRow,
        reads=one_each("ids"),
    )
)
"""The price tables that a scope buys or bought by, by id."""


def _of_partners(mine: Mine, *conditions: ColumnElement[bool]) -> Statement[_OfPartner]:
    return Statement(
        sa.select(partner_price_tables.c.partner_id, partner_price_tables.c.preselected, *_COLUMNS)
        .join(price_tables, _TO_TABLE)
        .where(
            mine(partner_price_tables.c.partner_id),
            among(partner_price_tables.c.partner_id, "partner_ids"),
            partner_price_tables.c.active,
            *conditions,
        )
        .order_by(
            partner_price_tables.c.partner_id, partner_price_tables.c.preselected.desc(), price_tables.c.name_folded
        ),
        _OfPartner,
        reads=lambda values: len(values["partner_ids"]) * TABLES_MAX,
    )


_OF_PARTNERS = scoped(_of_partners)
_LISTED_OF_PARTNERS = scoped(lambda mine: _of_partners(mine, _FOR_PARTNERS))
_ASSIGNMENTS = Statement(
    sa.select(*(partner_price_tables.c[name] for name in AssignmentRow._fields)).where(_OF_PARTNER), AssignmentRow
)


_CHOSEN_ID: sa.BindParameter[int] = sa.bindparam("price_table_id", type_=sa.BigInteger)
_PRESELECTED_ID = sa.select(_PRESELECTED.c.price_table_id).where(
    _PRESELECTED.c.partner_id == PARTNER, _PRESELECTED.c.preselected
)


def _choose(*, named: bool, shared: bool) -> Statement[int]:
    which: ColumnElement[bool] = price_tables.c.id == _CHOSEN_ID if named else partner_price_tables.c.preselected
    statement = (
        sa.select(price_tables.c.id)
        .join(partner_price_tables, _TO_TABLE)
        .where(_OF_PARTNER, partner_price_tables.c.active, which)
    )
    ids = _CHOSEN_ID if named else _PRESELECTED_ID
    locked = sharing(statement, Queue.PRICE_TABLES, ids, of=price_tables) if shared else statement
    return Statement(locked, value, reads=one_row)


_CHOSEN_NAMED, _CHOSEN_PRESELECTED = (_choose(named=named, shared=False) for named in (True, False))
_SHARE_NAMED, _SHARE_PRESELECTED = (_choose(named=named, shared=True) for named in (True, False))


async def of_partners(
    connection: Connection, scope: Scope, partner_ids: Sequence[int]
) -> Mapping[int, list[PriceTableRow]]:
    """Return the price tables that these partners buy by, the preselected one first; those that are listed."""
    return await _by_partner(connection, scope, partner_ids, _LISTED_OF_PARTNERS)


async def _by_partner(
    connection: Connection, scope: Scope, partner_ids: Sequence[int], statements: Scoped[_OfPartner]
) -> Mapping[int, list[PriceTableRow]]:
    values = {"partner_id": scope, "partner_ids": partner_ids}
    by_partner: dict[int, list[PriceTableRow]] = {}
    for row in await connection.fetch(statements.within(scope), values):
        by_partner.setdefault(row.partner_id, []).append(PriceTableRow(row.id, row.name, row.name_folded))
    return by_partner


async def preselected_of_partners(
    connection: Connection, scope: Scope, partner_ids: Sequence[int]
) -> Mapping[int, PriceTableRow]:
    """Return the preselected price table of each of these partners."""
    found = await _by_partner(connection, scope, partner_ids, _OF_PARTNERS)
    return {partner_id: tables[0] for partner_id, tables in found.items()}


async def chosen(connection: Connection, partner_id: int, named: int | None) -> int | None:
    """Return the id of the price table that the partner buys by: the named one, or the preselected one."""
    statement = _CHOSEN_PRESELECTED if named is None else _CHOSEN_NAMED
    return await one(connection, statement, {"partner_id": partner_id, "price_table_id": named})


async def shared(tx: Transaction, partner_id: int, named: int | None) -> int | None:
    """Return what `chosen` does, of which no version is published until the transaction ends."""
    statement = _SHARE_PRESELECTED if named is None else _SHARE_NAMED
    return await one(tx, statement, {"partner_id": partner_id, "price_table_id": named})


_CREATE: Statement[int] = upsert(
    price_tables,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["name_folded"]).returning(price_tables.c.id),
    value,
    inserted=["name", "name_folded"],
)
_ID: sa.BindParameter[int] = sa.bindparam("id", type_=sa.BigInteger)
_LOCK = Statement(
    changing(sa.select(*_COLUMNS).where(price_tables.c.id == _ID), Queue.PRICE_TABLES, _ID), PriceTableRow
)
_NAMED = Statement(sa.select(*_COLUMNS).where(price_tables.c.name_folded == sa.bindparam("name_folded")), PriceTableRow)
_PARTNERS_OF: Statement[int] = Statement(
    sa.select(partner_price_tables.c.partner_id)
    .where(partner_price_tables.c.price_table_id == sa.bindparam("id"), partner_price_tables.c.active)
    .order_by(partner_price_tables.c.partner_id),
    value,
)
_DELETE = Statement(sa.delete(price_tables).where(price_tables.c.id == sa.bindparam("id")), values_of)
_RENAME = Statement(
    sa.update(price_tables)
    .where(price_tables.c.id == sa.bindparam("id"))
    .values(name=sa.bindparam("new_name"), name_folded=sa.bindparam("new_name_folded")),
    values_of,
)
_END_ASSIGNMENTS = Statement(
    sa.update(partner_price_tables).where(_OF_PARTNER).values(active=sa.false(), preselected=sa.false()), values_of
)
_ASSIGN = upsert(
    partner_price_tables,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["partner_id", "price_table_id"],
        set_={name: insert.excluded[name] for name in ("preselected", "active")},
    ),
    values_of,
    inserted=["partner_id", "price_table_id", "preselected", "active"],
)


async def create(tx: Transaction, name: str) -> int | None:
    """Return the id of the new price table, without versions; None, with nothing written, if the name is taken."""
    return await one(tx, _CREATE, {"name": name, "name_folded": fold(name)})


async def locked(tx: Transaction, price_table_id: int) -> PriceTableRow | None:
    """Return the price table, locked until the transaction ends."""
    return await one(tx, _LOCK, {"id": price_table_id})


async def named(connection: Connection, name: str) -> PriceTableRow | None:
    """Return the price table with that name, without regard to case and accents."""
    return await one(connection, _NAMED, {"name_folded": fold(name)})


async def partners_of(connection: Connection, price_table_id: int) -> list[int]:
    """Return the ids of the partners that buy by the price table."""
    return list(await connection.fetch(_PARTNERS_OF, {"id": price_table_id}))


async def assigned_to(connection: Connection, partner_id: int) -> list[AssignmentRow]:
    """Return every price table that the partner buys or bought by."""
    return list(await connection.fetch(_ASSIGNMENTS, {"partner_id": partner_id}))


async def assign(tx: Transaction, partner_id: int, price_table_ids: Sequence[int], *, preselected_id: int) -> None:
    """Let the partner buy by these price tables only; the others stay readable for its orders."""
    await tx.execute(_END_ASSIGNMENTS, {"partner_id": partner_id})
    lines = [
        {
            "partner_id": partner_id,
            "price_table_id": price_table_id,
            "preselected": price_table_id == preselected_id,
            "active": True,
        }
        for price_table_id in price_table_ids
    ]
    await tx.execute_many(_ASSIGN, lines)


async def rename(tx: Transaction, table: PriceTableRow, name: str) -> bool:
    """Write a new name of the locked price table; return False, changing nothing, if another one has it.

    A new name is first that of a price table which is deleted at once: no UPDATE passes over a name that is taken.
    """
    folded = fold(name)
    if folded != table.name_folded:
        reserved = await create(tx, name)
        if reserved is None:
            return False
        await tx.execute(_DELETE, {"id": reserved})
    await tx.execute(_RENAME, {"id": table.id, "new_name": name, "new_name_folded": folded})
    return True
