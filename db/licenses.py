"""Statements about the stock of licenses: counters that only guarded statements change, and their ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection, Transaction, execute
from db.engine.execute import KEEPING_KEYS
from db.engine.expressions import among, found_by_id
from db.engine.filters import PARTNER
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.statement import Statement
from db.tables import license_stock, stock_movements
from domain.licenses import COUNTER_MAX, Delta, StockMovementType


class StockRow(NamedTuple):
    """The counters of one product in a partner's stock."""

    partner_id: int
    product_id: int
    purchased: int
    bonus: int
    activated: int
    additional_seats_total: int
    additional_seats_allocated: int

    @property
    def available(self) -> int:
        """Licenses that can be activated."""
        return self.purchased + self.bonus - self.activated

    @property
    def additional_seats_available(self) -> int:
        """Additional seats that can be given to an activation."""
        return self.additional_seats_total - self.additional_seats_allocated


class MovementRow(NamedTuple):
    """One line of the ledger: what it added to each counter."""

    id: int
    partner_id: int
    product_id: int
    type: StockMovementType
    occurred_at: datetime
    order_id: int | None
    activation_id: int | None
    purchased: int
    bonus: int
    activated: int
    additional_seats_total: int
    additional_seats_allocated: int


class NewMovement(NamedTuple):
    """A line to write: its cause is an order or an activation."""

    product_id: int
    type: StockMovementType
    delta: Delta
    order_id: int | None = None
    activation_id: int | None = None


_STOCK = tuple(license_stock.c[name] for name in StockRow._fields)
_MOVEMENTS = tuple(stock_movements.c[name] for name in MovementRow._fields)


async def of_partner(connection: Connection, partner_id: int) -> list[StockRow]:
    """The partner's stock of every product it has bought, in the order of the products."""
    statement = sa.select(*_STOCK).where(license_stock.c.partner_id == partner_id).order_by(license_stock.c.product_id)
    return await execute.rows(connection, statement, StockRow)


_BY_PRODUCTS = Statement(
    sa.select(*_STOCK).where(license_stock.c.partner_id == PARTNER, among(license_stock.c.product_id, "product_ids")),
    StockRow,
)


async def by_products(connection: Connection, partner_id: int, product_ids: Sequence[int]) -> Mapping[int, StockRow]:
    """The partner's stock of these products, by product."""
    found = await execute.fetch(connection, _BY_PRODUCTS, {"partner_id": partner_id, "product_ids": product_ids})
    return {row.product_id: row for row in found}


async def locked(tx: Transaction, partner_id: int, product_ids: Iterable[int]) -> Mapping[int, StockRow]:
    """The partner's stock of these products, in the order of the products, locked until the transaction ends."""
    statement = (
        sa.select(*_STOCK)
        .where(license_stock.c.partner_id == partner_id, license_stock.c.product_id.in_(sorted(set(product_ids))))
        .order_by(license_stock.c.product_id)
        .with_for_update(key_share=KEEPING_KEYS)
    )
    return {row.product_id: row for row in await execute.rows(tx, statement, StockRow)}


async def add(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> bool:
    """Add what an order bought; False, and nothing changed, where a counter would pass its limit."""
    await tx.execute(
        execute.insert(tx, license_stock)
        .values(partner_id=partner_id, product_id=product_id, **asdict(Delta()))
        .on_conflict_do_nothing()
    )
    bought = license_stock.c.purchased + license_stock.c.bonus
    statement = (
        sa.update(license_stock)
        .where(
            *_mine(partner_id, product_id),
            bought <= COUNTER_MAX - delta.purchased - delta.bonus,
            license_stock.c.additional_seats_total <= COUNTER_MAX - delta.additional_seats_total,
        )
        .values(_added(delta))
    )
    return (await tx.execute(statement)).rowcount == 1


async def take(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> bool:
    """Take licenses and additional seats into use; False, and nothing changed, where they are not free."""
    bought = license_stock.c.purchased + license_stock.c.bonus
    seats = license_stock.c.additional_seats_total - license_stock.c.additional_seats_allocated
    statement = (
        sa.update(license_stock)
        .where(
            *_mine(partner_id, product_id),
            license_stock.c.activated <= bought - delta.activated,
            seats >= delta.additional_seats_allocated,
        )
        .values(_added(delta))
    )
    return (await tx.execute(statement)).rowcount == 1


async def release(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> None:
    """Give licenses and additional seats back; a CHECK refuses to give back more than was taken."""
    await tx.execute(sa.update(license_stock).where(*_mine(partner_id, product_id)).values(_added(delta)))


async def record(tx: Transaction, partner_id: int, movements: Sequence[NewMovement], *, at: datetime) -> None:
    """Write the lines of the ledger."""
    lines = [
        {
            "partner_id": partner_id,
            "product_id": movement.product_id,
            "type": movement.type,
            "occurred_at": at,
            "order_id": movement.order_id,
            "activation_id": movement.activation_id,
            **asdict(movement.delta),
        }
        for movement in movements
    ]
    if lines:
        await tx.execute(sa.insert(stock_movements), lines)


def movements_of(partner_id: int, product_ids: Sequence[int]) -> Listing[MovementRow]:
    """The ledger of each of these products, newest first."""
    return _LEDGER.of({"partner_id": partner_id, "parent_ids": product_ids})


_LEDGER = Listing(
    name="licenseStock.movements",
    row=MovementRow,
    columns=_MOVEMENTS,
    where=[stock_movements.c.partner_id == PARTNER],
    key="occurred_at",
    sorting=Sorting(stock_movements.c.occurred_at, stock_movements.c.id, descending=True),
    parent=stock_movements.c.product_id,
)
_MOVEMENTS_BY_IDS = Statement(
    sa.select(*_MOVEMENTS).where(
        found_by_id(stock_movements.c.partner_id) == PARTNER, among(stock_movements.c.id, "ids")
    ),
    MovementRow,
)


async def movements_by_ids(connection: Connection, partner_id: int, ids: Sequence[int]) -> Mapping[int, MovementRow]:
    """The partner's lines of the ledger among these ids."""
    found = await execute.fetch(connection, _MOVEMENTS_BY_IDS, {"partner_id": partner_id, "ids": ids})
    return {row.id: row for row in found}


def _mine(partner_id: int, product_id: int) -> tuple[ColumnElement[bool], ...]:
    return license_stock.c.partner_id == partner_id, license_stock.c.product_id == product_id


def _added(delta: Delta) -> dict[str, ColumnElement[int]]:
    return {name: license_stock.c[name] + amount for name, amount in asdict(delta).items() if amount}
