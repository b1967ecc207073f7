"""The documents that are registered.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "trusted_documents",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("document_id", BYTEWISE, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_documents")),
        sa.UniqueConstraint("document_id", name=op.f("uq_trusted_documents_document_id")),
        sqlite_autoincrement=True,
    )
