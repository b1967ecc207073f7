"""Checks of what has to balance: the stock, its ledger, and the orders and activations behind them."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.clients import NEVER
from db.doctor.findings import Check
from db.engine.column_types import Instant
from db.engine.expressions import AnySelect
from db.tables import activations, clients, license_stock, order_items, orders, stock_movements
from domain.activations import ActivationStatus
from domain.orders import OrderStatus, OrderType

_COUNTERS = ("purchased", "bonus", "activated", "additional_seats_total", "additional_seats_allocated")


def checks() -> Iterator[Check]:
    """Every check of a balance."""
    yield from _stock()
    yield from _activations()
    yield from _clients()
    yield from _orders()
    yield from _bought()


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


def _of_stock(counter: ColumnElement[int], right: ColumnElement[int]) -> AnySelect:
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


def _clients() -> Iterator[Check]:
    counted = (
        sa.select(
            activations.c.partner_id,
            activations.c.client_id,
            sa.func.max(activations.c.activated_at).label("latest"),
            sa.func.sum(sa.case((activations.c.status == ActivationStatus.ACTIVE, 1), else_=0)).label("active"),
        )
        .group_by(activations.c.partner_id, activations.c.client_id)
        .subquery("counted")
    )
    of_client = sa.and_(counted.c.partner_id == clients.c.partner_id, counted.c.client_id == clients.c.id)
    latest = sa.func.coalesce(counted.c.latest, sa.literal(NEVER, Instant()), type_=Instant())
    for name, right, message in (
        ("active_activations", sa.func.coalesce(counted.c.active, 0), "active_activations is {1}, but {2} are active."),
        ("last_activated_at", latest, "last_activated_at is {1}, but its latest activation is of {2}."),
    ):
        yield Check(
            "clients and activations",
            sa.select(clients.c.partner_id, clients.c.id, clients.c[name], right)
            .outerjoin_from(clients, counted, of_client)
            .where(clients.c[name] != right),
            f"client {{0}}: {message}",
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


def _bought() -> Iterator[Check]:
    is_purchase = orders.c.type == OrderType.PURCHASE
    quantity = order_items.c.quantity
    total = quantity + order_items.c.bonus_quantity
    wanted = (
        ("purchased", sa.case((is_purchase, quantity), else_=0)),
        ("bonus", sa.case((is_purchase, order_items.c.bonus_quantity), else_=0)),
        ("additional_seats_total", sa.case((is_purchase, 0), else_=total)),
    )
    of_item = sa.and_(
        stock_movements.c.partner_id == order_items.c.partner_id,
        stock_movements.c.order_id == order_items.c.order_id,
        stock_movements.c.product_id == order_items.c.product_id,
    )
    of_order = sa.and_(orders.c.partner_id == order_items.c.partner_id, orders.c.id == order_items.c.order_id)
    for name, right in wanted:
        added = stock_movements.c[name]
        yield Check(
            "orders and ledger",
            sa.select(order_items.c.partner_id, orders.c.number, order_items.c.product_id, added, right)
            .select_from(stock_movements.join(order_items, of_item).join(orders, of_order))
            .where(added != right),
            f"order {{0}}, product {{1}}: its movement adds {{2}} to {name}, and has to add {{3}}.",
        )
