"""Partners, their counters, and the keys of their requests."""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from db.engine.column_types import BytewiseText, Instant
from db.tables.columns import hash_of, key_reference, one_of, own_id, partial, table
from domain.partners import PartnerStatus

partners = table(
    "partners",
    own_id(),
    Column("name", sa.Text, nullable=False),
    Column("name_folded", BytewiseText, nullable=False, server_default=""),  # SQLite adds no such column without one.
    Column("cnpj", sa.String(14), nullable=False, unique=True),
    Column("is_vendor", sa.Boolean, nullable=False, server_default=sa.false()),
    *one_of("status", PartnerStatus, server_default=PartnerStatus.ACTIVE.value),
    Column("suspended_at", Instant),
    Column("suspension_reason", sa.Text),
    Column("closed_at", Instant),
    Column("contacts", sa.Text, nullable=False, server_default="[]"),
    Column("four_eyes", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("approval_ceiling", sa.BigInteger),
    Column("stock_warning_below", sa.Integer),
    Column("api_token_networks", sa.Text, nullable=False, server_default=""),
    Column("second_factor_required", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("points_per_second", sa.Integer),
    sa.CheckConstraint("(status = 'SUSPENDED') = (suspended_at IS NOT NULL)", "suspended_with_time"),
    sa.CheckConstraint("(status = 'SUSPENDED') = (suspension_reason IS NOT NULL)", "suspended_with_reason"),
    sa.CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", "closed_with_time"),
    Index(None, "name_folded", "id"),
    partial("is_vendor", where="is_vendor", name="uq_partners_one_vendor", unique=True),
)

partner_counters = table(
    "partner_counters",
    key_reference("partner_id", "partners"),
    Column("order_number", sa.Integer, nullable=False),
    Column("event_number", sa.BigInteger, nullable=False),
    hash_of("event_hash"),
    Column("dropped_number", sa.BigInteger, nullable=False, server_default="0"),
    hash_of("dropped_hash"),
    # Microseconds since 1970 of the last transaction that appended events: db/change_times.py.
    Column("changed_at", sa.BigInteger, nullable=False, server_default="0"),
)

idempotency_keys = table(
    "idempotency_keys",
    key_reference("partner_id", "partners"),
    Column("mutation", sa.String(64), primary_key=True),
    Column("key_digest", sa.LargeBinary(32), primary_key=True),
    Column("input_digest", sa.LargeBinary(32), nullable=False),
    Column("outcome", sa.Text),
    Column("created_at", Instant, nullable=False),
    Index(None, "partner_id", "created_at"),
)

trusted_documents = table(
    "trusted_documents",
    own_id(),
    Column("document_id", BytewiseText, nullable=False, unique=True),
    Column("text", sa.Text, nullable=False),
    Column("registered_at", Instant, nullable=False),
)
