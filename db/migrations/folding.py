"""Texts that are folded again by a step, because marks that look alike are one since it.

It knows the tables as they are between steps 0031 and 0036, which are the ones that use it.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import sqlalchemy as sa
from alembic import op

from domain.text import fold

# The types as they were at these revisions: what db/types.py becomes later must not change what they do.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

NAME_LENGTH = 200
PAGE = 5_000
"""Rows that are read at once."""

NOTICES = "notices"
"""The attribute of Alembic's configuration that has a list for what the operator should know."""


def _table(name: str, *columns: str, more: Sequence[str] = ()) -> sa.TableClause:
    texts = [*(f"{each}{suffix}" for each in columns for suffix in ("", "_folded")), *more]
    return sa.table(name, sa.column("id", ID), *(sa.column(each, BYTEWISE) for each in texts))


PARTNERS = _table("partners", "name")
PRICE_TABLES = _table("price_tables", "name")
CLIENTS = _table("clients", "name", "trade_name", "city", more=["names_folded"])
ACTIVATIONS = _table("activations", "note", "cancellation_note")
OF_CLIENT = sa.table("activations", sa.column("client_id", ID), sa.column("client_name_folded", BYTEWISE))

Folded = dict[str, str | None]


def fold_again(marks: str) -> None:
    """Fold the texts of the rows that have one of these characters."""
    for rows in _pages(marks, PARTNERS, "name"):
        _write(PARTNERS, [{"name_folded": fold(name)} for _, name in rows], rows)
    for rows in _pages(marks, PRICE_TABLES, "name"):
        _fold_price_tables(rows)
    for rows in _pages(marks, ACTIVATIONS, "note", "cancellation_note"):
        folded = [
            {"note_folded": note and fold(note), "cancellation_note_folded": reason and fold(reason)}
            for _, note, reason in rows
        ]
        _write(ACTIVATIONS, folded, rows)
    for rows in _pages(marks, CLIENTS, "name", "trade_name", "city"):
        _fold_clients(rows)


def _pages(marks: str, table: sa.TableClause, *names: str) -> Iterator[Sequence[Any]]:
    """Yield the ids and texts of rows that have such a mark in one of the texts."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        has_mark = sa.or_(*(table.c[name].op("GLOB")(f"*[{marks}]*") for name in names))
    else:
        has_mark = sa.or_(*(table.c[name].op("~")(f"[{marks}]") for name in names))
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
        new = next(each for each in _names(row_id, name) if not _is_taken(row_id, each))
        write = sa.update(PRICE_TABLES).where(PRICE_TABLES.c.id == row_id)
        connection.execute(write.values(name=new, name_folded=fold(new)))
        if new != name:
            _tell(
                f"Renamed the price table “{name}” to “{new}”: another one has the same name but for marks that "
                "look alike."
            )


def _names(row_id: int, name: str) -> Iterator[str]:
    """Yield the name, and then others that have the id too."""
    yield name
    for number in count(1):
        suffix = f" ({row_id})" if number == 1 else f" ({row_id}-{number})"
        yield name[: NAME_LENGTH - len(suffix)].rstrip() + suffix


def _is_taken(row_id: int, name: str) -> bool:
    same = sa.select(PRICE_TABLES.c.id).where(PRICE_TABLES.c.name_folded == fold(name), PRICE_TABLES.c.id != row_id)
    return op.get_bind().execute(same).first() is not None


def _tell(notice: str) -> None:
    config = op.get_context().config
    if config is not None:
        config.attributes.setdefault(NOTICES, []).append(notice)


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
