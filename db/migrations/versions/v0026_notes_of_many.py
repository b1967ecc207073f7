"""Folded copies of notes that were written for many activations at once, without which no search found them.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from domain.text import fold

revision = "0026"
down_revision = "0025"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

PAGE = 5_000
"""Rows that are read at once."""

NOTES = ("note", "cancellation_note")
ACTIVATIONS = sa.table(
    "activations",
    sa.column("id", ID),
    *(sa.column(f"{name}{suffix}", BYTEWISE) for name in NOTES for suffix in ("", "_folded")),
)


def upgrade() -> None:
    """Fold the notes that have no folded copy."""
    for name in NOTES:
        _fold(ACTIVATIONS.c[name], ACTIVATIONS.c[f"{name}_folded"])


def _fold(note: sa.ColumnClause[str], folded: sa.ColumnClause[str]) -> None:
    connection = op.get_bind()
    page = (
        sa.select(ACTIVATIONS.c.id, note)
        .where(note.is_not(None), folded.is_(None))
        .order_by(ACTIVATIONS.c.id)
        .limit(PAGE)
    )
    write = (
        sa.update(ACTIVATIONS)
        .where(ACTIVATIONS.c.id == sa.bindparam("of_id"))
        .values({folded.name: sa.bindparam("new_folded")})
    )
    last = 0
    while rows := connection.execute(page.where(ACTIVATIONS.c.id > last)).all():
        connection.execute(write, [{"of_id": row_id, "new_folded": fold(text)} for row_id, text in rows])
        last = rows[-1][0]
