"""Statements that read orders and their items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db import partner_merges
from db.engine import Connection, filters, one, returned
from db.engine.expressions import AnyColumn, among, during
from db.engine.filters import PARTNER, Mine, Scoped, Shape, is_partner, of_parents, one_row, tenancy, value
from db.engine.keyset import Sorting
from db.engine.listings import LISTINGS_KEPT, Listing
from db.engine.statement import Statement
from db.few_matches import few_first
from db.tables import order_items, orders
from domain.orders import ITEMS_MAX, OrderStatus, OrderType
from domain.tenancy import ALL_PARTNERS, Scope


class OrderRow(NamedTuple):
    """Order; its totals are cents."""

    id: int
    partner_id: int
    number: int
    type: OrderType
    status: OrderStatus
    price_table_id: int
    price_table_version_id: int
    monthly_total: int
    setup_fee_total: int
    total_with_setup_fee: int
    note: str | None
    created_at: datetime
    created_by_id: int
    approved_at: datetime | None
    approved_by_id: int | None
    cancelled_at: datetime | None
    cancelled_by_id: int | None
    cancellation_note: str | None


class OrderItemRow(NamedTuple):
    """Line of an order; its prices are cents."""

    id: int
    partner_id: int
    order_id: int
    product_id: int
    quantity: int
    bonus_quantity: int
    total_quantity: int
    seats: int
    unit_monthly_price: int
    unit_setup_fee: int
    setup_fee: int
    monthly_total: int
    total_with_setup_fee: int


_TOTAL = orders.c.monthly_total + orders.c.setup_fee_total
_ORDER_VALUES: Mapping[str, AnyColumn] = dict(orders.c.items()) | {
    "total_with_setup_fee": _TOTAL.label("total_with_setup_fee"),
}
ORDER_COLUMNS = tuple(_ORDER_VALUES[name] for name in OrderRow._fields)

_quantity = sa.cast(order_items.c.quantity, sa.BigInteger)
_ITEM_VALUES: Mapping[str, AnyColumn] = dict(order_items.c.items()) | {
    "total_quantity": (order_items.c.quantity + order_items.c.bonus_quantity).label("total_quantity"),
    "setup_fee": (order_items.c.unit_setup_fee * _quantity).label("setup_fee"),
    "monthly_total": (order_items.c.unit_monthly_price * _quantity).label("monthly_total"),
    "total_with_setup_fee": ((order_items.c.unit_monthly_price + order_items.c.unit_setup_fee) * _quantity).label(
        "total_with_setup_fee"
    ),
}
_ITEMS = tuple(_ITEM_VALUES[name] for name in OrderItemRow._fields)


class OrderSortKey(Enum):
    """Sort keys of orders."""

    NUMBER = "NUMBER"
    CREATED_AT = "CREATED_AT"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Filter of orders. Totals are cents, with the setup fee."""

    number: int | None = None
    type: OrderType | None = None
    status: frozenset[OrderStatus] | None = None
    product_id: int | None = None
    created_by_id: int | None = None
    approved_by_id: int | None = None
    total_minimum: int | None = None
    total_maximum: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    completed_from: datetime | None = None
    completed_to: datetime | None = None


class OrdersTotal(NamedTuple):
    """Number of orders, and the sums of their totals in cents."""

    order_count: int
    monthly_total: int
    setup_fee_total: int

    @property
    def total_with_setup_fee(self) -> int:
        """Sum of both."""
        return self.monthly_total + self.setup_fee_total


_BILLION = 10**9
"""Totals are added up in billions and what is left of them: SQLite's sum of so many cents has 64 bits."""


def listing(scope: Scope, chosen: OrderFilter, by: OrderSortKey, *, descending: bool) -> Listing[OrderRow]:
    """Return the list of a scope's orders that match the filter."""
    shape, values = filters.shaped(scope, chosen)
    return _listing(shape, by, descending=descending, all_partners=scope is ALL_PARTNERS).of(values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(shape: Shape, by: OrderSortKey, *, descending: bool, all_partners: bool) -> Listing[OrderRow]:
    key = orders.c.number if by is OrderSortKey.NUMBER else orders.c.created_at
    mine, chosen = tenancy(all_partners=all_partners), filters.named(OrderFilter, shape)
    listed = Listing(
        name="orders",
        row=OrderRow,
        columns=ORDER_COLUMNS,
        where=_where(shape, all_partners=all_partners),
        key=key.name,
        sorting=Sorting(key, orders.c.id, descending=descending),
    )
    if filters.matches_none(shape):
        return listed
    by_user = chosen.approved_by_id if chosen.created_by_id is None else chosen.created_by_id
    if all_partners and by is OrderSortKey.NUMBER and by_user is not None:
        return partner_merges.merged(listed, partner_merges.of_user(by_user))
    looked_up = _looked_up(chosen, by, all_partners=all_partners)
    if looked_up is None:
        return listed
    column, conditions = looked_up
    matching = sa.select(orders.c.id).where(mine(orders.c.partner_id), *conditions)
    return few_first(listed, matching.order_by(column, orders.c.id), mine)


def _looked_up(
    chosen: OrderFilter, by: OrderSortKey, *, all_partners: bool
) -> tuple[AnyColumn, Sequence[ColumnElement[bool]]] | None:
    """Return conditions that an index serves in another order than that of the list, and the column of that order."""
    by_user, created = [*_by_user(chosen)], [*during(orders.c.created_at, chosen.created_from, chosen.created_to)]
    if chosen.number is not None:
        # One order of a partner matches.
        return None
    if by is OrderSortKey.NUMBER:
        return (orders.c.created_at, created) if created else None
    # The indexes of users are of one partner each.
    return (orders.c.number, by_user) if by_user and not all_partners else None


def of_partners(scope: Scope, partner_ids: Sequence[int], status: OrderStatus | None) -> Listing[OrderRow]:
    """Return the lists of these partners' orders, newest first."""
    values = {"partner_id": scope, "parent_ids": partner_ids}
    return _LISTINGS_OF_PARTNERS[status, scope is ALL_PARTNERS].of(values)


def _of_partners(status: OrderStatus | None, *, all_partners: bool) -> Listing[OrderRow]:
    mine = tenancy(all_partners=all_partners)
    return Listing(
        name="partner.orders",
        row=OrderRow,
        columns=ORDER_COLUMNS,
        where=[mine(orders.c.partner_id), *([] if status is None else [orders.c.status == status])],
        key="number",
        sorting=Sorting(orders.c.number, orders.c.id, descending=True),
        parent=orders.c.partner_id,
    )


_LISTINGS_OF_PARTNERS = {
    (status, all_partners): _of_partners(status, all_partners=all_partners)
    for status, all_partners in product((None, *OrderStatus), (False, True))
}


async def total(connection: Connection, scope: Scope, chosen: OrderFilter) -> OrdersTotal:
    """Return the number of a scope's orders that match the filter, and their sums."""
    shape, values = filters.shaped(scope, chosen)
    return await returned(connection, _total(shape, all_partners=scope is ALL_PARTNERS), values)


@lru_cache(maxsize=LISTINGS_KEPT)
def _total(shape: Shape, *, all_partners: bool) -> Statement[OrdersTotal]:
    billions = [
        sa.cast(sa.func.coalesce(sa.func.sum(part), 0), sa.BigInteger)
        for name in ("monthly_total", "setup_fee_total")
        for part in (orders.c[name] // _BILLION, orders.c[name] % _BILLION)
    ]
    return Statement(sa.select(sa.func.count(), *billions).where(*_where(shape, all_partners=all_partners)), _added_up)


def _added_up(order_count: int, *parts: int) -> OrdersTotal:
    monthly, monthly_rest, setup_fee, setup_fee_rest = parts
    return OrdersTotal(order_count, monthly * _BILLION + monthly_rest, setup_fee * _BILLION + setup_fee_rest)


def _where(shape: Shape, *, all_partners: bool) -> list[ColumnElement[bool]]:
    mine = tenancy(all_partners=all_partners)
    return [mine(orders.c.partner_id), *_conditions(filters.named(OrderFilter, shape), mine)]


def _conditions(chosen: OrderFilter, mine: Mine) -> Iterable[ColumnElement[bool]]:
    if chosen.number is not None:
        yield orders.c.number == chosen.number
    if chosen.type is not None:
        yield orders.c.type == chosen.type
    if chosen.status is not None:
        yield filters.one_of(orders.c.status, "status", chosen.status)
    if chosen.product_id is not None:
        # Most products are in many of the orders, so that few orders have to be looked at for a page.
        yield sa.exists().where(
            mine(order_items.c.partner_id),
            order_items.c.partner_id == orders.c.partner_id,
            order_items.c.order_id == orders.c.id,
            order_items.c.product_id == chosen.product_id,
        )
    yield from _by_user(chosen)
    if chosen.total_minimum is not None:
        yield chosen.total_minimum <= _TOTAL
    if chosen.total_maximum is not None:
        yield chosen.total_maximum >= _TOTAL
    yield from during(orders.c.created_at, chosen.created_from, chosen.created_to)
    yield from during(orders.c.approved_at, chosen.completed_from, chosen.completed_to)


def _by_user(chosen: OrderFilter) -> Iterable[ColumnElement[bool]]:
    if chosen.created_by_id is not None:
        yield orders.c.created_by_id == chosen.created_by_id
    if chosen.approved_by_id is not None:
        yield orders.c.approved_by_id == chosen.approved_by_id


by_ids = filters.rows_by_id(orders, ORDER_COLUMNS, OrderRow)
"""The orders of a scope, by id."""
items_by_ids = filters.rows_by_id(order_items, _ITEMS, OrderItemRow)
"""The order items of a scope, by id."""


def _items_of(mine: Mine) -> Statement[OrderItemRow]:
    return Statement(
        sa.select(*_ITEMS)
        .where(mine(order_items.c.partner_id), among(order_items.c.order_id, "order_ids"))
        .order_by(order_items.c.order_id, order_items.c.id),
        OrderItemRow,
        reads=lambda values: len(values["order_ids"]) * ITEMS_MAX,
    )


_ITEMS_OF = Scoped(_items_of(is_partner), _items_of(of_parents(orders, "order_ids")))
_ID_BY_NUMBER: Statement[int] = Statement(
    sa.select(orders.c.id).where(orders.c.partner_id == PARTNER, orders.c.number == sa.bindparam("number")),
    value,
    reads=one_row,
)


async def id_by_number(connection: Connection, partner_id: int, number: int) -> int | None:
    """Return the partner's order with that number, or None."""
    return await one(connection, _ID_BY_NUMBER, {"partner_id": partner_id, "number": number})


async def items_of(connection: Connection, scope: Scope, order_ids: Sequence[int]) -> Mapping[int, list[OrderItemRow]]:
    """Return the items of these orders, in the order of entry."""
    found = await connection.fetch(_ITEMS_OF.within(scope), {"partner_id": scope, "order_ids": order_ids})
    by_order: dict[int, list[OrderItemRow]] = {}
    for row in found:
        by_order.setdefault(row.order_id, []).append(row)
    return by_order
