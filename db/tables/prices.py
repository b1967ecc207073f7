"""Products, and the price tables of partners."""

import sqlalchemy as sa
from sqlalchemy import Column, UniqueConstraint

from db.engine.column_types import BytewiseText, Instant
from db.tables.columns import for_vendor, key_reference, one_of, own_id, partial, reference, table
from domain.orders import OrderType
from domain.price_tables import VersionState

products = table(
    "products",
    own_id(),
    Column("code", BytewiseText, nullable=False, unique=True),
    Column("name", sa.Text, nullable=False),
    Column("included_seats", sa.Integer, sa.CheckConstraint("included_seats >= 0", "included_seats"), nullable=False),
    Column("active", sa.Boolean, nullable=False),
)

price_tables = table(
    "price_tables",
    own_id(),
    Column("name", sa.Text, nullable=False),
    Column("name_folded", BytewiseText, nullable=False, unique=True),
)

price_table_versions = table(
    "price_table_versions",
    own_id(),
    reference("price_table_id", "price_tables"),
    Column("number", sa.Integer, nullable=False),
    *one_of("state", VersionState),
    Column("begins_at", Instant),
    Column("published_at", Instant),
    reference("published_by_id", "users", nullable=True),
    Column("tier_count", sa.BigInteger),
    Column("tier_sum", sa.BigInteger),
    Column("copy_of", sa.Integer),
    UniqueConstraint("price_table_id", "number"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (begins_at IS NOT NULL)", "published_with_begin"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (published_at IS NOT NULL)", "published_with_time"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (tier_count IS NOT NULL)", "published_with_count"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (tier_sum IS NOT NULL)", "published_with_sum"),
    partial("price_table_id", where="state = 'DRAFT'", name="uq_price_table_versions_one_draft", unique=True),
)

price_tiers = table(
    "price_tiers",
    key_reference("version_id", "price_table_versions"),
    key_reference("product_id", "products"),
    *one_of("order_type", OrderType, primary_key=True),
    Column("minimum_quantity", sa.Integer, primary_key=True, autoincrement=False),
    Column("unit_monthly_price", sa.BigInteger, nullable=False),
    Column("unit_setup_fee", sa.BigInteger, nullable=False),
    Column("bonus_quantity", sa.Integer, nullable=False),
    sa.CheckConstraint("minimum_quantity BETWEEN 1 AND 10000", "minimum_quantity"),
    sa.CheckConstraint("unit_monthly_price BETWEEN 0 AND 9999999999", "unit_monthly_price"),
    sa.CheckConstraint("unit_setup_fee BETWEEN 0 AND 9999999999", "unit_setup_fee"),
    sa.CheckConstraint("bonus_quantity BETWEEN 0 AND 10000", "bonus_quantity"),
)

partner_price_tables = table(
    "partner_price_tables",
    key_reference("partner_id", "partners"),
    key_reference("price_table_id", "price_tables"),
    Column("preselected", sa.Boolean, nullable=False),
    Column("active", sa.Boolean, nullable=False),
    sa.CheckConstraint("active OR NOT preselected", "preselected_is_active"),
    partial("partner_id", where="preselected", name="uq_partner_price_tables_one_preselected", unique=True),
    for_vendor("price_table_id"),
)
