"""Webhooks of a partner, and what was sent to them."""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from db.engine.column_types import Id, Instant
from db.tables.columns import id_within_partner, one_of, partial, person, table
from domain.languages import Language
from domain.webhooks import DeliveryFailure, DeliveryStatus, SuspensionReason, WebhookState

webhooks = table(
    "webhooks",
    *id_within_partner(found_on_sqlite=True),
    person("maker_id"),
    Column("permissions", sa.Text, nullable=False),
    *one_of("language", Language),
    Column("url", sa.Text, nullable=False),
    Column("filter", sa.Text, nullable=False),
    Column("selection", sa.Text),
    Column("batch_size", sa.Integer, nullable=False),
    *one_of("state", WebhookState),
    *one_of("suspension_reason", SuspensionReason, nullable=True),
    Column("suspended_at", Instant),
    Column("told_at", Instant),
    Column("tell_at", Instant),
    Column("told_ids", sa.Text),
    Column("sealed", sa.LargeBinary, nullable=False),
    Column("public_key", sa.String(64), nullable=False),
    Column("previous_sealed", sa.LargeBinary),
    Column("previous_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("position", sa.BigInteger, nullable=False),
    Column("batch_end", sa.BigInteger),
    Column("attempts", sa.Integer, nullable=False),
    Column("failing_since", Instant),
    Column("next_attempt_at", Instant),
    Column("fence", sa.BigInteger, nullable=False),
    Column("sender", sa.String(32)),
    Column("leased_until", Instant),
    sa.CheckConstraint("batch_size BETWEEN 1 AND 100", "batch_size"),
    sa.CheckConstraint("(state = 'SUSPENDED') = (suspension_reason IS NOT NULL)", "suspended_with_reason"),
    sa.CheckConstraint("(state = 'SUSPENDED') = (suspended_at IS NOT NULL)", "suspended_with_time"),
    sa.CheckConstraint("(previous_sealed IS NULL) = (previous_until IS NULL)", "previous_with_end"),
    sa.CheckConstraint("(failing_since IS NULL) = (attempts = 0)", "failing_with_attempts"),
    sa.CheckConstraint("(sender IS NULL) = (leased_until IS NULL)", "leased_with_end"),
)

webhook_deliveries = table(
    "webhook_deliveries",
    *id_within_partner(found_on_sqlite=True),
    # No foreign key: those of a deleted webhook are deleted later, a few at a time.
    Column("webhook_id", Id, nullable=False),
    Column("message_id", sa.String(64), nullable=False),
    Column("first_number", sa.BigInteger),
    Column("last_number", sa.BigInteger),
    # With which a message is made again: the webhook's own may have changed.
    Column("filter", sa.Text),
    Column("batched", sa.Boolean),
    Column("attempt", sa.Integer, nullable=False),
    *one_of("status", DeliveryStatus),
    *one_of("failure", DeliveryFailure, nullable=True),
    Column("http_status", sa.Integer),
    Column("created_at", Instant, nullable=False),
    Column("duration_ms", sa.Integer),
    Column("answer", sa.Text),
    Column("next_attempt_at", Instant),
    sa.CheckConstraint("(first_number IS NULL) = (last_number IS NULL)", "range"),
    sa.CheckConstraint("(first_number IS NULL) = (filter IS NULL)", "range_with_filter"),
    sa.CheckConstraint("(first_number IS NULL) = (batched IS NULL)", "range_with_form"),
    sa.CheckConstraint("(status = 'FAILED') = (failure IS NOT NULL)", "failed_with_failure"),
    sa.CheckConstraint("(status = 'QUEUED') = (duration_ms IS NULL)", "sent_with_duration"),
    Index(None, "partner_id", "webhook_id", "id"),
    partial("partner_id", "webhook_id", where="status = 'QUEUED'", name="ix_webhook_deliveries_queued"),
)
