"""Checks that SQL can't make: hashes, check digits, shapes of codes, and folded names."""

from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Table

from db import audit, change_times
from db.doctor.findings import Finding
from db.engine import Connection
from db.engine.filters import value, values_of
from db.engine.paging import Pages
from db.engine.statement import Statement
from db.tables import activations, clients, order_items, orders, partner_counters, partners, price_tables
from domain import cnpj
from domain.activations import is_authorization_code
from domain.audit import lines_hash
from domain.text import fold


async def examine(connection: Connection, began: Callable[[str], object]) -> list[Finding]:
    """Run every check that reads rows."""
    found: list[Finding] = []
    for name, check in (
        ("event chain", _events),
        ("times of changes", _changes),
        ("order lines", _orders),
        ("contents", _contents),
    ):
        began(name)
        found += await check(connection)
    return found


_PARTNERS: Statement[int] = Statement(sa.select(partner_counters.c.partner_id), value)


async def _events(connection: Connection) -> list[Finding]:
    found = []
    for partner_id in await connection.fetch(_PARTNERS):
        verified = await audit.verify(connection, partner_id)
        if verified is not None and verified.broken_at is not None:
            sentence = (
                f"event {verified.broken_at} does not follow the one before it by its hash, or it is missing: "
                "an event was changed, added or removed."
            )
            found.append(Finding("event chain", partner_id, sentence))
    return found


_LAST_CHANGES = {
    table.name: Statement(
        sa.select(partner_counters.c.partner_id, partner_counters.c.changed_at, sa.func.max(table.c.updated_at))
        .join(table, table.c.partner_id == partner_counters.c.partner_id)
        .group_by(partner_counters.c.partner_id, partner_counters.c.changed_at),
        values_of,
    )
    for table in (clients, activations)
}


async def _changes(connection: Connection) -> list[Finding]:
    found = []
    for name, statement in _LAST_CHANGES.items():
        for partner_id, taken, latest in await connection.fetch(statement):
            if change_times.microseconds(latest) > taken:
                sentence = f"{name}: the last change is later than that of partner_counters, so that others are missed."
                found.append(Finding("times of changes", partner_id, sentence))
    return found


class _Line(NamedTuple):
    partner_id: int
    order_id: int
    product_id: int
    number: int
    lines_hash: bytes
    quantity: int
    bonus_quantity: int
    seats: int
    unit_monthly_price: int
    unit_setup_fee: int


async def _orders(connection: Connection) -> list[Finding]:
    item = order_items.c
    by = [item.partner_id, item.order_id, item.product_id]
    rows = sa.select(
        *(*by, orders.c.number, orders.c.lines_hash),
        *(item[name] for name in _Line._fields[5:]),
    ).join(orders, sa.and_(orders.c.partner_id == item.partner_id, orders.c.id == item.order_id))
    pages = Pages(rows, by)
    found: list[Finding] = []
    pending: list[_Line] = []
    while page := await pages.following(connection):
        lines = [*pending, *(_Line(*row) for row in page)]
        # The last order may go on in the next page.
        pending = [line for line in lines if line.order_id == lines[-1].order_id]
        found += _wrong_lines(lines[: len(lines) - len(pending)])
    return found + list(_wrong_lines(pending))


def _wrong_lines(lines: list[_Line]) -> Iterator[Finding]:
    for _, group in groupby(lines, itemgetter(1)):
        of_order = list(group)
        if lines_hash(of_order) != of_order[0].lines_hash:
            sentence = f"order {of_order[0].number}: its items are not those that it was created with."
            yield Finding("order lines", of_order[0].partner_id, sentence)


async def _contents(connection: Connection) -> list[Finding]:
    return [
        *await _wrong(connection, clients, ("cnpj",), _wrong_cnpj),
        *await _wrong(connection, partners, ("cnpj",), _wrong_cnpj),
        *await _wrong(connection, clients, ("name", "trade_name", "city"), _wrong_fold),
        *await _wrong(connection, partners, ("name",), _wrong_fold),
        *await _wrong(connection, price_tables, ("name",), _wrong_fold),
        *await _wrong(connection, activations, ("note", "cancellation_note"), _wrong_fold),
        *await _wrong(connection, activations, ("authorization_code",), _wrong_code),
    ]


async def _wrong(
    connection: Connection,
    table: Table,
    names: tuple[str, ...],
    complaints: Callable[[dict[str, Any]], Iterator[str]],
) -> list[Finding]:
    whose = table.c.id if table is partners else table.c.get("partner_id", sa.null())
    columns = [
        table.c[f"{name}{suffix}"] for name in names for suffix in ("", "_folded") if f"{name}{suffix}" in table.c
    ]
    pages = Pages(sa.select(table.c.id, whose.label("whose"), *columns), [table.c.id])
    found = []
    while page := await pages.following(connection):
        for row_id, partner_id, *values in page:
            row = {column.name: each for column, each in zip(columns, values, strict=True)}
            found += [
                Finding("contents", partner_id, f"{table.name} {row_id}: {complaint}") for complaint in complaints(row)
            ]
    return found


def _wrong_cnpj(row: dict[str, Any]) -> Iterator[str]:
    number = row["cnpj"]
    if number is not None and cnpj.parse(number) != number:
        yield "its CNPJ has wrong check digits, or is not stored as 14 characters without a mask."


def _wrong_fold(row: dict[str, Any]) -> Iterator[str]:
    for name in (name for name in row if f"{name}_folded" in row):
        if (row[f"{name}_folded"] or "") != fold(row[name] or ""):
            yield f"{name}_folded is not the folded {name}, so that it is sorted and found wrongly."


def _wrong_code(row: dict[str, Any]) -> Iterator[str]:
    if not is_authorization_code(row["authorization_code"]):
        yield "its authorization code is not five groups of five Crockford base-32 characters."
