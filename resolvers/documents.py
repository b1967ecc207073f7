"""Registration and removal of trusted documents: all of a call, or none."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from db import documents
from db.engine import Transaction
from domain.documents import CHARACTERS_MAX, DOCUMENTS_MAX
from resolvers.portal import Portal


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


async def register(portal: Portal, texts: Mapping[str, str]) -> int:
    """Register documents, and return how many are new; those with a known id and the same text are skipped.

    The caller has validated them.
    """

    async def add(tx: Transaction) -> int:
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

    return await portal.database.write(add)


async def remove(portal: Portal, ids: Sequence[str]) -> None:
    """Remove documents."""

    async def delete(tx: Transaction) -> None:
        removed = await documents.remove(tx, ids)
        unknown = [document_id for document_id in ids if document_id not in removed]
        if unknown:
            raise DocumentsRefused(
                [DocumentProblem(each, "no document is registered under this id") for each in unknown]
            )

    await portal.database.write(delete)


def _check(extent: documents.Extent) -> None:
    if extent.documents > DOCUMENTS_MAX:
        message = f"There would be {extent.documents} documents, and at most {DOCUMENTS_MAX} can be registered."
        raise TooManyDocuments(message)
    if extent.characters > CHARACTERS_MAX:
        message = f"All documents would have {extent.characters} characters, and can have at most {CHARACTERS_MAX}."
        raise TooManyDocuments(message)
