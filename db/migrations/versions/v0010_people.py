"""Invitations of users, links for new passwords, and the events of users.

Revision ID: 0010
Revises: 0009
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

ROLES = ("VIEWER", "OPERATOR", "MANAGER", "VENDOR_VIEWER", "VENDOR_SALES", "VENDOR_ADMIN")
DELIVERIES = ("LINK", "QUEUED", "SENT", "FAILED")
EVENTS = (
    "USER_INVITED",
    "INVITATION_REVOKED",
    "USER_JOINED",
    "USER_UPDATED",
    "USER_DEACTIVATED",
    "USER_REACTIVATED",
    "PASSWORD_CHANGED",
    "PASSWORD_RESET_LINK_CREATED",
    "SESSIONS_ENDED",
)


def upgrade() -> None:
    """Let users be invited and choose new passwords by links; no user has either yet."""
    op.create_table(
        "invitations",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("email", BYTEWISE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("delivery", sa.String(32), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("invited_by_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["invited_by_id"], ["users.id"], name=op.f("fk_invitations_invited_by_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_invitations_partner_id")),
        sa.CheckConstraint(_among("role", ROLES), name=op.f("ck_invitations_role")),
        sa.CheckConstraint(_among("delivery", DELIVERIES), name=op.f("ck_invitations_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitations_digest")),
        sa.UniqueConstraint("partner_id", "email", name=op.f("uq_invitations_partner_id_email")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_invitations_partner_id_id", "invitations", ["partner_id", "id"])
    op.create_table(
        "password_resets",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("created_by_id", ID, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_password_resets_created_by_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_password_resets_partner_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_password_resets_user_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_password_resets")),
    )
    op.create_index("ix_password_resets_partner_id_user_id", "password_resets", ["partner_id", "user_id"])
    _events()


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
        batch.add_column(sa.Column("user_id", ID, nullable=True))
        batch.create_foreign_key("fk_events_user_id", "users", ["user_id"], ["id"])
        if connection.dialect.name != "sqlite":
            batch.drop_constraint("ck_events_event_type", type_="check")
        batch.create_check_constraint("ck_events_event_type", _among("type", types))


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"
