"""One row of each table for each of two partners, made from the tables' columns, and written without the portal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import sqlalchemy as sa

from db.engine import Transaction
from db.tables import metadata, partners
from domain.activations import ActivationStatus
from domain.clients import ClientStatus
from tests.units import insert

Row = Mapping[str, Any]
Rows = Mapping[str, Row]
"""One row of each table, by the table's name."""

AT = datetime(2026, 7, 1, tzinfo=UTC)

_CHOSEN: Mapping[str, Row] = {
    "clients": {"cnpj": "16727230000197", "name": "Alfa", "status": ClientStatus.ACTIVE},
    "activations": {"status": ActivationStatus.ACTIVE},
    "stock_movements": {"order_id": 1},
    "webhooks": {"attempts": 0},
}
"""Values of columns that may be null or that a CHECK compares with others; an id is replaced by the partner's."""

_numbers = count(1)


async def write_two_partners(tx: Transaction) -> tuple[Rows, Rows]:
    """Write one row of each table for each partner, or for both if the rows are no partner's; return them by table."""
    first: dict[str, Row] = {}
    second: dict[str, Row] = {}
    for table in metadata.sorted_tables:
        is_theirs = table is partners or "partner_id" in table.c
        for partner_id, rows in ((1, first), (2, second)):
            if is_theirs or partner_id == 1:
                rows[table.name] = new_row(table, partner_id, rows)
                await insert(tx, table, [rows[table.name]])
        second.setdefault(table.name, first[table.name])
    return first, second


def new_row(table: sa.Table, partner_id: int, others: Rows) -> dict[str, Any]:
    """Return a new row of the partner, which refers to its other rows."""
    number, chosen = next(_numbers), _CHOSEN.get(table.name, {})
    row = {column.name: chosen.get(column.name, _value(column, number)) for column in table.columns}
    if table is partners:
        row["id"] = partner_id
    for key in table.foreign_key_constraints:
        parent = key.elements[-1].parent.name
        if row[parent] is not None:
            row[parent] = others[key.referred_table.name]["id"]
    return row


def _value(column: sa.Column[Any], number: int) -> object:
    if column.nullable:
        return None
    match column.type:
        case sa.Enum():
            assert column.type.enum_class is not None
            return next(iter(column.type.enum_class))
        case sa.LargeBinary():
            return number.to_bytes(32)
        case sa.Integer():
            return number if column.name in {"id", "number"} else 1
        case sa.Text() | sa.String():
            return str(number)
    return False if isinstance(column.type, sa.Boolean) else AT
