"""Corrections of activations.

Revision ID: 0016
Revises: 0014
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0014"

EVENTS = ("ACTIVATION_UPDATED",)


def upgrade() -> None:
    """Allow the new type of event."""
    _event_types()


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
