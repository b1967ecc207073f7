"""The vendor as an organization with users of its own, and indexes for its lists of all partners.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from domain.text import fold

revision = "0006"
down_revision = "0005"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")

PARTNERS = sa.table("partners", sa.column("id", ID), sa.column("name", sa.Text), sa.column("name_folded", BYTEWISE))
ROLES = ("VIEWER", "OPERATOR", "MANAGER", "VENDOR_VIEWER", "VENDOR_SALES", "VENDOR_ADMIN")


def upgrade() -> None:
    """Let users have the vendor's roles; the partners and users that exist are as they were."""
    _partners()
    _roles()
    op.create_index("ix_clients_name_folded_id", "clients", ["name_folded", "id"])
    op.create_index("ix_clients_cnpj", "clients", ["cnpj"])
    op.create_index("ix_activations_activated_at_id", "activations", ["activated_at", "id"])
    op.create_index("ix_activations_activation_key", "activations", ["activation_key"])
    op.create_index("ix_orders_created_at_id", "orders", ["created_at", "id"])
    approved = sa.text("approved_at IS NOT NULL")
    op.create_index(
        "ix_orders_approved_at_id",
        "orders",
        ["approved_at", "id"],
        sqlite_where=approved,
        postgresql_where=approved,
    )


def _partners() -> None:
    op.add_column("partners", sa.Column("name_folded", BYTEWISE, nullable=False, server_default=""))
    op.add_column("partners", sa.Column("is_vendor", sa.Boolean(), nullable=False, server_default=sa.false()))
    connection = op.get_bind()
    for partner_id, name in connection.execute(sa.select(PARTNERS.c.id, PARTNERS.c.name)).all():
        of_partner = sa.update(PARTNERS).where(PARTNERS.c.id == partner_id)
        connection.execute(of_partner.values(name_folded=fold(name)))
    op.create_index("ix_partners_name_folded_id", "partners", ["name_folded", "id"])
    vendor = sa.text("is_vendor")
    op.create_index(
        "uq_partners_one_vendor",
        "partners",
        ["is_vendor"],
        unique=True,
        sqlite_where=vendor,
        postgresql_where=vendor,
    )


def _roles() -> None:
    # SQLite changes no CHECK of a table: it gets a new table in the place of this one.
    users = sa.Table(
        "users",
        sa.MetaData(),
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("email", BYTEWISE, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_users_partner_id"),
        sa.CheckConstraint("role IN ('VIEWER', 'OPERATOR', 'MANAGER')", name="ck_users_role"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.Index("ix_users_partner_id_id", "partner_id", "id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("users", copy_from=users) as batch:
        batch.drop_constraint("ck_users_role", type_="check")
        batch.create_check_constraint("ck_users_role", f"role IN ({', '.join(map(repr, ROLES))})")
