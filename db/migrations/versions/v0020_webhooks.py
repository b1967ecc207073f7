"""Webhooks, what was sent to them, and their events.

Revision ID: 0020
Revises: 0019
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

EVENTS = (
    "WEBHOOK_CREATED",
    "WEBHOOK_UPDATED",
    "WEBHOOK_PAUSED",
    "WEBHOOK_RESUMED",
    "WEBHOOK_SUSPENDED",
    "WEBHOOK_DELETED",
    "WEBHOOK_SECRET_ROTATED",
)
LANGUAGES = ("PORTUGUESE", "ENGLISH")
STATES = ("ACTIVE", "PAUSED", "SUSPENDED")
REASONS = ("FAILING", "GONE", "MAKER", "SELECTION", "KEYS", "EXPIRED")
STATUSES = ("QUEUED", "DELIVERED", "FAILED")
FAILURES = ("STATUS", "REDIRECT", "TIMEOUT", "UNREACHABLE", "ADDRESS", "TLS", "BROKEN", "NOT_SENT")


def upgrade() -> None:
    """Add the tables, and the types and column of their events; there is no webhook."""
    _events()
    op.create_table(
        "webhooks",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("maker_id", ID, nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("selection", sa.Text()),
        sa.Column("batch_size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("suspension_reason", sa.String(32)),
        sa.Column("suspended_at", INSTANT),
        sa.Column("told_at", INSTANT),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("previous_sealed", sa.LargeBinary()),
        sa.Column("previous_until", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("batch_end", sa.BigInteger()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.String(32)),
        sa.Column("leased_until", INSTANT),
        _check("webhooks", "batch_size", "batch_size BETWEEN 1 AND 100"),
        _check("webhooks", "suspended_with_reason", "(state = 'SUSPENDED') = (suspension_reason IS NOT NULL)"),
        _check("webhooks", "suspended_with_time", "(state = 'SUSPENDED') = (suspended_at IS NOT NULL)"),
        _check("webhooks", "previous_with_end", "(previous_sealed IS NULL) = (previous_until IS NULL)"),
        _check("webhooks", "failing_with_attempts", "(failing_since IS NULL) = (attempts = 0)"),
        _check("webhooks", "leased_with_end", "(sender IS NULL) = (leased_until IS NULL)"),
        _one_of("webhooks", "language", "language", LANGUAGES),
        _one_of("webhooks", "webhook_state", "state", STATES),
        _one_of("webhooks", "suspension_reason", "suspension_reason", REASONS),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_webhooks_partner_id"),
        sa.ForeignKeyConstraint(["maker_id"], ["users.id"], name="fk_webhooks_maker_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_webhooks_partner_id_id", "webhooks", ["partner_id", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("webhook_id", ID, nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("first_number", sa.BigInteger()),
        sa.Column("last_number", sa.BigInteger()),
        sa.Column("filter", sa.Text()),
        sa.Column("batched", sa.Boolean()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("failure", sa.String(32)),
        sa.Column("http_status", sa.Integer()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("duration_ms", sa.Integer()),
        sa.Column("answer", sa.Text()),
        sa.Column("next_attempt_at", INSTANT),
        _check("webhook_deliveries", "range", "(first_number IS NULL) = (last_number IS NULL)"),
        _check("webhook_deliveries", "range_with_filter", "(first_number IS NULL) = (filter IS NULL)"),
        _check("webhook_deliveries", "range_with_form", "(first_number IS NULL) = (batched IS NULL)"),
        _check("webhook_deliveries", "failed_with_failure", "(status = 'FAILED') = (failure IS NOT NULL)"),
        _check("webhook_deliveries", "sent_with_duration", "(status = 'QUEUED') = (duration_ms IS NULL)"),
        _one_of("webhook_deliveries", "delivery_status", "status", STATUSES),
        _one_of("webhook_deliveries", "delivery_failure", "failure", FAILURES),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_webhook_deliveries_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_webhook_deliveries_partner_id_webhook_id_id", "webhook_deliveries", ["partner_id", "webhook_id", "id"]
    )
    op.create_index("ix_webhook_deliveries_partner_id_id", "webhook_deliveries", ["partner_id", "id"])
    queued = sa.text("status = 'QUEUED'")
    op.create_index(
        "ix_webhook_deliveries_queued",
        "webhook_deliveries",
        ["partner_id", "webhook_id"],
        sqlite_where=queued,
        postgresql_where=queued,
    )


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _one_of(table: str, name: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    return _check(table, name, f"{column} IN ({', '.join(map(repr, values))})")


def _events() -> None:
    connection = op.get_bind()
    (check,) = (
        each["sqltext"]
        for each in sa.inspect(connection).get_check_constraints("events")
        if each["name"] == "ck_events_event_type"
    )
    types = (*re.findall(r"'([A-Z_]+)'", check), *EVENTS)
    # SQLite changes no CHECK of a table: it gets a new table in the place of this one, which leaves its CHECK behind.
    with op.batch_alter_table("events", table_kwargs={"sqlite_autoincrement": True}) as batch:
        if connection.dialect.name != "sqlite":
            batch.drop_constraint("ck_events_event_type", type_="check")
        batch.add_column(sa.Column("webhook_id", ID, nullable=True))
        batch.create_check_constraint("ck_events_event_type", f"type IN ({', '.join(map(repr, types))})")
    of_webhook = sa.text("webhook_id IS NOT NULL")
    op.create_index(
        "ix_events_partner_id_webhook_id_number",
        "events",
        ["partner_id", "webhook_id", "number"],
        sqlite_where=of_webhook,
        postgresql_where=of_webhook,
    )
