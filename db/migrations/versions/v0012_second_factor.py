"""Second factors of users: secrets of apps, recovery codes, challenges of sign-ins, and the policy.

Revision ID: 0012
Revises: 0011
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

EVENTS = ("SECOND_FACTOR_ENABLED", "SECOND_FACTOR_DISABLED", "RECOVERY_CODE_USED")


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
        batch.create_check_constraint("ck_events_event_type", f"type IN ({', '.join(map(repr, types))})")
