"""What clients keep of their activations: the time of the latest one, and the number of active ones.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

NEVER = "1970-01-01T00:00:00.000000Z"
COUNTED = """UPDATE clients SET last_activated_at = found.latest, active_activations = found.active FROM (
    SELECT partner_id, client_id,
        max(activated_at) AS latest, sum(CASE WHEN status = 'ACTIVE' THEN 1 ELSE 0 END) AS active
    FROM activations GROUP BY partner_id, client_id
) AS found WHERE found.partner_id = clients.partner_id AND found.client_id = clients.id"""
BY_NAME = ["partner_id", "name_folded", "id"]
INDEXES = {
    "ix_clients_with_activations": "status = 'ACTIVE' AND active_activations > 0",
    "ix_clients_without_activations": "status = 'ACTIVE' AND active_activations = 0",
}


def upgrade() -> None:
    """Add the columns, count what there is, and add the indexes by which lists are read."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = sa.String(27) if is_sqlite else sa.DateTime(timezone=True)
    never = sa.text(f"'{NEVER}'")
    op.add_column("clients", sa.Column("last_activated_at", moment, nullable=False, server_default=never))
    # Alembic adds no column with a CHECK.
    op.execute(
        "ALTER TABLE clients ADD COLUMN active_activations INTEGER DEFAULT '0' NOT NULL "
        "CONSTRAINT ck_clients_active_activations CHECK (active_activations >= 0)"
    )
    op.execute(COUNTED)
    op.create_index("ix_clients_partner_id_last_activated_at_id", "clients", ["partner_id", "last_activated_at", "id"])
    for name, condition in INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "clients", BY_NAME, sqlite_where=where, postgresql_where=where)
