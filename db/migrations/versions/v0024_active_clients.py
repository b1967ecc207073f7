"""Indexes of active clients by name and by place.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

IS_ACTIVE = "status = 'ACTIVE'"
INDEXES = {
    "ix_clients_active_by_name": ["partner_id", "name_folded", "id"],
    "ix_clients_active_by_city": ["partner_id", "city_folded", "id"],
    "ix_clients_active_of_all_by_name": ["name_folded", "id"],
}


def upgrade() -> None:
    """Add the indexes."""
    active = sa.text(IS_ACTIVE)
    for name, columns in INDEXES.items():
        op.create_index(name, "clients", columns, sqlite_where=active, postgresql_where=active)
