"""Statements about trusted documents, which belong to no partner."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.expressions import among, starts_with
from db.engine.filters import upsert, value
from db.engine.keyset import Sorting
from db.engine.listings import Listing
from db.engine.statement import Statement
from db.tables import trusted_documents as documents
from domain.text import storable


class DocumentRow(NamedTuple):
    """Registered document. A later registration of the same id is another row."""

    id: int
    document_id: str
    text: str
    registered_at: datetime


class Extent(NamedTuple):
    """Number of registered documents, and the sum of their characters."""

    documents: int
    characters: int


_ROWS = tuple(documents.c[name] for name in DocumentRow._fields)
_BY_ROW_IDS = Statement(sa.select(*_ROWS).where(among(documents.c.id, "ids")).order_by(documents.c.id), DocumentRow)
_BY_IDS = Statement(sa.select(*_ROWS).where(among(documents.c.document_id, "ids")), DocumentRow)


_ALL = Statement(sa.select(*_ROWS).order_by(documents.c.id), DocumentRow)
_ROW_IDS: Statement[int] = Statement(sa.select(documents.c.id), value)
_EXTENT = Statement(
    sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(documents.c.text)), 0)), Extent
)
_ADD: Statement[int] = upsert(
    documents,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["document_id"]).returning(documents.c.id),
    value,
    inserted=["document_id", "text", "registered_at"],
)
_REMOVE: Statement[str] = Statement(
    sa.delete(documents).where(among(documents.c.document_id, "ids")).returning(documents.c.document_id), value
)


def _listing(*, beginning: bool) -> Listing[DocumentRow]:
    of_beginning = starts_with(documents.c.document_id, sa.bindparam("beginning", type_=sa.Text))
    return Listing(
        name="documents",
        row=DocumentRow,
        columns=_ROWS,
        where=[of_beginning] if beginning else [],
        key="id",
        sorting=Sorting(documents.c.id, documents.c.id),
        indexed=not beginning,
    )


_LISTED, _BEGINNING = _listing(beginning=False), _listing(beginning=True)


def listing(beginning: str | None) -> Listing[DocumentRow]:
    """Return the list of documents, in the order of registration, whose ids begin so."""
    return _LISTED if beginning is None else _BEGINNING.of({"beginning": beginning})


async def all_documents(connection: Connection) -> list[DocumentRow]:
    """Return all documents, in the order of registration."""
    return list(await connection.fetch(_ALL))


async def row_ids(connection: Connection) -> frozenset[int]:
    """Return the ids of all rows, which change with each registration and removal."""
    return frozenset(await connection.fetch(_ROW_IDS))


async def by_row_ids(connection: Connection, ids: Sequence[int]) -> list[DocumentRow]:
    """Return the documents of these rows, in the order of registration."""
    return list(await connection.fetch(_BY_ROW_IDS, {"ids": ids}))


async def by_ids(connection: Connection, ids: Sequence[str]) -> Mapping[str, DocumentRow]:
    """Return the documents with these ids."""
    return {row.document_id: row for row in await connection.fetch(_BY_IDS, {"ids": ids})}


async def extent(connection: Connection) -> Extent:
    """Return the extent of all documents."""
    return await returned(connection, _EXTENT)


async def add(tx: Transaction, document_id: str, text: str, *, at: datetime) -> bool:
    """Register a document; return False if the id is registered already."""
    return await one(tx, _ADD, {"document_id": document_id, "text": text, "registered_at": at}) is not None


async def remove(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Remove the documents with these ids, and return the ids that were registered."""
    # A text that no database takes is the id of none.
    return frozenset(await tx.fetch(_REMOVE, {"ids": list(filter(storable, ids))}))
