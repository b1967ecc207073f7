"""Mutation that imports the clients of a sheet."""

from collections.abc import Iterable
from functools import cached_property, partial
from typing import Annotated, Any, NamedTuple, Protocol

import strawberry

from domain.access import Permission
from domain.languages import Language
from domain.refusals import UserErrorCode
from domain.sheets import ImportedRowStatus, Warned
from resolvers import imports
from resolvers.imports import ClientSheet, ClientsImported, ImportClients, ImportedRow
from resolvers.sheets import clients as client_rows
from resolvers.sheets import contents
from resolvers.sheets.contents import Content
from schema import references
from schema.enums import ContentEncoding
from schema.errors import Payload, answer, settle
from schema.imported_rows import codes_of_row, line_of_row, reason_of_row
from schema.inputs import OnBehalf, idempotency_key
from schema.labels import label_of
from schema.nodes import Info, OfRow
from schema.relations import attribute, to_one


def content_encoding() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    """Declare how an input has a file."""
    return strawberry.field(default=ContentEncoding.TEXT, description="How `content` has the file.")


class WithFile(Protocol):
    """Input that has a file."""

    content: str
    content_encoding: ContentEncoding


def sent(given: WithFile) -> Content:
    """Return the file of an input."""
    return Content(given.content, given.content_encoding is ContentEncoding.BASE64)


@strawberry.input(description="Input of `importClients`.")
class ImportClientsInput(OnBehalf):
    content: str = strawberry.field(
        description=(
            "The sheet, with at most 5,000 rows below a line that names the columns: the text of a CSV file, or with "
            "BASE64 any file. The columns are “CNPJ”, “Razão Social”, “Nome Fantasia”, “Município” and “UF”, in any "
            "order and by the names that spreadsheets and ERPs give them; the first two are required."
        )
    )
    content_encoding: ContentEncoding = content_encoding()
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether only to say what would be done: no client is registered, and no idempotency key recorded.",
    )
    all_or_nothing: bool = strawberry.field(
        default=False, description="Whether to import nothing if a row is bad. Otherwise the other rows are imported."
    )
    idempotency_key: str | None = idempotency_key()


class _Checked(NamedTuple):
    """Input whose sheet was read."""

    given: ImportClientsInput
    sheet: ClientSheet

    @property
    def partner_id(self) -> strawberry.ID | None:
        """The partner that the input names."""
        return self.given.partner_id

    @property
    def idempotency_key(self) -> str | None:
        """The key of the input; None for a dry run, which leaves it to the import."""
        return None if self.given.dry_run else self.given.idempotency_key

    def checked(self) -> ImportClients:
        """Return the clients to import."""
        return ImportClients(self.sheet, self.given.all_or_nothing, self.given.dry_run)


@strawberry.type(description="A row of a sheet of clients, and what the import did with it.")
class ImportedClient(OfRow, row=ImportedRow):
    line: int = line_of_row()
    status: ImportedRowStatus = attribute("What the import did with the row, or would do if it were no dry run.")
    status_label: str = label_of("status", ImportedRowStatus)
    client: references.ClientType | None = to_one(
        "client_id",
        loader="client",
        permission=Permission.CLIENTS_READ,
        description=(
            "The client with the row's CNPJ, new or registered before. Returns null if the row was not imported, in a "
            "dry run if the client is not registered yet, and if the viewer lacks the permission CLIENTS_READ."
        ),
    )
    codes: list[UserErrorCode] = codes_of_row()
    reason: str | None = reason_of_row(client_rows.LABELS)


@strawberry.type(description="Something in an imported file that the user should look at, though nothing is refused.")
class SheetWarning:
    message: str = strawberry.field(
        description="The warning for the user, in the language of the Accept-Language header."
    )
    lines: list[int] = strawberry.field(
        description="The numbers of the first lines that it is about, at most 5. Empty if it is about the whole file."
    )


def shown(warnings: Iterable[Warned], language: Language) -> list[SheetWarning]:
    """Return the warnings in the language."""
    return [SheetWarning(message=each.message(language), lines=list(each.lines)) for each in warnings]


@strawberry.type(description="Return type of `importClients`.")
class ImportClientsPayload(Payload):
    outcome: strawberry.Private[ClientsImported | None] = None
    sheet: strawberry.Private[ClientSheet | None] = None
    """Sheet, if it could be read."""

    @strawberry.field(
        graphql_type=list[ImportedClient],
        description=(
            "The rows of the sheet, in its order, without blank ones. They are there too if `allOrNothing` refused "
            "the import; empty if the file as a whole was refused."
        ),
    )
    def rows(self) -> list[ImportedRow]:
        return self._rows

    @strawberry.field(description="The number of clients that were registered, or would be if it were no dry run.")
    def registered_count(self) -> int:
        return self._count(ImportedRowStatus.REGISTERED)

    @strawberry.field(description="The number of rows whose client was registered before, or is in an earlier row.")
    def already_registered_count(self) -> int:
        return self._count(ImportedRowStatus.ALREADY_REGISTERED) + self._count(ImportedRowStatus.REPEATED)

    @strawberry.field(description="The number of bad rows.")
    def invalid_count(self) -> int:
        return self._count(ImportedRowStatus.INVALID)

    @strawberry.field(description="What the user should look at, such as lines in another encoding than the others.")
    def warnings(self, info: Info) -> list[SheetWarning]:
        return [] if self.sheet is None else shown(self.sheet.warnings, info.context.language)

    @strawberry.field(
        description=(
            "The bad rows as a CSV file with a first column “motivo”, in which a user mends them to import the file "
            "again. Returns null if no row is bad."
        )
    )
    def report(self, info: Info) -> str | None:
        return None if self.sheet is None else contents.report(self.sheet, info.context.language, client_rows.LABELS)

    @cached_property
    def _rows(self) -> list[ImportedRow]:
        return [] if self.sheet is None else imports.results(self.sheet, self.outcome)

    def _count(self, status: ImportedRowStatus) -> int:
        return sum(row.status is status for row in self._rows)


@strawberry.type(description="Return type of reading a sheet.")
class _Reading(Payload):
    outcome: strawberry.Private[ClientSheet | None] = None


@strawberry.type
class ImportMutations:
    @strawberry.mutation(
        description=(
            "Registers the clients of a sheet, up to 5,000 rows, and says for each row what was done. A CNPJ that is "
            "already active is left alone. The portal reads CSV in any usual encoding and with any delimiter, XLSX, "
            "and the layout of establishments of Receita Federal's open data. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def import_clients(
        info: Info, input: Annotated[ImportClientsInput, strawberry.argument(description="The sheet of clients.")]
    ) -> ImportClientsPayload:
        context = info.context
        reading = await answer(_Reading, context, lambda: imports.read(context.portal, sent(input)))
        if reading.outcome is None:
            return ImportClientsPayload(user_errors=reading.user_errors)
        made = partial(ImportClientsPayload, sheet=reading.outcome)
        return await settle(made, context, _Checked(input, reading.outcome), imports.import_clients)
