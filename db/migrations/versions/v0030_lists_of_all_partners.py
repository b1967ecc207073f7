"""The indexes by which the vendor's users read lists of all partners, and a smaller one of serial numbers.

Steps since the released version stop its servers already, so that they are built in their transaction.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

COLUMNS = {
    "activations": ("client_name_folded", "updated_at"),
    "clients": ("city_folded", "last_activated_at", "registered_at", "updated_at"),
    "orders": ("number",),
}
WITH_SERIAL_NUMBER = sa.text("ecf_serial_number IS NOT NULL")


def upgrade() -> None:
    """Add the indexes, and let activations without a serial number have no entry in that of serial numbers."""
    for table, columns in COLUMNS.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}_id", table, [column, "id"])
    op.create_index(
        "ix_activations_with_ecf_serial_number",
        "activations",
        ["partner_id", "ecf_serial_number"],
        sqlite_where=WITH_SERIAL_NUMBER,
        postgresql_where=WITH_SERIAL_NUMBER,
    )
    op.drop_index("ix_activations_partner_id_ecf_serial_number", "activations")
