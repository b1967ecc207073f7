"""Second factors of users: secrets of apps, recovery codes, challenges of sign-ins, and the policy.

Revision ID: 0011
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.versions import v0008_product_events

revision = "0011"
down_revision = "0008"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

BEFORE = v0008_product_events.BEFORE + v0008_product_events.NEW
NEW = ("SECOND_FACTOR_ENABLED", "SECOND_FACTOR_DISABLED", "RECOVERY_CODE_USED")


def upgrade() -> None:
    """Add what a second factor needs; no user has one, and no partner requires it."""
    op.add_column("users", sa.Column("second_factor_since", INSTANT))
    op.add_column(
        "partners", sa.Column("second_factor_required", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "totp_secrets",
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (last_step IS NULL)", name=op.f("ck_totp_secrets_confirmed_with_step")
        ),
        *_of_user("totp_secrets"),
        sa.PrimaryKeyConstraint("partner_id", "user_id", name="pk_totp_secrets"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        *_of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("partner_id", "user_id", "digest", name="pk_recovery_codes"),
    )
    op.create_table(
        "sign_in_challenges",
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("password_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint("failures BETWEEN 0 AND 5", name=op.f("ck_sign_in_challenges_failures")),
        *_of_user("sign_in_challenges"),
        sa.PrimaryKeyConstraint("partner_id", "user_id", "digest", name="pk_sign_in_challenges"),
        sa.UniqueConstraint("digest", name="uq_sign_in_challenges_digest"),
    )
    _event_types()


def _of_user(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=f"fk_{table}_partner_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=f"fk_{table}_user_id"),
    )


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
        sa.Column("product_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["activation_id"], ["activations.id"], name="fk_events_activation_id"),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name="fk_events_actor_id"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name="fk_events_client_id"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_events_order_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_events_partner_id"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_events_product_id"),
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
