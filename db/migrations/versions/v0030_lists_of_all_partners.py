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
    "activations": (("client_name_folded", "id"), ("updated_at", "id")),
    "clients": (
        ("city_folded", "id", "status"),
        ("last_activated_at", "id"),
        ("registered_at", "id"),
        ("updated_at", "id"),
    ),
    "orders": (("number", "id"),),
}
WITH_SERIAL_NUMBER = sa.text("ecf_serial_number IS NOT NULL")


def upgrade() -> None:
    """Add the indexes, and let activations without a serial number have no entry in that of serial numbers."""
    for table, indexes in COLUMNS.items():
        for columns in indexes:
            op.create_index("_".join(["ix", table, *columns]), table, [*columns])
    op.create_index(
        "ix_activations_with_ecf_serial_number",
        "activations",
        ["partner_id", "ecf_serial_number"],
        sqlite_where=WITH_SERIAL_NUMBER,
        postgresql_where=WITH_SERIAL_NUMBER,
    )
    op.drop_index("ix_activations_partner_id_ecf_serial_number", "activations")
