"""Columns that only the next version knows, one of them filled for all rows."""

import sqlalchemy as sa
from alembic import op

from tests.db.next_version import BEFORE, EXPANDED

revision = EXPANDED
down_revision = BEFORE


def upgrade() -> None:
    """Add them, and a table."""
    op.create_table(
        "segments",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
    )
    op.add_column("clients", sa.Column("segment", sa.String(40), nullable=False, server_default=""))
    op.add_column("activations", sa.Column("weight", sa.Integer(), nullable=True))
    op.add_column("events", sa.Column("remark", sa.Text(), nullable=True))
    op.execute("UPDATE activations SET weight = seats")
