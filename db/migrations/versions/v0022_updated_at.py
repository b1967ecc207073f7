"""Times of the last changes of clients, activations and partners.

Revision ID: 0022
Revises: 0021
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

NEVER = "1970-01-01T00:00:00.000000Z"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_EVENT = "(SELECT max(occurred_at) FROM events WHERE partner_id = {0}.partner_id AND {1}_id = {0}.id {2})"
LATEST = """SELECT partner_id, max(latest) FROM (
    SELECT partner_id, max(occurred_at) AS latest FROM events GROUP BY partner_id
    UNION ALL SELECT partner_id, max(updated_at) FROM clients GROUP BY partner_id
    UNION ALL SELECT partner_id, max(updated_at) FROM activations GROUP BY partner_id
) AS found GROUP BY partner_id"""
"""The latest time of each partner."""


def upgrade() -> None:
    """Add the columns and indexes, with the latest time that is known of each row."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    moment = sa.String(27) if is_sqlite else sa.DateTime(timezone=True)
    for table, began, of_event in (
        ("clients", "registered_at", LAST_EVENT.format("clients", "client", "AND activation_id IS NULL")),
        ("activations", "activated_at", LAST_EVENT.format("activations", "activation", "")),
    ):
        op.add_column(table, sa.Column("updated_at", moment, nullable=False, server_default=sa.text(f"'{NEVER}'")))
        later = "max" if is_sqlite else "greatest"
        times = f"{began}, coalesce(cancelled_at, {began}), coalesce({of_event}, {began})"
        op.execute(f"UPDATE {table} SET updated_at = {later}({times})")  # noqa: S608 — our own.
        op.create_index(f"ix_{table}_partner_id_updated_at_id", table, ["partner_id", "updated_at", "id"])
    op.add_column("partner_counters", sa.Column("changed_at", sa.BigInteger(), nullable=False, server_default="0"))
    write = sa.text("UPDATE partner_counters SET changed_at = :latest WHERE partner_id = :partner_id")
    for partner_id, latest in op.get_bind().execute(sa.text(LATEST)).all():
        op.get_bind().execute(write, {"partner_id": partner_id, "latest": _microseconds(latest)})


def _microseconds(latest: str | datetime) -> int:
    moment = datetime.fromisoformat(latest) if isinstance(latest, str) else latest
    return (moment - EPOCH) // timedelta(microseconds=1)
