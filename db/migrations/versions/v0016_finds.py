"""Corrections of activations, and searches of their notes; indexes for filters and orders of lists.

Revision ID: 0016
Revises: 0015
"""

import re

import sqlalchemy as sa
from alembic import op

from domain.text import fold

revision = "0016"
down_revision = "0015"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

EVENTS = ("ACTIVATION_UPDATED",)

PAGE = 5_000
"""Rows that are read at once."""

NOTES = ("note", "cancellation_note")
ACTIVATIONS = sa.table(
    "activations",
    sa.column("id", ID),
    *(sa.column(f"{name}{suffix}", BYTEWISE) for name in NOTES for suffix in ("", "_folded")),
)

NOTED = "note_folded IS NOT NULL OR cancellation_note_folded IS NOT NULL"


def upgrade() -> None:
    """Allow the new type of event, fold the notes, and add the indexes; no product has a warning of its own."""
    _event_types()
    for name in NOTES:
        op.add_column("activations", sa.Column(f"{name}_folded", BYTEWISE, nullable=True))
    _fold_notes()
    op.add_column("license_stock", sa.Column("warning_below", sa.Integer(), nullable=True))
    _index("clients", "city_folded", "id")
    _index("activations", "activated_by_id", "activated_at", "id")
    _index("activations", "cancelled_at", "id", where="cancelled_at IS NOT NULL")
    _index("activations", "activated_at", "id", where=NOTED, name="ix_activations_noted")
    op.create_index("ix_activations_authorization_code", "activations", ["authorization_code"])
    of_printers = sa.text("ecf_serial_number IS NOT NULL")
    op.create_index(
        "ix_activations_ecf_serial_number",
        "activations",
        ["ecf_serial_number"],
        sqlite_where=of_printers,
        postgresql_where=of_printers,
    )
    _index("orders", "created_by_id", "number")
    _index("orders", "approved_by_id", "number", where="approved_by_id IS NOT NULL")
    _index("events", "actor_id", "number")
    for thing in ("client", "order"):
        op.drop_index(f"ix_events_partner_id_{thing}_id_number", "events")
    for thing in ("client", "order", "activation", "user", "token", "price_table"):
        _index("events", f"{thing}_id", "number", where=f"{thing}_id IS NOT NULL")


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


def _fold_notes() -> None:
    connection = op.get_bind()
    notes = [ACTIVATIONS.c[name] for name in NOTES]
    page = (
        sa.select(ACTIVATIONS.c.id, *notes)
        .where(sa.or_(*(note.is_not(None) for note in notes)))
        .order_by(ACTIVATIONS.c.id)
        .limit(PAGE)
    )
    write = (
        sa.update(ACTIVATIONS)
        .where(ACTIVATIONS.c.id == sa.bindparam("of_id"))
        .values({f"{name}_folded": sa.bindparam(f"new_{name}") for name in NOTES})
    )
    last = 0
    while rows := connection.execute(page.where(ACTIVATIONS.c.id > last)).all():
        connection.execute(
            write,
            [
                {
                    "of_id": row_id,
                    **{f"new_{name}": text and fold(text) for name, text in zip(NOTES, texts, strict=True)},
                }
                for row_id, *texts in rows
            ],
        )
        last = rows[-1][0]


def _index(table: str, *columns: str, where: str | None = None, name: str | None = None) -> None:
    """Create an index of a partner's rows, of those that fulfil the condition."""
    condition = None if where is None else sa.text(where)
    op.create_index(
        name or f"ix_{table}_partner_id_{'_'.join(columns)}",
        table,
        ["partner_id", *columns],
        sqlite_where=condition,
        postgresql_where=condition,
    )
