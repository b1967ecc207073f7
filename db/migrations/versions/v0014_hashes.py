"""Hash chain of events, hashes of orders' lines, receipts of erasures, and opaque keys of cancelled clients.

Revision ID: 0014
Revises: 0013
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HASH = sa.LargeBinary(32)

PAGE = 5_000
"""Rows that are read at once."""

COUNTERS = sa.table("partner_counters", sa.column("partner_id", ID), sa.column("event_hash", HASH))
ORDERS = sa.table("orders", sa.column("id", ID), sa.column("lines_hash", HASH))
LINE = ("product_id", "quantity", "bonus_quantity", "seats", "unit_monthly_price", "unit_setup_fee")
ITEMS = sa.table(
    "order_items",
    sa.column("partner_id", ID),
    sa.column("order_id", ID),
    *(sa.column(name, sa.BigInteger) for name in LINE),
)

NOT_HASHED = frozenset({"id", "partner_id", "number", "hash"})
"""Columns of an event that its hash does not cover. The position in the chain implies the number."""


def upgrade() -> None:
    """Add the columns, fill the hashes, and replace the keys and serial numbers of cancelled clients."""
    # SQLite adds no column that is never null without a default, and with one it writes no row.
    op.add_column("events", sa.Column("erased", sa.Text(), nullable=True))
    no_bytes = sa.text("x''" if op.get_bind().dialect.name == "sqlite" else "''")
    for table, name in (("events", "hash"), ("partner_counters", "event_hash"), ("orders", "lines_hash")):
        op.add_column(table, sa.Column(name, HASH, nullable=False, server_default=no_bytes))
    _chain_events()
    _hash_lines()
    opaque = "'ERASED-' || CAST(id AS TEXT)"
    op.execute(
        f"UPDATE activations SET activation_key = {opaque}, "  # noqa: S608 — made of a constant.
        f"ecf_serial_number = CASE WHEN ecf_serial_number IS NOT NULL THEN {opaque} END "
        "WHERE client_id IN (SELECT id FROM clients WHERE status = 'CANCELLED')"
    )


def _chain_events() -> None:
    connection = op.get_bind()
    # Not by name, because a step before this one may have added a column.
    events = sa.Table("events", sa.MetaData(), autoload_with=connection, resolve_fks=False)
    hashed = sorted(column.name for column in events.columns if column.name not in NOT_HASHED)
    write = sa.update(events).where(events.c.id == sa.bindparam("of_id")).values(hash=sa.bindparam("new_hash"))
    latest: dict[int, bytes] = {}
    for rows in _pages(events, ("partner_id", "number")):
        lines = []
        for row in rows:
            former = latest.get(row["partner_id"], b"")
            content = "\n".join(f"{name}={_text(name, row[name])}" for name in hashed if row[name] is not None)
            latest[row["partner_id"]] = sha256(former + content.encode()).digest()
            lines.append({"of_id": row["id"], "new_hash": latest[row["partner_id"]]})
        connection.execute(write, lines)
    for partner_id, last in latest.items():
        connection.execute(
            sa.update(COUNTERS).where(COUNTERS.c.partner_id == partner_id).values(event_hash=last),
        )


def _hash_lines() -> None:
    connection = op.get_bind()
    write = sa.update(ORDERS).where(ORDERS.c.id == sa.bindparam("of_id")).values(lines_hash=sa.bindparam("new_hash"))
    connection.execute(sa.update(ORDERS).values(lines_hash=_hash_of([])))
    last, rest = 0, list[tuple[int, ...]]()
    for items in _pages(ITEMS, ("partner_id", "order_id", "product_id")):
        orders: dict[int, list[tuple[int, ...]]] = {last: rest}
        for item in items:
            orders.setdefault(item["order_id"], []).append(tuple(item[name] for name in LINE))
        # The last order may go on in the next page, and is then written again.
        last = items[-1]["order_id"]
        rest = orders[last]
        connection.execute(
            write, [{"of_id": order_id, "new_hash": _hash_of(of_order)} for order_id, of_order in orders.items()]
        )


def _hash_of(items: list[tuple[int, ...]]) -> bytes:
    return sha256(repr(items).encode()).digest()


def _pages(table: sa.FromClause, by: tuple[str, ...]) -> Iterator[list[Mapping[str, Any]]]:
    connection = op.get_bind()
    keys = [table.c[name] for name in by]
    page = sa.select(table).order_by(*keys).limit(PAGE)
    rows: list[Any] = list(connection.execute(page).mappings())
    while rows:
        yield rows
        last = sa.tuple_(*(sa.literal(rows[-1][name], ID) for name in by))
        rows = list(connection.execute(page.where(sa.tuple_(*keys) > last)).mappings())


def _text(name: str, value: Any) -> object:  # noqa: ANN401 — of any column.
    if name != "occurred_at":
        return value
    # SQLite has moments as text in UTC, which ends with Z.
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
