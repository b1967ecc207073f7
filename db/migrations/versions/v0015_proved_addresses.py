"""Types of events about price tables, products and identities; proved addresses; what a draft is a copy of.

A token of the identity provider is linked by e-mail address only to a user whose address is proved: by an invitation or
a link for a new password that was sent there, or by the operator, who created the user. Of the users that exist, those
whom the operator created are proved, since no link was needed for them. Whether the others got their invitation by
e-mail is not stored any more, so that they count as not proved: identities that are linked stay linked, and a new
password by e-mail proves the address.

Of drafts that exist, it is not stored which version they are a copy of.

Revision ID: 0015
Revises: 0014
"""

import re
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

EVENTS = (
    "PRICE_TABLE_CREATED",
    "PRICE_TABLE_RENAMED",
    "PRICE_TABLE_DRAFTED",
    "PRICE_TABLE_DRAFT_DISCARDED",
    "PRODUCT_REINSTATED",
    "RECOVERY_CODES_RENEWED",
    "IDENTITY_LINKED",
    "IDENTITY_UNLINKED",
)


def upgrade() -> None:
    """Add the types and columns, and prove the addresses of users whom the operator created."""
    _event_types()
    with_product = sa.text("product_id IS NOT NULL")
    op.create_index(
        "ix_events_partner_id_product_id_number",
        "events",
        ["partner_id", "product_id", "number"],
        sqlite_where=with_product,
        postgresql_where=with_product,
    )
    op.add_column("users", sa.Column("email_proved_at", INSTANT, nullable=True))
    _prove()
    op.add_column("password_resets", sa.Column("by_email", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("price_table_versions", sa.Column("copy_of", sa.Integer(), nullable=True))


def _prove() -> None:
    connection = op.get_bind()
    now: object = datetime.now(UTC)
    if connection.dialect.name == "sqlite":
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    # A person who accepts an invitation is the actor of the event.
    by_operator = sa.text(
        "UPDATE users SET email_proved_at = :now WHERE NOT EXISTS (SELECT 1 FROM events e "
        "WHERE e.partner_id = users.partner_id AND e.type = 'USER_JOINED' AND e.user_id = users.id "
        "AND e.actor_id IS NOT NULL)"
    )
    connection.execute(by_operator.bindparams(sa.bindparam("now", now, INSTANT)))


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
