"""Both names of a client in one column, which is searched in an index alone.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

CLIENTS = sa.table(
    "clients", *(sa.column(name, BYTEWISE) for name in ("name_folded", "trade_name_folded", "names_folded"))
)


def upgrade() -> None:
    """Add the column, fill it from the names that are folded already, and then make the index, which is faster so."""
    # With a constant default, neither engine writes a row of the table anew for the column.
    op.add_column("clients", sa.Column("names_folded", BYTEWISE, nullable=False, server_default=""))
    name, trade_name = CLIENTS.c.name_folded, CLIENTS.c.trade_name_folded
    both = sa.case((trade_name == "", name), else_=name + "\n" + trade_name)
    # A cancelled client has neither name, and the column is as it has to be.
    op.execute(sa.update(CLIENTS).where(sa.or_(name != "", trade_name != "")).values(names_folded=both))
    op.create_index(
        "ix_clients_partner_id_names_folded_cnpj_status_id",
        "clients",
        ["partner_id", "names_folded", "cnpj", "status", "id"],
    )
