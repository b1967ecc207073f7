"""Trusted documents: those that are registered in the database, prepared before anybody asks for them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from graphql import GraphQLError

from db import documents
from db.documents import DocumentRow
from db.engine import Connection
from domain.documents import SHA256_PREFIX, hashed
from resolvers.portal import Portal
from schema.root import schema
from server.graphql.documents import Document, Documents, prepare
from server.graphql.errors import without_values

LOOKED_AGAIN_AFTER = timedelta(seconds=0.25)
"""How long unknown ids stay unknown without another look into the database, however many are asked for."""

_READY_CHARACTERS = 500_000
"""How long the documents that are kept prepared may be together: one takes some 200 times its length."""

_log = structlog.get_logger("portal.documents")


class DocumentName(NamedTuple):
    """How a request names a registered document: by its id, or in the form of Apollo's persisted queries.

    The clients that use the older form send the text when they are told, in certain words, that it is not known.
    """

    id: str
    persisted_query: bool = False


class Examined(NamedTuple):
    """The names of a document's operations, or what keeps them from being run."""

    operations: list[str]
    complaints: list[str]


def examined(text: str) -> Examined:
    """What is to be known of a document before it is registered."""
    document = prepare(schema._schema, text)  # noqa: SLF001 — as in `server.graphql.operations`.
    names = [name for name in document.operations if name is not None]
    return Examined(names, [_with_place(error) for error in document.errors_for(suggesting=True)])


def _with_place(error: GraphQLError) -> str:
    places = [f"{place.line}:{place.column}" for place in error.locations or ()]
    return f"{error.message} (at {', '.join(places)})" if places else error.message


@dataclass(slots=True)
class _Trusted:
    row: DocumentRow
    document: Document | None = None
    """What was made of it; None where there was no room for another one."""


class TrustedDocuments:
    """The registered documents of a portal, by their ids and by the SHA-256 of their texts.

    They are as they were at the last `refresh`. An unknown id is a reason for another one, but not more often than four
    times a second for all of them together, so that made-up ids cost the database next to nothing.
    """

    def __init__(self, portal: Portal, prepared: Documents) -> None:
        """Know of none yet. The documents that can't be kept prepared go through `prepared`."""
        self._portal, self._prepared = portal, prepared
        self._rows: dict[int, _Trusted] = {}
        self._by_name: Mapping[str, _Trusted] = {}
        self._refreshed_at: datetime | None = None
        self._refreshing: asyncio.Task[None] | None = None

    def get(self, name: str) -> Document | None:
        """The document with that id, or with that SHA-256 of its text, with or without a prefix."""
        found = self._by_name.get(name)
        if found is None:
            return None
        return found.document or self._prepared.get(found.row.text)

    async def find(self, name: str) -> Document | None:
        """The document as `get` finds it, perhaps after a look into the database."""
        found = self.get(name)
        if found is None and self._is_due():
            await self.refresh()
            found = self.get(name)
        return found

    async def refresh(self) -> None:
        """Know what is registered now. Whoever comes while another one waits for it waits for the same."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())
        # One who gives up waiting takes nothing from the others.
        await asyncio.shield(self._refreshing)

    def _is_due(self) -> bool:
        return self._refreshed_at is None or self._portal.now() - self._refreshed_at >= LOOKED_AGAIN_AFTER

    async def _refresh(self) -> None:
        try:
            at = self._portal.now()
            known = frozenset(self._rows)
            there, new = await self._portal.database.read(lambda connection: _changes(connection, known))
            if known - there:
                self._rows = {row_id: trusted for row_id, trusted in self._rows.items() if row_id in there}
                self._by_name = _named(self._rows.values())
            if new:
                await self._add(new)
            self._refreshed_at = at
        finally:
            self._refreshing = None

    async def _add(self, new: Sequence[DocumentRow]) -> None:
        added = {row.id: _Trusted(row) for row in new}
        room = _READY_CHARACTERS - sum(len(each.row.text) for each in self._rows.values() if each.document)
        # The newest are those that clients of today ask for.
        for trusted in reversed(added.values()):
            room -= len(trusted.row.text)
            if room < 0:
                break
            trusted.document = self._prepared.prepare(trusted.row.text)
            for operation in trusted.document.operations.values():
                operation.prepared.plan_ahead()
            _tell_faults(trusted.row.document_id, trusted.document)
            # Requests have their turn in between.
            await asyncio.sleep(0)
        self._rows |= added
        self._by_name = _named(self._rows.values())
        _log.info("documents registered", new=len(new), known=len(self._rows))


async def _changes(connection: Connection, known: frozenset[int]) -> tuple[frozenset[int], list[DocumentRow]]:
    there = await documents.row_ids(connection)
    new = there - known
    return there, await documents.by_row_ids(connection, sorted(new)) if new else []


def _named(trusted: Iterable[_Trusted]) -> Mapping[str, _Trusted]:
    by_id, by_hash = {}, {}
    for each in trusted:
        digest = hashed(each.row.text)
        by_id[each.row.document_id] = by_hash[digest] = by_hash[SHA256_PREFIX + digest] = each
    return by_hash | by_id


def _tell_faults(document_id: str, document: Document) -> None:
    # A new version of the portal may know less than the one that it was registered with. Others can still be run.
    if document.errors:
        reasons = [without_values(error.message) for error in document.errors]
        _log.warning("a registered document is not valid", document=document_id, reasons=reasons)
