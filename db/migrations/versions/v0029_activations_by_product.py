"""The index of a partner's activations of one product.

Steps since the released version stop its servers already, so that it is built in their transaction.

Revision ID: 0029
Revises: 0028
"""

from alembic import op

revision = "0029"
down_revision = "0028"

COLUMNS = ["partner_id", "product_id", "activated_at", "id"]


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_activations_partner_id_product_id_activated_at_id", "activations", COLUMNS)
