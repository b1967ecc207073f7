"""Orders, and the stock that they fill."""

import sqlalchemy as sa
from sqlalchemy import Column, Index, UniqueConstraint

from db.engine.column_types import Instant
from db.tables.columns import (
    for_vendor,
    hash_of,
    id_within_partner,
    key_reference,
    of_some,
    one_of,
    person,
    reference,
    reference_within_partner,
    table,
)
from domain.licenses import StockMovementType
from domain.orders import OrderStatus, OrderType

license_stock = table(
    "license_stock",
    key_reference("partner_id", "partners"),
    key_reference("product_id", "products"),
    Column("purchased", sa.Integer, nullable=False),
    Column("bonus", sa.Integer, nullable=False),
    Column("activated", sa.Integer, nullable=False),
    Column("additional_seats_total", sa.Integer, nullable=False),
    Column("additional_seats_allocated", sa.Integer, nullable=False),
    Column("warning_below", sa.Integer),
    sa.CheckConstraint("purchased >= 0 AND bonus >= 0", "bought"),
    sa.CheckConstraint("activated >= 0 AND activated <= purchased + bonus", "activated"),
    sa.CheckConstraint(
        "additional_seats_allocated >= 0 AND additional_seats_allocated <= additional_seats_total", "allocated"
    ),
)

orders = table(
    "orders",
    *id_within_partner(found_on_sqlite=True),
    Column("number", sa.Integer, nullable=False),
    *one_of("type", OrderType),
    *one_of("status", OrderStatus),
    reference("price_table_id", "price_tables"),
    reference("price_table_version_id", "price_table_versions"),
    Column("monthly_total", sa.BigInteger, nullable=False),
    Column("setup_fee_total", sa.BigInteger, nullable=False),
    hash_of("lines_hash"),
    Column("note", sa.Text),
    Column("created_at", Instant, nullable=False),
    person("created_by_id"),
    Column("approved_at", Instant),
    person("approved_by_id", nullable=True),
    Column("cancelled_at", Instant),
    person("cancelled_by_id", nullable=True),
    Column("cancellation_note", sa.Text),
    UniqueConstraint("partner_id", "number"),
    sa.CheckConstraint("(status = 'COMPLETED') = (approved_at IS NOT NULL)", "completed_when_approved"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", "cancelled_with_time"),
    Index(None, "partner_id", "created_at", "id"),
    Index(None, "partner_id", "created_by_id", "number"),
    of_some("approved_by_id", "number"),
    for_vendor("created_at", "id"),
    for_vendor("number", "id"),
    # Orders to be invoiced: the statement that reads them names a range of time, so that they are not null.
    for_vendor("approved_at", "id", where="approved_at IS NOT NULL"),
)

order_items = table(
    "order_items",
    *id_within_partner(found_on_sqlite=False),
    *reference_within_partner("order_id", "orders"),
    reference("product_id", "products"),
    Column("quantity", sa.Integer, nullable=False),
    Column("bonus_quantity", sa.Integer, nullable=False),
    Column("seats", sa.Integer, nullable=False),
    Column("unit_monthly_price", sa.BigInteger, nullable=False),
    Column("unit_setup_fee", sa.BigInteger, nullable=False),
    UniqueConstraint("partner_id", "order_id", "product_id"),
    sa.CheckConstraint("quantity BETWEEN 1 AND 10000", "quantity"),
)

stock_movements = table(
    "stock_movements",
    *id_within_partner(found_on_sqlite=False),
    reference("product_id", "products"),
    *one_of("type", StockMovementType),
    Column("occurred_at", Instant, nullable=False),
    *reference_within_partner("order_id", "orders", nullable=True),
    *reference_within_partner("activation_id", "activations", nullable=True),
    Column("purchased", sa.Integer, nullable=False),
    Column("bonus", sa.Integer, nullable=False),
    Column("activated", sa.Integer, nullable=False),
    Column("additional_seats_total", sa.Integer, nullable=False),
    Column("additional_seats_allocated", sa.Integer, nullable=False),
    sa.CheckConstraint("(order_id IS NULL) <> (activation_id IS NULL)", "one_cause"),
    Index(None, "partner_id", "product_id", "occurred_at", "id"),
)
