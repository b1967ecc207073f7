"""Indexes in which a search finds clients in the order of their names.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"

SEARCHED = ["name_folded", "id", "trade_name_folded", "cnpj", "status"]


def upgrade() -> None:
    """Replace the indexes by name, and the one that was searched in no order."""
    op.create_index("ix_clients_search", "clients", ["partner_id", *SEARCHED])
    op.create_index("ix_clients_search_of_all", "clients", SEARCHED)
    for columns in ("partner_id_name_folded_id", "partner_id_names_folded_cnpj_status_id", "name_folded_id"):
        op.drop_index(f"ix_clients_{columns}", "clients")
