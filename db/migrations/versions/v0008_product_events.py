"""Events of the vendor's products.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

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
    "PARTNER_CREATED",
    "PARTNER_UPDATED",
    "PARTNER_SUSPENDED",
    "PARTNER_REINSTATED",
    "PARTNER_CLOSED",
    "PARTNER_CONTACTS_ERASED",
    "PARTNER_POLICY_CHANGED",
    "STOCK_LOW",
)
NEW = ("PRODUCT_CREATED", "PRODUCT_UPDATED", "PRODUCT_RETIRED")


def upgrade() -> None:
    """Let an event refer to a product."""
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
        batch.add_column(sa.Column("product_id", ID, nullable=True))
        batch.create_foreign_key("fk_events_product_id", "products", ["product_id"], ["id"])
        batch.drop_constraint("ck_events_event_type", type_="check")
        batch.create_check_constraint("ck_events_event_type", _among(BEFORE + NEW))


def _among(types: tuple[str, ...]) -> str:
    return f"type IN ({', '.join(map(repr, types))})"
