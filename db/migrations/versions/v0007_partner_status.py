"""Statuses, contacts and policies of partners, and the events of their changes.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

BEFORE = (
    "CLIENT_REGISTERED",
    "CLIENT_UPDATED",
    "CLIENT_CANCELLED",
    "LICENSE_ACTIVATED",
    "ACTIVATION_CANCELLED",
    "ACTIVATION_MOVED",
    "ORDER_CREATED",
    "ORDER_APPROVED",
    "ORDER_CANCELLED",
    "TOKEN_CREATED",
    "TOKEN_REVOKED",
)
NEW = (
    "PARTNER_CREATED",
    "PARTNER_UPDATED",
    "PARTNER_SUSPENDED",
    "PARTNER_REINSTATED",
    "PARTNER_CLOSED",
    "PARTNER_CONTACTS_ERASED",
    "PARTNER_POLICY_CHANGED",
    "STOCK_LOW",
)


def upgrade() -> None:
    """Make each partner active, without contacts and with all policies off."""
    _partners()
    _event_types()


def _partners() -> None:
    def check(name: str, condition: str) -> sa.CheckConstraint:
        return sa.CheckConstraint(condition, name=op.f(f"ck_partners_{name}"))

    # SQLite adds a CHECK only with its column.
    for column in (
        sa.Column(
            "status",
            sa.String(32),
            check("partner_status", "status IN ('ACTIVE', 'SUSPENDED', 'CLOSED')"),
            nullable=False,
            server_default="ACTIVE",
        ),
        sa.Column(
            "suspended_at",
            INSTANT,
            check("suspended_with_time", "(status = 'SUSPENDED') = (suspended_at IS NOT NULL)"),
        ),
        sa.Column(
            "suspension_reason",
            sa.Text(),
            check("suspended_with_reason", "(status = 'SUSPENDED') = (suspension_reason IS NOT NULL)"),
        ),
        sa.Column("closed_at", INSTANT, check("closed_with_time", "(status = 'CLOSED') = (closed_at IS NOT NULL)")),
        sa.Column("contacts", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("four_eyes", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("approval_ceiling", sa.BigInteger()),
        sa.Column("stock_warning_below", sa.Integer()),
    ):
        op.add_column("partners", column)


def _event_types() -> None:
    # SQLite changes no CHECK of a table: it gets a new table in the place of this one.
    events = sa.Table(
        "events",
        sa.MetaData(),
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("client_id", ID, nullable=True),
        sa.Column("activation_id", ID, nullable=True),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("token_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["activation_id"], ["activations.id"], name="fk_events_activation_id"),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name="fk_events_actor_id"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_events_client_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_events_order_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_events_partner_id"),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name="fk_events_token_id"),
        sa.CheckConstraint(_among(BEFORE), name="ck_events_event_type"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("partner_id", "number", name="uq_events_partner_id_number"),
        sa.Index("ix_events_partner_id_client_id_number", "partner_id", "client_id", "number"),
        sa.Index("ix_events_partner_id_order_id_number", "partner_id", "order_id", "number"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", copy_from=events) as batch:
        batch.drop_constraint("ck_events_event_type", type_="check")
        batch.create_check_constraint("ck_events_event_type", _among(BEFORE + NEW))


def _among(types: tuple[str, ...]) -> str:
    return f"type IN ({', '.join(map(repr, types))})"
