"""Events of exports, which name the exported list.

Revision ID: 0017
Revises: 0016
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

LISTS = ("CLIENTS", "ACTIVATIONS", "ORDERS", "LICENSE_STOCK", "EVENTS")


def upgrade() -> None:
    """Add the column and the type; no event has either."""
    connection = op.get_bind()
    (check,) = (
        each["sqltext"]
        for each in sa.inspect(connection).get_check_constraints("events")
        if each["name"] == "ck_events_event_type"
    )
    types = (*re.findall(r"'([A-Z_]+)'", check), "EXPORT_CREATED")
    # SQLite changes no CHECK of a table: it gets a new table in the place of this one, which leaves its CHECK behind.
    with op.batch_alter_table("events", table_kwargs={"sqlite_autoincrement": True}) as batch:
        if connection.dialect.name != "sqlite":
            batch.drop_constraint("ck_events_event_type", type_="check")
        batch.add_column(sa.Column("exported_list", sa.String(32), nullable=True))
        batch.create_check_constraint("ck_events_event_type", f"type IN ({', '.join(map(repr, types))})")
        batch.create_check_constraint("ck_events_export_list", f"exported_list IN ({', '.join(map(repr, LISTS))})")
