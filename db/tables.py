"""Tables. Each table of a partner's objects has partner_id in its keys and at the front of its indexes.

The vendor is a row of `partners` too, so that its users, tokens and idempotency keys are stored as a partner's.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from db.engine.column_types import BytewiseText, Id, Instant, one_of
from domain.access import Role, TokenKind
from domain.activations import ActivationCancellationReason, ActivationStatus
from domain.clients import ClientStatus
from domain.events import EventType
from domain.exports import ExportList
from domain.invitations import Delivery
from domain.licenses import StockMovementType
from domain.orders import OrderStatus, OrderType
from domain.partners import PartnerStatus
from domain.price_tables import VersionState

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable)


def _partner() -> Column[int]:
    return _ref("partner_id", "partners")


def _hash(name: str) -> Column[bytes]:
    # SQLite adds no such column without a default, which the engines write differently: no bytes.
    return Column(name, sa.LargeBinary(32), nullable=False, server_default=sa.FetchedValue())


def _for_vendor(*columns: str, where: str | None = None) -> Index:
    """Return an index for the vendor's users, whose lists are of all partners."""
    return Index(None, *columns) if where is None else _partial(*columns, where=where)


def _of_some(column: str, *order: str) -> Index:
    """Return an index for a reference that few rows have, so that the others need no entry."""
    return _partial("partner_id", column, *order, where=f"{column} IS NOT NULL")


def _partial(*columns: str, where: str, name: str | None = None) -> Index:
    return Index(name, *columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _table(name: str, *items: Column[Any] | sa.Constraint | Index) -> Table:
    return Table(name, metadata, *items, sqlite_autoincrement=any(getattr(item, "name", "") == "id" for item in items))


partners = _table(
    "partners",
    _id(),
    Column("name", sa.Text, nullable=False),
    Column("name_folded", BytewiseText, nullable=False, server_default=""),  # SQLite adds no such column without one.
    Column("cnpj", sa.String(14), nullable=False, unique=True),
    Column("is_vendor", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("status", one_of(PartnerStatus), nullable=False, server_default=PartnerStatus.ACTIVE.value),
    Column("suspended_at", Instant),
    Column("suspension_reason", sa.Text),
    Column("closed_at", Instant),
    Column("contacts", sa.Text, nullable=False, server_default="[]"),
    Column("four_eyes", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("approval_ceiling", sa.BigInteger),
    Column("stock_warning_below", sa.Integer),
    Column("api_token_networks", sa.Text, nullable=False, server_default=""),
    Column("second_factor_required", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("(status = 'SUSPENDED') = (suspended_at IS NOT NULL)", "suspended_with_time"),
    sa.CheckConstraint("(status = 'SUSPENDED') = (suspension_reason IS NOT NULL)", "suspended_with_reason"),
    sa.CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", "closed_with_time"),
    Index(None, "name_folded", "id"),
    Index(
        "uq_partners_one_vendor",
        "is_vendor",
        unique=True,
        sqlite_where=sa.text("is_vendor"),
        postgresql_where=sa.text("is_vendor"),
    ),
)

partner_counters = _table(
    "partner_counters",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("order_number", sa.Integer, nullable=False),
    Column("event_number", sa.BigInteger, nullable=False),
    _hash("event_hash"),
)

users = _table(
    "users",
    _id(),
    _partner(),
    Column("email", BytewiseText, nullable=False, unique=True),
    Column("name", sa.Text, nullable=False),
    Column("role", one_of(Role), nullable=False),
    Column("password_hash", sa.Text, nullable=False),
    Column("disabled_at", Instant),
    Column("second_factor_since", Instant),
    Column("email_proved_at", Instant),
    Index(None, "partner_id", "id"),
)

totp_secrets = _table(
    "totp_secrets",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("sealed", sa.LargeBinary, nullable=False),
    Column("enrolled_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("last_step", sa.BigInteger),
    sa.CheckConstraint("(confirmed_at IS NULL) = (last_step IS NULL)", "confirmed_with_step"),
)

recovery_codes = _table(
    "recovery_codes",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("digest", sa.LargeBinary(32), primary_key=True),
)

sign_in_challenges = _table(
    "sign_in_challenges",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("digest", sa.LargeBinary(32), primary_key=True, unique=True),
    Column("password_digest", sa.LargeBinary(32), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("failures", sa.Integer, sa.CheckConstraint("failures BETWEEN 0 AND 5", "failures"), nullable=False),
)

tokens = _table(
    "tokens",
    _id(),
    _partner(),
    _ref("user_id", "users"),
    Column("kind", one_of(TokenKind), nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("prefix", sa.String(16), nullable=False),
    Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    Column("permissions", sa.Text, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("last_used_at", Instant),
    Column("last_used_address", sa.String(45)),
    Column("revoked_at", Instant),
    Column("signed_in_at", Instant),
    Index(None, "partner_id", "kind", "id"),
)

invitations = _table(
    "invitations",
    _id(),
    _partner(),
    Column("email", BytewiseText, nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("role", one_of(Role), nullable=False),
    Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    Column("delivery", one_of(Delivery), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    _ref("invited_by_id", "users", nullable=True),
    UniqueConstraint("partner_id", "email"),
    Index(None, "partner_id", "id"),
)

password_resets = _table(
    "password_resets",
    Column("digest", sa.LargeBinary(32), primary_key=True),
    _partner(),
    _ref("user_id", "users"),
    _ref("created_by_id", "users", nullable=True),
    Column("expires_at", Instant, nullable=False),
    Column("by_email", sa.Boolean, nullable=False, server_default=sa.false()),
    Index(None, "partner_id", "user_id"),
)

identities = _table(
    "identities",
    Column("issuer", BytewiseText, primary_key=True),
    Column("subject", BytewiseText, primary_key=True),
    _partner(),
    _ref("user_id", "users"),
    Column("linked_at", Instant, nullable=False),
    UniqueConstraint("partner_id", "user_id", "issuer"),
)

sign_in_attempts = _table(
    "sign_in_attempts",
    Column("digest", sa.LargeBinary(32), primary_key=True),
    Column("failures", sa.Integer, nullable=False),
    Column("first_failure_at", Instant, nullable=False),
    Column("last_failure_at", Instant, nullable=False),
)

idempotency_keys = _table(
    "idempotency_keys",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("mutation", sa.String(64), primary_key=True),
    Column("key_digest", sa.LargeBinary(32), primary_key=True),
    Column("input_digest", sa.LargeBinary(32), nullable=False),
    Column("outcome", sa.Text),
    Column("created_at", Instant, nullable=False),
    Index(None, "partner_id", "created_at"),
)

trusted_documents = _table(
    "trusted_documents",
    _id(),
    Column("document_id", BytewiseText, nullable=False, unique=True),
    Column("text", sa.Text, nullable=False),
    Column("registered_at", Instant, nullable=False),
)

products = _table(
    "products",
    _id(),
    Column("code", BytewiseText, nullable=False, unique=True),
    Column("name", sa.Text, nullable=False),
    Column("included_seats", sa.Integer, sa.CheckConstraint("included_seats >= 0", "included_seats"), nullable=False),
    Column("active", sa.Boolean, nullable=False),
)

price_tables = _table(
    "price_tables",
    _id(),
    Column("name", sa.Text, nullable=False),
    Column("name_folded", BytewiseText, nullable=False, unique=True),
)

price_table_versions = _table(
    "price_table_versions",
    _id(),
    _ref("price_table_id", "price_tables"),
    Column("number", sa.Integer, nullable=False),
    Column("state", one_of(VersionState), nullable=False),
    Column("begins_at", Instant),
    Column("published_at", Instant),
    _ref("published_by_id", "users", nullable=True),
    Column("tier_count", sa.BigInteger),
    Column("tier_sum", sa.BigInteger),
    Column("copy_of", sa.Integer),
    UniqueConstraint("price_table_id", "number"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (begins_at IS NOT NULL)", "published_with_begin"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (published_at IS NOT NULL)", "published_with_time"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (tier_count IS NOT NULL)", "published_with_count"),
    sa.CheckConstraint("(state = 'PUBLISHED') = (tier_sum IS NOT NULL)", "published_with_sum"),
    Index(
        "uq_price_table_versions_one_draft",
        "price_table_id",
        unique=True,
        sqlite_where=sa.text("state = 'DRAFT'"),
        postgresql_where=sa.text("state = 'DRAFT'"),
    ),
)

price_tiers = _table(
    "price_tiers",
    Column("version_id", Id, ForeignKey("price_table_versions.id"), primary_key=True, autoincrement=False),
    Column("product_id", Id, ForeignKey("products.id"), primary_key=True, autoincrement=False),
    Column("order_type", one_of(OrderType), primary_key=True),
    Column("minimum_quantity", sa.Integer, primary_key=True, autoincrement=False),
    Column("unit_monthly_price", sa.BigInteger, nullable=False),
    Column("unit_setup_fee", sa.BigInteger, nullable=False),
    Column("bonus_quantity", sa.Integer, nullable=False),
    sa.CheckConstraint("minimum_quantity BETWEEN 1 AND 10000", "minimum_quantity"),
    sa.CheckConstraint("unit_monthly_price BETWEEN 0 AND 9999999999", "unit_monthly_price"),
    sa.CheckConstraint("unit_setup_fee BETWEEN 0 AND 9999999999", "unit_setup_fee"),
    sa.CheckConstraint("bonus_quantity BETWEEN 0 AND 10000", "bonus_quantity"),
)

partner_price_tables = _table(
    "partner_price_tables",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("price_table_id", Id, ForeignKey("price_tables.id"), primary_key=True, autoincrement=False),
    Column("preselected", sa.Boolean, nullable=False),
    Column("active", sa.Boolean, nullable=False),
    sa.CheckConstraint("active OR NOT preselected", "preselected_is_active"),
    Index(
        "uq_partner_price_tables_one_preselected",
        "partner_id",
        unique=True,
        sqlite_where=sa.text("preselected"),
        postgresql_where=sa.text("preselected"),
    ),
    _for_vendor("price_table_id"),
)

clients = _table(
    "clients",
    _id(),
    _partner(),
    Column("cnpj", BytewiseText),
    Column("name", sa.Text),
    Column("name_folded", BytewiseText, nullable=False),
    Column("trade_name", sa.Text),
    Column("trade_name_folded", BytewiseText, nullable=False),
    Column("names_folded", BytewiseText, nullable=False, server_default=""),  # SQLite adds no such column without one.
    Column("city", sa.Text),
    Column("city_folded", BytewiseText, nullable=False),
    Column("state", sa.String(2)),
    Column("status", one_of(ClientStatus), nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    _ref("cancelled_by_id", "users", nullable=True),
    Column("cancellation_note", sa.Text),
    UniqueConstraint("partner_id", "cnpj"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cnpj IS NULL)", "cancelled_without_cnpj"),
    sa.CheckConstraint("(cnpj IS NULL) = (name IS NULL)", "named_unless_cancelled"),
    Index(None, "partner_id", "name_folded", "id"),
    # A search looks at every client of the partner; all that it looks at is here, so that it reads no rows.
    Index(None, "partner_id", "names_folded", "cnpj", "status", "id"),
    Index(None, "partner_id", "registered_at", "id"),
    Index(None, "partner_id", "city_folded", "id"),
    _for_vendor("name_folded", "id"),
    _for_vendor("cnpj"),
)

activations = _table(
    "activations",
    _id(),
    _partner(),
    _ref("client_id", "clients"),
    _ref("product_id", "products"),
    Column("authorization_code", BytewiseText, nullable=False),
    Column("activation_key", BytewiseText, nullable=False),
    Column("ecf_serial_number", BytewiseText),
    Column("seats", sa.Integer, nullable=False),
    Column("additional_seats", sa.Integer, nullable=False),
    Column("note", sa.Text),
    Column("note_folded", BytewiseText),
    Column("client_name_folded", BytewiseText, nullable=False),
    Column("status", one_of(ActivationStatus), nullable=False),
    Column("activated_at", Instant, nullable=False),
    _ref("activated_by_id", "users"),
    Column("cancelled_at", Instant),
    _ref("cancelled_by_id", "users", nullable=True),
    Column("cancellation_reason", one_of(ActivationCancellationReason)),
    Column("cancellation_note", sa.Text),
    Column("cancellation_note_folded", BytewiseText),
    _ref("moved_to_id", "activations", nullable=True),
    UniqueConstraint("partner_id", "authorization_code"),
    sa.CheckConstraint("additional_seats >= 0 AND seats >= additional_seats", "seats"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cancellation_reason IS NOT NULL)", "cancelled_with_reason"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", "cancelled_with_time"),
    Index(None, "partner_id", "activated_at", "id"),
    Index(None, "partner_id", "client_name_folded", "id"),
    Index(None, "partner_id", "client_id", "activated_at", "id"),
    Index(None, "partner_id", "activation_key"),
    Index(None, "partner_id", "ecf_serial_number"),
    Index(None, "partner_id", "activated_by_id", "activated_at", "id"),
    _of_some("cancelled_at", "id"),
    # Most activations have no note.
    _partial(
        *("partner_id", "activated_at", "id"),
        where="note_folded IS NOT NULL OR cancellation_note_folded IS NOT NULL",
        name="ix_activations_noted",
    ),
    _for_vendor("activated_at", "id"),
    _for_vendor("activation_key"),
    _for_vendor("authorization_code"),
    _for_vendor("ecf_serial_number", where="ecf_serial_number IS NOT NULL"),
    Index(
        "uq_activations_active_key",
        *("partner_id", "client_id", "product_id", "activation_key"),
        unique=True,
        sqlite_where=sa.text("status = 'ACTIVE'"),
        postgresql_where=sa.text("status = 'ACTIVE'"),
    ),
)

license_stock = _table(
    "license_stock",
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True, autoincrement=False),
    Column("product_id", Id, ForeignKey("products.id"), primary_key=True, autoincrement=False),
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

orders = _table(
    "orders",
    _id(),
    _partner(),
    Column("number", sa.Integer, nullable=False),
    Column("type", one_of(OrderType), nullable=False),
    Column("status", one_of(OrderStatus), nullable=False),
    _ref("price_table_id", "price_tables"),
    _ref("price_table_version_id", "price_table_versions"),
    Column("monthly_total", sa.BigInteger, nullable=False),
    Column("setup_fee_total", sa.BigInteger, nullable=False),
    _hash("lines_hash"),
    Column("note", sa.Text),
    Column("created_at", Instant, nullable=False),
    _ref("created_by_id", "users"),
    Column("approved_at", Instant),
    _ref("approved_by_id", "users", nullable=True),
    Column("cancelled_at", Instant),
    _ref("cancelled_by_id", "users", nullable=True),
    Column("cancellation_note", sa.Text),
    UniqueConstraint("partner_id", "number"),
    sa.CheckConstraint("(status = 'COMPLETED') = (approved_at IS NOT NULL)", "completed_when_approved"),
    sa.CheckConstraint("(status = 'CANCELLED') = (cancelled_at IS NOT NULL)", "cancelled_with_time"),
    Index(None, "partner_id", "created_at", "id"),
    Index(None, "partner_id", "created_by_id", "number"),
    _of_some("approved_by_id", "number"),
    _for_vendor("created_at", "id"),
    # Orders to be invoiced: the statement that reads them names a range of time, so that they are not null.
    _for_vendor("approved_at", "id", where="approved_at IS NOT NULL"),
)

order_items = _table(
    "order_items",
    _id(),
    _partner(),
    _ref("order_id", "orders"),
    _ref("product_id", "products"),
    Column("quantity", sa.Integer, nullable=False),
    Column("bonus_quantity", sa.Integer, nullable=False),
    Column("seats", sa.Integer, nullable=False),
    Column("unit_monthly_price", sa.BigInteger, nullable=False),
    Column("unit_setup_fee", sa.BigInteger, nullable=False),
    UniqueConstraint("partner_id", "order_id", "product_id"),
    sa.CheckConstraint("quantity BETWEEN 1 AND 10000", "quantity"),
)

stock_movements = _table(
    "stock_movements",
    _id(),
    _partner(),
    _ref("product_id", "products"),
    Column("type", one_of(StockMovementType), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    _ref("order_id", "orders", nullable=True),
    _ref("activation_id", "activations", nullable=True),
    Column("purchased", sa.Integer, nullable=False),
    Column("bonus", sa.Integer, nullable=False),
    Column("activated", sa.Integer, nullable=False),
    Column("additional_seats_total", sa.Integer, nullable=False),
    Column("additional_seats_allocated", sa.Integer, nullable=False),
    sa.CheckConstraint("(order_id IS NULL) <> (activation_id IS NULL)", "one_cause"),
    Index(None, "partner_id", "product_id", "occurred_at", "id"),
)

events = _table(
    "events",
    _id(),
    _partner(),
    Column("number", sa.BigInteger, nullable=False),
    Column("type", one_of(EventType), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    _ref("actor_id", "users", nullable=True),
    _ref("client_id", "clients", nullable=True),
    _ref("activation_id", "activations", nullable=True),
    _ref("order_id", "orders", nullable=True),
    _ref("token_id", "tokens", nullable=True),
    _ref("product_id", "products", nullable=True),
    _ref("user_id", "users", nullable=True),
    _ref("price_table_id", "price_tables", nullable=True),
    Column("erased", sa.Text),
    Column("exported_list", one_of(ExportList)),
    _hash("hash"),
    UniqueConstraint("partner_id", "number"),
    Index(None, "partner_id", "actor_id", "number"),
    *(
        _of_some(f"{thing}_id", "number")
        for thing in ("client", "order", "product", "activation", "user", "token", "price_table")
    ),
)
