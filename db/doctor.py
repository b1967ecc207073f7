"""Checks of the data against its own rules, each of them one statement that returns what is wrong."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Table

from db.engine import Connection, Database
from db.tables import (
    activations,
    clients,
    events,
    license_stock,
    metadata,
    order_items,
    orders,
    partner_counters,
    stock_movements,
)
from domain.activations import ActivationStatus
from domain.clients import ClientStatus
from domain.orders import OrderStatus

_COUNTERS = ("purchased", "bonus", "activated", "additional_seats_total", "additional_seats_allocated")


class Finding(NamedTuple):
    """One thing that is wrong: whose it is, and what would be right."""

    check: str
    partner_id: int | None
    message: str


class Check(NamedTuple):
    """A statement whose every row is a finding, the partner first, and the sentence that the row fills in."""

    name: str
    statement: Select[Any]
    sentence: str


async def examine(database: Database, began: Callable[[str], None] = lambda _: None) -> AsyncIterator[Finding]:
    """Run every check, and give what each finds; `began` hears the name of each."""
    async with database.read() as connection:
        if connection.dialect.name == "sqlite":
            began("file")
            for finding in await _sqlite_file(connection):
                yield finding
        for check in checks():
            began(check.name)
            for partner_id, *facts in await connection.execute(check.statement):
                yield Finding(check.name, partner_id, check.sentence.format(*facts))


def checks() -> Iterator[Check]:
    """Every check that both engines know."""
    yield from _stock()
    yield from _activations()
    yield from _orders()
    yield from _clients()
    yield from _numbers()
    yield from _references()


def _stock() -> Iterator[Check]:
    for name in _COUNTERS:
        summed = sa.func.coalesce(
            sa.select(sa.func.sum(stock_movements.c[name]))
            .where(
                stock_movements.c.partner_id == license_stock.c.partner_id,
                stock_movements.c.product_id == license_stock.c.product_id,
            )
            .scalar_subquery(),
            0,
        )
        yield Check(
            "stock and ledger",
            _of_stock(license_stock.c[name], summed),
            f"product {{0}}: {name} is {{1}}, but its movements sum up to {{2}}.",
        )
    active = (
        activations.c.partner_id == license_stock.c.partner_id,
        activations.c.product_id == license_stock.c.product_id,
        activations.c.status == ActivationStatus.ACTIVE,
    )
    in_use = sa.select(sa.func.count()).select_from(activations).where(*active).scalar_subquery()
    yield Check(
        "stock and activations",
        _of_stock(license_stock.c.activated, in_use),
        "product {0}: activated is {1}, but {2} activations are active.",
    )
    seats = sa.select(sa.func.coalesce(sa.func.sum(activations.c.additional_seats), 0)).where(*active)
    yield Check(
        "stock and activations",
        _of_stock(license_stock.c.additional_seats_allocated, seats.scalar_subquery()),
        "product {0}: additional_seats_allocated is {1}, but active activations hold {2}.",
    )
    for table in (stock_movements, activations):
        in_stock = sa.exists().where(
            license_stock.c.partner_id == table.c.partner_id, license_stock.c.product_id == table.c.product_id
        )
        yield Check(
            "stock",
            sa.select(table.c.partner_id, table.c.product_id).where(~in_stock).distinct(),
            f"product {{0}} has {table.name} but no stock.",
        )


def _of_stock(counter: ColumnElement[int], right: ColumnElement[int]) -> Select[Any]:
    columns = license_stock.c.partner_id, license_stock.c.product_id, counter, right
    return sa.select(*columns).where(counter != right)


def _activations() -> Iterator[Check]:
    # Summed first: no index leads from an activation to its movements, and to look them up one by one takes hours.
    held = (
        sa.select(
            stock_movements.c.partner_id,
            stock_movements.c.product_id,
            stock_movements.c.activation_id,
            sa.func.sum(stock_movements.c.activated).label("licenses"),
            sa.func.sum(stock_movements.c.additional_seats_allocated).label("seats"),
        )
        .where(stock_movements.c.activation_id.is_not(None))
        .group_by(stock_movements.c.partner_id, stock_movements.c.product_id, stock_movements.c.activation_id)
        .subquery("held")
    )
    licenses, seats = sa.func.coalesce(held.c.licenses, 0), sa.func.coalesce(held.c.seats, 0)
    is_active = activations.c.status == ActivationStatus.ACTIVE
    right = sa.case((is_active, 1), else_=0)
    right_seats = sa.case((is_active, activations.c.additional_seats), else_=0)
    joined = activations.outerjoin(
        held,
        sa.and_(
            held.c.partner_id == activations.c.partner_id,
            held.c.product_id == activations.c.product_id,
            held.c.activation_id == activations.c.id,
        ),
    )
    yield Check(
        "activations and ledger",
        sa.select(activations.c.partner_id, activations.c.id, licenses, right, seats, right_seats)
        .select_from(joined)
        .where(sa.or_(licenses != right, seats != right_seats)),
        "activation {0} holds {1} licenses and {3} additional seats by its movements, and has to hold {2} and {4}.",
    )


def _orders() -> Iterator[Check]:
    for name, price in (
        ("monthly_total", order_items.c.unit_monthly_price),
        ("setup_fee_total", order_items.c.unit_setup_fee),
    ):
        right = (
            sa.select(sa.func.coalesce(sa.func.sum(price * order_items.c.quantity), 0))
            .where(order_items.c.partner_id == orders.c.partner_id, order_items.c.order_id == orders.c.id)
            .scalar_subquery()
        )
        yield Check(
            "order totals",
            sa.select(orders.c.partner_id, orders.c.number, orders.c[name], right).where(orders.c[name] != right),
            f"order {{0}}: {name} is {{1}} cents, but its items come to {{2}}.",
        )
    counted = (
        sa.select(stock_movements.c.partner_id, stock_movements.c.order_id, sa.func.count().label("lines"))
        .where(stock_movements.c.order_id.is_not(None))
        .group_by(stock_movements.c.partner_id, stock_movements.c.order_id)
        .subquery("counted")
    )
    lines = sa.func.coalesce(counted.c.lines, 0)
    items = (
        sa.select(sa.func.count())
        .select_from(order_items)
        .where(order_items.c.partner_id == orders.c.partner_id, order_items.c.order_id == orders.c.id)
        .scalar_subquery()
    )
    of_order = sa.and_(counted.c.partner_id == orders.c.partner_id, counted.c.order_id == orders.c.id)
    expected = sa.case((orders.c.status == OrderStatus.COMPLETED, items), else_=0)
    yield Check(
        "orders and ledger",
        sa.select(orders.c.partner_id, orders.c.number, lines, expected)
        .outerjoin_from(orders, counted, of_order)
        .where(lines != expected),
        "order {0} has {1} movements in the ledger, and has to have {2}.",
    )


def _clients() -> Iterator[Check]:
    of_client = activations.c.partner_id == clients.c.partner_id, activations.c.client_id == clients.c.id
    cancelled = clients.c.status == ClientStatus.CANCELLED
    active = sa.exists().where(*of_client, activations.c.status == ActivationStatus.ACTIVE)
    yield Check(
        "cancelled clients",
        sa.select(clients.c.partner_id, clients.c.id).where(cancelled, active),
        "client {0} is cancelled, but has an active activation.",
    )
    kept = sa.or_(
        *(clients.c[name].is_not(None) for name in ("cnpj", "name", "trade_name", "city", "state")),
        *(clients.c[name] != "" for name in ("name_folded", "trade_name_folded", "city_folded")),
        sa.exists().where(
            *of_client,
            sa.or_(
                activations.c.client_name_folded != "",
                activations.c.note.is_not(None),
                activations.c.cancellation_note.is_not(None),
            ),
        ),
    )
    yield Check(
        "cancelled clients",
        sa.select(clients.c.partner_id, clients.c.id).where(cancelled, kept),
        "client {0} is cancelled, but not all that says who it was is erased.",
    )
    copied = sa.exists().where(*of_client, activations.c.client_name_folded != clients.c.name_folded)
    yield Check(
        "sort keys",
        sa.select(clients.c.partner_id, clients.c.id).where(copied),
        "client {0}: the name that its activations are sorted by is not its own.",
    )


def _numbers() -> Iterator[Check]:
    for table, counter in ((orders, partner_counters.c.order_number), (events, partner_counters.c.event_number)):
        mine = table.c.partner_id == partner_counters.c.partner_id
        count = sa.select(sa.func.count()).select_from(table).where(mine).scalar_subquery()
        highest = sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0)).where(mine).scalar_subquery()
        yield Check(
            "numbers",
            sa.select(partner_counters.c.partner_id, count, highest, counter).where(
                sa.or_(count != highest, highest != counter)
            ),
            f"{table.name}: {{0}} rows, the highest number is {{1}} and the counter {{2}}; all three have to be equal.",
        )


def _references() -> Iterator[Check]:
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            target = key.column.table.alias()
            joined = table.outerjoin(target, key.parent == target.c[key.column.name])
            of = table.c.partner_id if "partner_id" in table.c else sa.null()
            row = table.c.id if "id" in table.c else key.parent
            lost: ColumnElement[bool] = target.c[key.column.name].is_(None)
            if "partner_id" in table.c and "partner_id" in target.c:
                lost = sa.or_(lost, target.c.partner_id != table.c.partner_id)
            yield Check(
                "references",
                sa.select(of, row).select_from(joined).where(key.parent.is_not(None), lost),
                f"{table.name} {{0}}: {key.parent.name} names no row of the same partner in {_name(key.column.table)}.",
            )


def _name(table: Any) -> str:  # noqa: ANN401 — what a foreign key points to is typed as any FROM clause.
    return table.name if isinstance(table, Table) else str(table)


async def _sqlite_file(connection: Connection) -> list[Finding]:
    found: list[Finding] = []
    for pragma, right in (("integrity_check", ("ok",)), ("foreign_key_check", None)):
        said = [tuple(row) for row in await connection.exec_driver_sql(f"PRAGMA {pragma}")]
        wrong = (" ".join(map(str, row)) for row in said if row != right)
        found += [Finding("file", None, f"SQLite's {pragma} says: {row}.") for row in wrong]
    return found
