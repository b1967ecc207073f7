"""Registration and removal of trusted documents: all of a call, or none."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from db import access, documents, partners
from db.documents import DocumentRow
from db.engine import Transaction
from domain.access import Permission
from domain.checks import Checks
from domain.documents import (
    CHARACTERS_MAX,
    DOCUMENTS_MAX,
    REGISTERED_MAX,
    DocumentIdTaken,
    Inspection,
    InvalidDocument,
    InvalidManifest,
    TooManyAtOnce,
    TooManyRegistered,
    complaint,
    shown,
)
from domain.events import Event, EventType
from domain.refusals import NotFound
from resolvers import manifests, pages, vendor_events
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.manifests import ManifestError
from resolvers.mutations import Work, mutation
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.portal import Portal

_REFUSALS_MAX = 50
"""Maximum number of refusals of a manifest: one change of the schema can break every document."""


class DocumentProblem(NamedTuple):
    """Reason why a document can't be registered or removed."""

    document_id: str
    reason: str


class DocumentsRefused(Exception):  # noqa: N818 — the word of the domain for what is not done.
    """Refusal of a whole call, with the reasons."""

    def __init__(self, problems: Sequence[DocumentProblem]) -> None:
        """Take all reasons."""
        super().__init__("; ".join(f"{problem.document_id}: {problem.reason}" for problem in problems))
        self.problems = problems


class TooManyDocuments(Exception):  # noqa: N818 — a refusal, not a problem of the program.
    """Refusal of a whole call: there would be more documents than a server process can hold."""


def page(
    context: Context, beginning: str | None, arguments: PageArguments, *, selection: Selection = EVERYTHING
) -> MaybeAwaitable[Page[DocumentRow]]:
    """Return a page of the registered documents, of those whose ids begin so."""
    scope = context.require(Permission.DOCUMENTS_MANAGE).scope
    return pages.page(context, scope, documents.listing(beginning), arguments, selection)


def problems(inspect: Callable[[str], Inspection], texts: Mapping[str, str]) -> list[DocumentProblem]:
    """Return why documents can't be registered."""
    found = []
    for document_id, text in texts.items():
        general = complaint(document_id, text)
        reasons = [general] if general else inspect(text).complaints
        found += [DocumentProblem(document_id, reason) for reason in reasons]
    return found


async def inspections(context: Context, rows: Sequence[DocumentRow]) -> list[Inspection]:
    """Return what each document is by today's schema; a request inspects each text once."""
    inspect = _inspector(context.portal)
    if context.inspections is None:
        context.inspections = {}
    found, texts = context.inspections, [row.text for row in rows]

    def look() -> list[Inspection]:
        for text in texts:
            if text not in found:
                found[text] = inspect(text)
        return [found[text] for text in texts]

    # Another field of the request may have inspected them meanwhile.
    async with context.portal.reading_sheets:
        return await asyncio.to_thread(look)


async def read(portal: Portal, manifest: str) -> "RegisterDocuments":
    """Return the documents of a manifest; raise a group of refusals if any of them is invalid."""
    try:
        texts = manifests.parsed(manifest.encode("utf-8", "surrogatepass"), "manifest")
    except ManifestError:
        raise InvalidManifest(("manifest",)) from None
    if len(texts) > REGISTERED_MAX:
        raise TooManyAtOnce(("manifest",), highest=REGISTERED_MAX)
    async with portal.reading_sheets:
        found = await asyncio.to_thread(problems, _inspector(portal), texts)
    checks = Checks()
    for each in found[:_REFUSALS_MAX]:
        checks.refuse(InvalidDocument(("manifest",), document=shown(each.document_id), reason=each.reason.rstrip(".")))
    checks.done()
    return RegisterDocuments(texts)


class RegisterDocuments(NamedTuple):
    """Valid documents to register, by id."""

    texts: Mapping[str, str]


class DocumentsRegistered(NamedTuple):
    """Number of documents that are new, and of those that were registered before."""

    new: int
    known: int


@mutation("registerDocuments", DocumentsRegistered, for_vendor=True)
async def register_documents(work: Work, given: RegisterDocuments) -> DocumentsRegistered:
    """Register documents; those with a known id and the same text are left alone."""
    try:
        new = await _register(work.tx, work.context.portal, given.texts)
    except DocumentsRefused as refused:
        checks = Checks()
        for each in refused.problems[:_REFUSALS_MAX]:
            checks.refuse(DocumentIdTaken(("manifest",), document=each.document_id))
        checks.done()
        raise
    except TooManyDocuments:
        raise TooManyRegistered(("manifest",)) from None
    if new:
        await work.append(Event(type=EventType.DOCUMENTS_REGISTERED))
    return DocumentsRegistered(new, len(given.texts) - new)


class RemoveDocuments(NamedTuple):
    """Ids of the documents to remove."""

    ids: tuple[str, ...]


class DocumentsRemoved(NamedTuple):
    """Number of documents that were removed."""

    removed: int


@mutation("removeDocuments", DocumentsRemoved, for_vendor=True)
async def remove_documents(work: Work, given: RemoveDocuments) -> DocumentsRemoved:
    """Remove documents."""
    removed = await documents.remove(work.tx, given.ids)
    checks = Checks()
    for place, each in enumerate(given.ids):
        if each not in removed:
            path = ("ids", str(place))
            checks.refuse(NotFound(path))
    checks.done()
    if removed:
        await work.append(Event(type=EventType.DOCUMENTS_REMOVED))
    return DocumentsRemoved(len(removed))


async def register(portal: Portal, texts: Mapping[str, str]) -> int:
    """Register documents for an operator, and return how many are new; the caller has validated them."""

    async def add(tx: Transaction) -> int:
        new = await _register(tx, portal, texts)
        await vendor_events.append(portal, tx, [Event(type=EventType.DOCUMENTS_REGISTERED)] if new else [])
        return new

    return await portal.database.write(add)


async def remove(portal: Portal, ids: Sequence[str]) -> None:
    """Remove documents for an operator."""

    async def delete(tx: Transaction) -> None:
        removed = await documents.remove(tx, ids)
        unknown = [document_id for document_id in ids if document_id not in removed]
        if unknown:
            raise DocumentsRefused(
                [DocumentProblem(each, "no document is registered under this id") for each in unknown]
            )
        await vendor_events.append(portal, tx, [Event(type=EventType.DOCUMENTS_REMOVED)] if removed else [])

    await portal.database.write(delete)


def _inspector(portal: Portal) -> Callable[[str], Inspection]:
    if portal.inspect is None:
        message = "the portal has no inspector of documents: the application sets it"
        raise RuntimeError(message)
    return portal.inspect


async def _register(tx: Transaction, portal: Portal, texts: Mapping[str, str]) -> int:
    vendor = await partners.vendor(tx)
    if vendor is not None:
        # Of registrations at once, each counts what those before it have added.
        await access.lock_partner(tx, vendor.id)
    new, known, at = 0, [], portal.now()
    # In one order, so that two who register the same documents wait for each other, and not crosswise.
    for document_id in sorted(texts):
        if await documents.add(tx, document_id, texts[document_id], at=at):
            new += 1
        else:
            known.append(document_id)
    found = await documents.by_ids(tx, known)
    other = [row.document_id for row in found.values() if row.text != texts[row.document_id]]
    if other:
        reason = "it is registered already, with another text"
        raise DocumentsRefused([DocumentProblem(document_id, reason) for document_id in sorted(other)])
    if new:
        _check(await documents.extent(tx))
    return new


def _check(extent: documents.Extent) -> None:
    if extent.documents > DOCUMENTS_MAX:
        message = f"There would be {extent.documents} documents, and at most {DOCUMENTS_MAX} can be registered."
        raise TooManyDocuments(message)
    if extent.characters > CHARACTERS_MAX:
        message = f"All documents would have {extent.characters} characters, and can have at most {CHARACTERS_MAX}."
        raise TooManyDocuments(message)
