"""Statements that read whole lists for exports: the columns of a file, joined and in the list's order.

Their rows are the driver's: enums by name, money in cents, and moments as text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from db.engine.expressions import AnyColumn, AnySelect, found_by_id, written
from db.engine.filters import PARTNER, values_of
from db.engine.listings import Listing
from db.engine.statement import Statement, Values
from db.tables import activations, clients, events, license_stock, orders, partners, price_tables, products, users
from domain.clients import REMOVED_NAME
from domain.export_columns import (
    ActivationColumn,
    ClientColumn,
    EventColumn,
    ExportColumn,
    LicenseStockColumn,
    OrderColumn,
)


class Export(NamedTuple):
    """Statement of an export, and the values that it binds."""

    statement: Statement[tuple[Any, ...]]
    values: Values


class _Joined(NamedTuple):
    """Rows that are joined to those of the list."""

    table: FromClause
    on: ColumnElement[bool]


class _Cell(NamedTuple):
    """Value of a column, and what is joined for it."""

    value: AnyColumn
    joined: _Joined | None = None


def _cells(table: FromClause, *columns: ExportColumn) -> dict[ExportColumn, _Cell]:
    """Return the cells of columns that have the names of the table's."""
    return {each: _Cell(table.c[each.name.lower()]) for each in columns}


def _moments(table: FromClause, *columns: ExportColumn) -> dict[ExportColumn, _Cell]:
    return {each: _Cell(written(table.c[each.name.lower()])) for each in columns}


def _join(
    table: FromClause, column: AnyColumn, name: str, show: Callable[[FromClause], AnyColumn] | None = None
) -> _Cell:
    """Return the cell with the name of an object to which the column refers."""
    other = table.alias(name)
    return _Cell(other.c.name if show is None else show(other), _Joined(other, other.c.id == column))


def _users(table: FromClause, **columns: ExportColumn) -> dict[ExportColumn, _Cell]:
    return {column: _join(users, table.c[name], name.removesuffix("_id")) for name, column in columns.items()}


_PRODUCT = "product"
_CLIENT = clients.alias("of_client")
_client_name = sa.func.coalesce(_CLIENT.c.name, REMOVED_NAME)
_OF_ACTIVATION = _Joined(
    _CLIENT,
    sa.and_(found_by_id(_CLIENT.c.partner_id) == activations.c.partner_id, _CLIENT.c.id == activations.c.client_id),
)
_OF_EVENT = _Joined(
    _CLIENT, sa.and_(found_by_id(_CLIENT.c.partner_id) == events.c.partner_id, _CLIENT.c.id == events.c.client_id)
)
_ACTIVATION, _ORDER = activations.alias("of_activation"), orders.alias("of_order")


def _product(table: FromClause, column: ExportColumn, code: ExportColumn) -> dict[ExportColumn, _Cell]:
    other = products.alias(_PRODUCT)
    joined = _Joined(other, other.c.id == table.c.product_id)
    return {column: _Cell(other.c.name, joined), code: _Cell(other.c.code, joined)}


_CELLS: Mapping[ExportColumn, _Cell] = {
    ClientColumn.NAME: _Cell(sa.func.coalesce(clients.c.name, REMOVED_NAME)),
    **_cells(clients, ClientColumn.TRADE_NAME, ClientColumn.CNPJ, ClientColumn.CITY, ClientColumn.STATE),
    **_cells(clients, ClientColumn.STATUS, ClientColumn.CANCELLATION_NOTE, ClientColumn.ID),
    **_moments(clients, ClientColumn.REGISTERED_AT, ClientColumn.CANCELLED_AT),
    **_users(clients, cancelled_by_id=ClientColumn.CANCELLED_BY),
    ClientColumn.PARTNER: _join(partners, clients.c.partner_id, "partner"),
    ActivationColumn.CLIENT_NAME: _Cell(_client_name, _OF_ACTIVATION),
    ActivationColumn.CLIENT_CNPJ: _Cell(_CLIENT.c.cnpj, _OF_ACTIVATION),
    **_product(activations, ActivationColumn.PRODUCT, ActivationColumn.PRODUCT_CODE),
    **_cells(activations, ActivationColumn.AUTHORIZATION_CODE, ActivationColumn.ACTIVATION_KEY),
    **_cells(activations, ActivationColumn.ECF_SERIAL_NUMBER, ActivationColumn.SEATS),
    **_cells(activations, ActivationColumn.ADDITIONAL_SEATS, ActivationColumn.NOTE, ActivationColumn.STATUS),
    **_cells(activations, ActivationColumn.CANCELLATION_REASON, ActivationColumn.CANCELLATION_NOTE),
    **_cells(activations, ActivationColumn.ID),
    **_moments(activations, ActivationColumn.ACTIVATED_AT, ActivationColumn.CANCELLED_AT),
    **_users(activations, activated_by_id=ActivationColumn.ACTIVATED_BY, cancelled_by_id=ActivationColumn.CANCELLED_BY),
    ActivationColumn.PARTNER: _join(partners, activations.c.partner_id, "partner"),
    **_cells(orders, OrderColumn.NUMBER, OrderColumn.TYPE, OrderColumn.STATUS, OrderColumn.MONTHLY_TOTAL),
    **_cells(orders, OrderColumn.SETUP_FEE_TOTAL, OrderColumn.NOTE, OrderColumn.CANCELLATION_NOTE, OrderColumn.ID),
    OrderColumn.TOTAL_WITH_SETUP_FEE: _Cell(orders.c.monthly_total + orders.c.setup_fee_total),
    **_moments(orders, OrderColumn.CREATED_AT, OrderColumn.APPROVED_AT, OrderColumn.CANCELLED_AT),
    **_users(
        orders,
        created_by_id=OrderColumn.CREATED_BY,
        approved_by_id=OrderColumn.APPROVED_BY,
        cancelled_by_id=OrderColumn.CANCELLED_BY,
    ),
    OrderColumn.PRICE_TABLE: _join(price_tables, orders.c.price_table_id, "price_table"),
    OrderColumn.PARTNER: _join(partners, orders.c.partner_id, "partner"),
    **_product(license_stock, LicenseStockColumn.PRODUCT, LicenseStockColumn.PRODUCT_CODE),
    **_cells(license_stock, LicenseStockColumn.PURCHASED, LicenseStockColumn.BONUS, LicenseStockColumn.ACTIVATED),
    LicenseStockColumn.AVAILABLE: _Cell(license_stock.c.purchased + license_stock.c.bonus - license_stock.c.activated),
    **_cells(license_stock, LicenseStockColumn.ADDITIONAL_SEATS_TOTAL, LicenseStockColumn.ADDITIONAL_SEATS_ALLOCATED),
    LicenseStockColumn.ADDITIONAL_SEATS_AVAILABLE: _Cell(
        license_stock.c.additional_seats_total - license_stock.c.additional_seats_allocated
    ),
    LicenseStockColumn.PARTNER: _join(partners, license_stock.c.partner_id, "partner"),
    **_cells(events, EventColumn.NUMBER, EventColumn.TYPE, EventColumn.EXPORTED_LIST, EventColumn.ID),
    **_moments(events, EventColumn.OCCURRED_AT),
    **_users(events, actor_id=EventColumn.ACTOR, user_id=EventColumn.USER),
    EventColumn.CLIENT: _Cell(sa.case((events.c.client_id.is_not(None), _client_name)), _OF_EVENT),
    EventColumn.ACTIVATION: _Cell(
        _ACTIVATION.c.authorization_code,
        _Joined(
            _ACTIVATION,
            sa.and_(
                found_by_id(_ACTIVATION.c.partner_id) == events.c.partner_id,
                _ACTIVATION.c.id == events.c.activation_id,
            ),
        ),
    ),
    EventColumn.ORDER: _Cell(
        _ORDER.c.number,
        _Joined(
            _ORDER,
            sa.and_(found_by_id(_ORDER.c.partner_id) == events.c.partner_id, _ORDER.c.id == events.c.order_id),
        ),
    ),
    EventColumn.PRODUCT: _join(products, events.c.product_id, "product"),
    EventColumn.PRICE_TABLE: _join(price_tables, events.c.price_table_id, "price_table"),
    EventColumn.PARTNER: _join(partners, events.c.partner_id, "partner"),
}


def of_listing(listing: Listing[Any], columns: Sequence[ExportColumn], *, hidden: frozenset[ExportColumn]) -> Export:
    """Return the export of a list; hidden columns are null."""
    rows = _select(listing.sorting.id.table, columns, hidden).where(*listing.where)
    return _export(rows.order_by(*listing.sorting.clauses(reverse=False)), listing.values)


def of_stock(partner_id: int, product_id: int | None, columns: Sequence[ExportColumn]) -> Export:
    """Return the export of a partner's stock, of one product or all, in the order of the list."""
    rows = _select(license_stock, columns, frozenset()).where(license_stock.c.partner_id == PARTNER)
    values = {"partner_id": partner_id}
    if product_id is not None:
        rows = rows.where(license_stock.c.product_id == sa.bindparam("product_id"))
        values["product_id"] = product_id
    return _export(rows.order_by(license_stock.c.product_id), values)


def _select(table: FromClause, columns: Sequence[ExportColumn], hidden: frozenset[ExportColumn]) -> AnySelect:
    shown = [None if column in hidden else _CELLS[column] for column in columns]
    joined = {cell.joined: None for cell in shown if cell is not None and cell.joined is not None}
    of_all = table
    for other, on in joined:
        of_all = of_all.outerjoin(other, on)
    # Two columns may have one name, such as two users.
    values = [(sa.null() if cell is None else cell.value).label(f"cell_{number}") for number, cell in enumerate(shown)]
    return sa.select(*values).select_from(of_all)


def _export(rows: AnySelect, values: Values) -> Export:
    # Compiled for each export: there are too many choices of columns to keep them.
    return Export(Statement(rows, values_of), values)
