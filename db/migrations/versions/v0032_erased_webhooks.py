"""Webhooks that are suspended because their URL or selection named a cancelled client.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

NAME = "ck_webhooks_suspension_reason"
REASONS = ("FAILING", "GONE", "MAKER", "SELECTION", "KEYS", "EXPIRED", "ERASED")


def upgrade() -> None:
    """Allow the new reason; no webhook has it."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    condition = " OR ".join(f"suspension_reason = '{reason}'" for reason in REASONS)
    # SQLite changes no CHECK of a table: it gets a new table in the place of this one, where a CHECK takes the place
    # of the one with its name.
    with op.batch_alter_table("webhooks", table_kwargs={"sqlite_autoincrement": True}) as batch:
        if not is_sqlite:
            batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), sa.text(condition))
