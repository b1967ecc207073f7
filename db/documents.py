"""Statements about trusted documents, which are the vendor's and no partner's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from db.engine import Connection, Transaction, execute
from db.engine.expressions import among
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


async def all_documents(connection: Connection) -> list[DocumentRow]:
    """Every document, in the order in which they were registered."""
    return await execute.rows(connection, sa.select(*_ROWS).order_by(documents.c.id), DocumentRow)


async def row_ids(connection: Connection) -> frozenset[int]:
    """The ids of all rows: whatever is registered or removed changes them."""
    return frozenset(await connection.scalars(sa.select(documents.c.id)))


async def by_row_ids(connection: Connection, ids: Sequence[int]) -> list[DocumentRow]:
    """The documents of these rows, in the order in which they were registered."""
    return await execute.fetch(connection, _BY_ROW_IDS, {"ids": ids})


async def by_ids(connection: Connection, ids: Sequence[str]) -> Mapping[str, DocumentRow]:
    """The documents among these ids."""
    return {row.document_id: row for row in await execute.fetch(connection, _BY_IDS, {"ids": ids})}


async def extent(connection: Connection) -> Extent:
    """How much is registered."""
    statement = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(documents.c.text)), 0))
    return Extent._make((await connection.execute(statement)).one())


async def add(tx: Transaction, document_id: str, text: str, *, at: datetime) -> bool:
    """Register a document; False, and nothing written, where the id is there already."""
    statement = (
        execute.insert(tx, documents)
        .values(document_id=document_id, text=text, registered_at=at)
        .on_conflict_do_nothing(index_elements=["document_id"])
        .returning(documents.c.id)
    )
    return await tx.scalar(statement) is not None


async def remove(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Remove the documents with these ids, and say which of them there were."""
    statement = sa.delete(documents).where(documents.c.document_id.in_(ids)).returning(documents.c.document_id)
    return frozenset(await tx.scalars(statement))
