"""Users who may no longer sign in.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Add the column; the users that exist are enabled."""
    op.add_column("users", sa.Column("disabled_at", INSTANT, nullable=True))
