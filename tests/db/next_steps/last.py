"""A column, after the indexes."""

import sqlalchemy as sa
from alembic import op

from tests.db.next_version import INDEXED, LAST

revision = LAST
down_revision = INDEXED


def upgrade() -> None:
    """Add it."""
    op.add_column("orders", sa.Column("remark", sa.Text(), nullable=True))
