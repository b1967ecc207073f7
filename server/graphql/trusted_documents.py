"""Trusted documents: registered in the database, and prepared before their first request."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from graphql import GraphQLError

from db import documents
from db.documents import DocumentRow
from db.engine import Connection
from db.engine.deadline import current
from domain.costs import POINTS_MAX
from domain.documents import SHA256_PREFIX, Inspection, hashed
from domain.limits import TooManyPoints
from resolvers.portal import Portal
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Document, Documents, prepare
from server.graphql.errors import without_values
from server.rates.limiter import stopped

QUERY_INTERVAL_SECONDS = 0.25
"""Minimum time between two queries for unknown ids, independent of their number."""

_READY_CHARACTERS = 500_000
"""Maximum length of all prepared documents: each takes some 200 times its length."""

_log = structlog.get_logger("portal.documents")


class DocumentName(NamedTuple):
    """Name of a registered document: its id, or the hash of Apollo's persisted queries.

    Clients of the older form send the text if a certain error says that the hash is unknown.
    """

    id: str
    persisted_query: bool = False


def inspected(text: str, points_max: int = POINTS_MAX) -> Inspection:
    """Check a document before it is registered; its cheapest variables must cost at most `points_max`."""
    document = prepare(GRAPHQL_SCHEMA, text)
    names = [name for name in document.operations if name is not None]
    complaints = [_with_place(error) for error in document.suggested_errors()]
    for operation in document.operations.values():
        if operation.points_least > points_max:
            error = TooManyPoints(operation.points_least, points_max)
            complaints.append(_with_place(GraphQLError(str(error), operation.ast)))
    return Inspection(names, complaints)


def _with_place(error: GraphQLError) -> str:
    places = [f"{place.line}:{place.column}" for place in error.locations or ()]
    return f"{error.message.rstrip('.')} (at {', '.join(places)})" if places else error.message


@dataclass(slots=True)
class _Trusted:
    row: DocumentRow
    document: Document | None = None
    """Prepared document; None if the cache had no room for it."""


class TrustedDocuments:
    """Registered documents of a portal, by id and by the SHA-256 of their texts.

    They are as of the last `refresh`. An unknown id causes another one, but at most four per second for all ids
    together, so that made-up ids cost the database next to nothing.
    """

    def __init__(self, portal: Portal, prepared: Documents) -> None:
        """Start without documents; those that don't fit into memory are prepared by `prepared`."""
        self._portal, self._prepared = portal, prepared
        self._rows: dict[int, _Trusted] = {}
        self._by_name: Mapping[str, _Trusted] = {}
        self._refreshed_at: float | None = None
        self._refreshing: asyncio.Task[None] | None = None

    def get(self, name: str) -> Document | None:
        """Return the document with that id, or with that SHA-256 of its text, with or without a prefix."""
        found = self._by_name.get(name)
        if found is None:
            return None
        return found.document or self._prepared.get(found.row.text)

    async def find(self, name: str) -> Document | None:
        """Return the document as `get` does, after a query of the database if it is unknown."""
        found = self.get(name)
        if found is None and self._refreshing is not None:
            # That query may have begun before the document was registered, so it does not count as the one for this id.
            await self.refresh()
            found = self.get(name)
        if found is None and self._is_due():
            await self.refresh()
            found = self.get(name)
        return found

    async def refresh(self) -> None:
        """Read the registered documents. Concurrent calls wait for the same query, each until its own deadline.

        Raises TimedOut at the deadline.
        """
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())
        refreshing, until = self._refreshing, current.get()
        # The cancellation of one caller must not cancel the query of the others.
        await asyncio.wait([refreshing], timeout=None if until is None else until.left)
        if until is not None and not refreshing.done():
            raise stopped(until)
        refreshing.result()

    def _is_due(self) -> bool:
        return self._refreshed_at is None or self._portal.monotonic() - self._refreshed_at >= QUERY_INTERVAL_SECONDS

    async def _refresh(self) -> None:
        # Other requests wait for it than the one that began it.
        current.set(None)
        try:
            at = self._portal.monotonic()
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
        # Today's clients use the newest documents.
        for trusted in reversed(added.values()):
            room -= len(trusted.row.text)
            if room < 0:
                break
            trusted.document = self._prepared.prepare(trusted.row.text)
            for operation in trusted.document.operations.values():
                operation.prepared.plan_ahead()
            _log_errors(trusted.row.document_id, trusted.document)
            # Let requests run in between.
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


def _log_errors(document_id: str, document: Document) -> None:
    # This version of the portal may lack fields of an older document; the others can still run.
    if document.errors:
        reasons = [without_values(error.message) for error in document.errors]
        _log.warning("a registered document is not valid", document=document_id, reasons=reasons)
