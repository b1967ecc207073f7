"""Statements that find activation keys and serial numbers in which who a cancelled client was may be read."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection
from db.engine.expressions import AnyColumn, AnySelect, by_engine, contains
from db.engine.filters import PARTNER, value
from db.engine.statement import Statement
from db.tables import activations
from domain.erasure import Identity


async def suspects(connection: Connection, partner_id: int, identity: Identity) -> Sequence[int]:
    """Return the ids of all activations that have one of the values in a key or serial number, and of few others."""
    traces = identity.traces
    # Both are stored in capitals.
    words = {f"word_{number}": word.upper() for number, word in enumerate(traces.words)}
    names = {f"name_{number}": name for number, name in enumerate(traces.without_words)}
    values = {"partner_id": partner_id, "number_like": "%".join(["", *traces.number.upper(), ""])}
    return await connection.fetch(_statement(tuple(words), tuple(names)), {**values, **words, **names})


@lru_cache
def _statement(words: Sequence[str], names: Sequence[str]) -> Statement[int]:
    key, serial_number = activations.c.activation_key, activations.c.ecf_serial_number
    of_key, of_serial = [list(_suspicious(each, words, names)) for each in (key, serial_number)]
    # Serial numbers are free texts. What is not ASCII has another length in bytes, and is folded in Python only.
    of_serial.append(
        by_engine(
            sqlite=sa.func.length(sa.cast(serial_number, sa.LargeBinary)) != sa.func.length(serial_number),
            postgresql=sa.func.octet_length(serial_number) != sa.func.char_length(serial_number),
        )
    )
    # SQLite reads each column in an index that has little more; PostgreSQL reads all rows once.
    in_indexes = sa.union_all(_where(*of_key), _where(*of_serial)).subquery()
    return Statement(_where(*of_key, *of_serial), value, on_sqlite=sa.select(in_indexes.c.id))


def _where(*conditions: ColumnElement[bool]) -> AnySelect:
    return sa.select(activations.c.id).where(activations.c.partner_id == PARTNER, sa.or_(*conditions))


def _suspicious(column: AnyColumn, words: Sequence[str], names: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    yield column.like(sa.bindparam("number_like"))
    yield from (contains(column, sa.bindparam(each)) for each in (*words, *names))
