"""Trusted documents: the list of those that are registered, and the mutations that register and remove them."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, NamedTuple

import strawberry

from db.documents import DocumentRow
from domain.documents import REGISTERED_MAX
from resolvers import documents
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.documents import DocumentsRegistered, DocumentsRemoved, RegisterDocuments, RemoveDocuments
from resolvers.pages import Page, PageArguments
from schema.errors import Payload, answer, settle
from schema.inputs import After, Before, First, Last, given, optional
from schema.nodes import Info, OfRow
from schema.paging import Connection
from schema.relations import attribute, computed, computed_together, plain, selection


async def _operations(context: Context, rows: Sequence[DocumentRow]) -> list[list[str]]:
    return [found.operations for found in await documents.inspections(context, rows)]


async def _errors(context: Context, rows: Sequence[DocumentRow]) -> list[list[str]]:
    return [found.complaints for found in await documents.inspections(context, rows)]


@strawberry.type(description="A registered document, which clients can request by its ID in place of its text.")
class TrustedDocument(OfRow, row=DocumentRow):
    id: strawberry.ID = computed(
        lambda _, row: row.document_id,
        reads=("document_id",),
        description="The ID that clients send as `documentId`, such as `sha256:` and the hash of the text.",
    )
    text: str = attribute("The text of the document.")
    registered_at: datetime = attribute("The date and time of the registration.")
    operations: list[str] = computed_together(
        _operations, reads=("text",), description="The names of the document's operations. Empty if it has errors."
    )
    errors: list[str] = computed_together(
        _errors,
        reads=("text",),
        description=(
            "Why the document can't run, in English. Empty unless the schema has changed since the registration."
        ),
    )


@strawberry.input(description="Filtering options for trusted documents. An omitted field doesn't limit the list.")
class TrustedDocumentFilter:
    id_begins_with: str | None = optional(
        "Filters by the first characters of the ID, such as the prefix of one client: `x-web:`."
    )


@strawberry.type
class DocumentQueries:
    @strawberry.field(
        graphql_type=Connection[TrustedDocument],
        description="The trusted documents that are registered, in the order of registration.",
    )
    @staticmethod
    def trusted_documents(
        info: Info,
        filter: Annotated[
            TrustedDocumentFilter | None, strawberry.argument(description="The filter for the documents.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[DocumentRow]]:
        asked = given(filter)
        beginning = None if asked is None else given(asked.id_begins_with)
        window = PageArguments.given(first, after, last, before)
        return documents.page(info.context, beginning, window, selection=selection(plain(info)))


@strawberry.input(description="Input of `registerDocuments`.")
class RegisterDocumentsInput:
    manifest: str = strawberry.field(
        description=(
            "The content of the manifest that GraphQL Code Generator, Relay or Apollo's tool writes: a JSON object "
            "with the text of each document under its ID, or Apollo's list of operations. At most "
            f"{REGISTERED_MAX:,} documents."
        )
    )


@strawberry.input(description="Input of `removeDocuments`.")
class RemoveDocumentsInput:
    ids: list[str] = strawberry.field(description="The IDs of the documents, as they were registered.")

    def checked(self) -> RemoveDocuments:
        """Return the ids, each once."""
        return RemoveDocuments(tuple(dict.fromkeys(self.ids)))


class _Checked(NamedTuple):
    """Input whose documents are valid."""

    documents: RegisterDocuments

    def checked(self) -> RegisterDocuments:
        """Return the documents."""
        return self.documents


@strawberry.type(description="Return type of `registerDocuments`.")
class RegisterDocumentsPayload(Payload):
    outcome: strawberry.Private[DocumentsRegistered | None] = None

    @strawberry.field(
        description="The number of documents that were registered. Returns null if `userErrors` is not empty."
    )
    def registered_count(self) -> int | None:
        return None if self.outcome is None else self.outcome.new

    @strawberry.field(
        description=(
            "The number of documents that were registered before with the same text. Returns null if `userErrors` is "
            "not empty."
        )
    )
    def already_registered_count(self) -> int | None:
        return None if self.outcome is None else self.outcome.known


@strawberry.type(description="Return type of `removeDocuments`.")
class RemoveDocumentsPayload(Payload):
    outcome: strawberry.Private[DocumentsRemoved | None] = None

    @strawberry.field(
        description="The number of documents that were removed. Returns null if `userErrors` is not empty."
    )
    def removed_count(self) -> int | None:
        return None if self.outcome is None else self.outcome.removed


@strawberry.type(description="Return type of reading a manifest.")
class _Reading(Payload):
    outcome: strawberry.Private[RegisterDocuments | None] = None


@strawberry.type
class DocumentMutations:
    @strawberry.mutation(
        description=(
            "Registers all documents of a client's manifest, or none if one is invalid. Documents that are registered "
            "already are left alone. All servers know the new ones at once. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def register_documents(
        info: Info, input: Annotated[RegisterDocumentsInput, strawberry.argument(description="The manifest.")]
    ) -> RegisterDocumentsPayload:
        context = info.context
        reading = await answer(_Reading, context, partial(documents.read, context.portal, input.manifest))
        if reading.outcome is None:
            return RegisterDocumentsPayload(user_errors=reading.user_errors)
        return await settle(RegisterDocumentsPayload, context, _Checked(reading.outcome), documents.register_documents)

    @strawberry.mutation(
        description=(
            "Removes trusted documents, or none if one is not registered. Servers stop running them within seconds."
        )
    )
    @staticmethod
    async def remove_documents(
        info: Info, input: Annotated[RemoveDocumentsInput, strawberry.argument(description="The documents.")]
    ) -> RemoveDocumentsPayload:
        return await settle(RemoveDocumentsPayload, info.context, input, documents.remove_documents)
