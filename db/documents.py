"""Statements about trusted documents, which are the vendor's and no partner's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, one, returned
from db.engine.expressions import among
from db.engine.filters import upsert, value
from db.engine.statement import Statement
from db.tables import trusted_documents as documents


class DocumentRow(NamedTuple):
    """A registered document. What is registered under the same id later is another row."""

    id: int
    document_id: str
    text: str
    registered_at: datetime


class Extent(NamedTuple):
    """How many documents are registered, and how many characters they have together."""

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


async def all_documents(connection: Connection) -> list[DocumentRow]:
    """Every document, in the order in which they were registered."""
    return list(await connection.fetch(_ALL))


async def row_ids(connection: Connection) -> frozenset[int]:
    """The ids of all rows: whatever is registered or removed changes them."""
    return frozenset(await connection.fetch(_ROW_IDS))


async def by_row_ids(connection: Connection, ids: Sequence[int]) -> list[DocumentRow]:
    """The documents of these rows, in the order in which they were registered."""
    return list(await connection.fetch(_BY_ROW_IDS, {"ids": ids}))


async def by_ids(connection: Connection, ids: Sequence[str]) -> Mapping[str, DocumentRow]:
    """The documents among these ids."""
    return {row.document_id: row for row in await connection.fetch(_BY_IDS, {"ids": ids})}


async def extent(connection: Connection) -> Extent:
    """How much is registered."""
    return await returned(connection, _EXTENT)


async def add(tx: Transaction, document_id: str, text: str, *, at: datetime) -> bool:
    """Register a document; False, and nothing written, where the id is there already."""
    return await one(tx, _ADD, {"document_id": document_id, "text": text, "registered_at": at}) is not None


async def remove(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Remove the documents with these ids, and say which of them there were."""
    return frozenset(await tx.fetch(_REMOVE, {"ids": ids}))
