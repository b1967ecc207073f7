"""Buckets of the rate limits, and the rate that the vendor allows a partner.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the buckets, which SQLite has in a file of their own, and let every partner have the portal's limit."""
    op.add_column("partners", sa.Column("points_per_second", sa.Integer()))
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "rate_buckets",
        sa.Column("bucket", text, nullable=False),
        sa.Column("empties_at", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_rate_buckets"),
        # No bucket outlives a minute: a crash may lose them, and a claim need not wait for the disk.
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
