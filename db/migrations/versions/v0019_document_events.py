"""Events of documents that are registered and removed.

Revision ID: 0019
Revises: 0018
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

EVENTS = ("DOCUMENTS_REGISTERED", "DOCUMENTS_REMOVED")


def upgrade() -> None:
    """Allow the new types; no event has one."""
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
