"""Failed sign-ins by e-mail and address, and when the user of a session gave the password.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    """Count anew: failures were counted by e-mail alone, and no digest tells of which address they were."""
    op.drop_table("sign_in_attempts")
    op.create_table(
        "sign_in_attempts",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_failure_at", INSTANT, nullable=False),
        sa.Column("last_failure_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_attempts")),
    )
    # Of the sessions of before, none was renewed: their users gave the password when they were made.
    op.add_column("tokens", sa.Column("signed_in_at", INSTANT, nullable=True))
