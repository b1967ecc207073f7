"""Folded texts in which apostrophes and dashes of every form are one, by which searches find each of them.

Revision ID: 0031
Revises: 0030
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from domain.text import fold

revision = "0031"
down_revision = "0030"

# The types as they were at this revision: what db/types.py becomes later must not change what this migration does.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

MARKS = "\u00b4\u2018\u2019\u201b\u02bc\u2032\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
PAGE = 5_000
"""Rows that are read at once."""


def _table(name: str, *columns: str, more: Sequence[str] = ()) -> sa.TableClause:
    texts = [*(f"{each}{suffix}" for each in columns for suffix in ("", "_folded")), *more]
    return sa.table(name, sa.column("id", ID), *(sa.column(each, BYTEWISE) for each in texts))


PARTNERS = _table("partners", "name")
PRICE_TABLES = _table("price_tables", "name")
CLIENTS = _table("clients", "name", "trade_name", "city", more=["names_folded"])
ACTIVATIONS = _table("activations", "note", "cancellation_note")
OF_CLIENT = sa.table("activations", sa.column("client_id", ID), sa.column("client_name_folded", BYTEWISE))

Folded = dict[str, str | None]


def upgrade() -> None:
    """Fold the texts that have such marks."""
    for rows in _pages(PARTNERS, "name"):
        _write(PARTNERS, [{"name_folded": fold(name)} for _, name in rows], rows)
    for rows in _pages(PRICE_TABLES, "name"):
        _fold_price_tables(rows)
    for rows in _pages(ACTIVATIONS, "note", "cancellation_note"):
        folded = [
            {"note_folded": note and fold(note), "cancellation_note_folded": reason and fold(reason)}
            for _, note, reason in rows
        ]
        _write(ACTIVATIONS, folded, rows)
    for rows in _pages(CLIENTS, "name", "trade_name", "city"):
        _fold_clients(rows)


def _pages(table: sa.TableClause, *names: str) -> Iterator[Sequence[Any]]:
    """Yield the ids and texts of rows that have such a mark in one of the texts."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        has_mark = sa.or_(*(table.c[name].op("GLOB")(f"*[{MARKS}]*") for name in names))
    else:
        has_mark = sa.or_(*(table.c[name].op("~")(f"[{MARKS}]") for name in names))
    page = sa.select(table.c.id, *(table.c[name] for name in names)).where(has_mark).order_by(table.c.id).limit(PAGE)
    last = 0
    while rows := connection.execute(page.where(table.c.id > last)).all():
        yield rows
        last = rows[-1][0]


def _write(table: sa.TableClause, folded: Sequence[Folded], rows: Sequence[Any]) -> None:
    values: dict[str, sa.BindParameter[str]] = {name: sa.bindparam(f"new_{name}") for name in folded[0]}
    write = sa.update(table).where(table.c.id == sa.bindparam("of_id")).values(values)
    bound = [
        {"of_id": row[0], **{f"new_{name}": text for name, text in new.items()}}
        for row, new in zip(rows, folded, strict=True)
    ]
    op.get_bind().execute(write, bound)


def _fold_price_tables(rows: Sequence[Any]) -> None:
    """Fold names, which are unique: one that is another's now gets the id of its table."""
    connection = op.get_bind()
    for row_id, name in rows:
        folded = fold(name)
        same = sa.select(PRICE_TABLES.c.id).where(PRICE_TABLES.c.name_folded == folded, PRICE_TABLES.c.id != row_id)
        new = name if connection.execute(same).first() is None else f"{name} ({row_id})"
        write = sa.update(PRICE_TABLES).where(PRICE_TABLES.c.id == row_id)
        connection.execute(write.values(name=new, name_folded=fold(new)))


def _fold_clients(rows: Sequence[Any]) -> None:
    folded: list[Folded] = []
    for _, *texts in rows:
        name, trade_name, city = (fold(text or "") for text in texts)
        both = f"{name}\n{trade_name}" if trade_name else name
        named = {"name_folded": name, "trade_name_folded": trade_name, "names_folded": both}
        folded.append({**named, "city_folded": city})
    _write(CLIENTS, folded, rows)
    write = sa.update(OF_CLIENT).where(OF_CLIENT.c.client_id == sa.bindparam("of_client"))
    op.get_bind().execute(
        write.values(client_name_folded=sa.bindparam("new_name")),
        [{"of_client": row[0], "new_name": new["name_folded"]} for row, new in zip(rows, folded, strict=True)],
    )
