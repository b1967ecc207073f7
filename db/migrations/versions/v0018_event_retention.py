"""Number and hash of the last event of each partner that was deleted, from which its chain goes on.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns; no event was deleted before."""
    no_bytes = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''")
    op.add_column(
        "partner_counters", sa.Column("dropped_number", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column(
        "partner_counters", sa.Column("dropped_hash", sa.LargeBinary(32), nullable=False, server_default=no_bytes)
    )
