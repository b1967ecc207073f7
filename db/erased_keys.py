"""Statements that find activation keys and serial numbers that may identify a cancelled client."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from db.engine import Connection
from db.engine.expressions import AnyColumn, AnySelect, by_engine
from db.engine.filters import PARTNER, value
from db.engine.statement import Statement
from db.tables import activations
from domain.erasure import Identity


async def suspects(connection: Connection, partner_id: int, identity: Identity) -> Sequence[int]:
    """Return the ids of all activations that have one of the values in a key or serial number, and of few others."""
    traces = identity.traces
    likes = {f"like_{place}": _like(parts) for place, parts in enumerate([traces.number, *traces.phrases])}
    return await connection.fetch(_statement(tuple(likes)), {"partner_id": partner_id, **likes})


def _like(parts: Iterable[str]) -> str:
    # Keys and serial numbers are stored in capitals. The parts have letters and digits only: nothing is escaped.
    return "%".join(["", *(part.upper() for part in parts), ""])


@lru_cache
def _statement(likes: Sequence[str]) -> Statement[int]:
    key, serial_number = activations.c.activation_key, activations.c.ecf_serial_number
    of_key, of_serial = [list(_suspicious(each, likes)) for each in (key, serial_number)]
    # Serial numbers are free texts. What is not ASCII has another length in bytes, and is folded in Python only.
    of_serial.append(
        by_engine(
            sqlite=sa.func.length(sa.cast(serial_number, sa.LargeBinary)) != sa.func.length(serial_number),
            postgresql=sa.func.octet_length(serial_number) != sa.func.char_length(serial_number),
        )
    )
    # SQLite reads each column in an index that has little more; PostgreSQL reads all rows once.
    # The index of serial numbers has no others.
    with_serial = _where(*of_serial).where(serial_number.is_not(None))
    in_indexes = sa.union_all(_where(*of_key), with_serial).subquery()
    return Statement(_where(*of_key, *of_serial), value, on_sqlite=sa.select(in_indexes.c.id))


def _where(*conditions: ColumnElement[bool]) -> AnySelect:
    return sa.select(activations.c.id).where(activations.c.partner_id == PARTNER, sa.or_(*conditions))


def _suspicious(column: AnyColumn, likes: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    return (column.like(sa.bindparam(each)) for each in likes)
