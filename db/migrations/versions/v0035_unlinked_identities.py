"""Identities that were unlinked from users, and which API tokens identities created.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table and the column; who created the API tokens that exist is not known, and no identity did."""
    op.create_table(
        "unlinked_identities",
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_unlinked_identities_partner_id"),
        sa.ForeignKeyConstraint(
            ["partner_id", "user_id"],
            ["users.partner_id", "users.id"],
            name="fk_unlinked_identities_partner_id_user_id",
        ),
        sa.PrimaryKeyConstraint("partner_id", "user_id", "digest", name="pk_unlinked_identities"),
    )
    op.add_column("tokens", sa.Column("by_identity", sa.Boolean(), nullable=False, server_default=sa.false()))
