"""When e-mails about a suspended webhook are tried again, and who got one.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the columns; without a time, e-mails that were not sent are tried at once."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column("webhooks", sa.Column("tell_at", sa.String(27) if is_sqlite else sa.DateTime(timezone=True)))
    op.add_column("webhooks", sa.Column("told_ids", sa.Text()))
