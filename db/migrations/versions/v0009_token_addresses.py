"""Networks from which a partner's API tokens can be used, and the address of each token's last use.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Let API tokens be used from any address, as before."""
    op.add_column("partners", sa.Column("api_token_networks", sa.Text(), nullable=False, server_default=""))
    op.add_column("tokens", sa.Column("last_used_address", sa.String(45)))
