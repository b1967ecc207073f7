"""Mutation that imports the clients of a sheet."""

from typing import Annotated

import strawberry

from domain.access import Permission
from domain.refusals import UserErrorCode
from domain.sheets import ImportedRowStatus
from resolvers import imports
from resolvers.imports import ClientSheet, ImportClients, ImportedRow
from resolvers.sheets import clients as client_rows
from schema import references, sheets
from schema.imported_rows import codes_of_row, line_of_row, reason_of_row
from schema.inputs import OnBehalf
from schema.labels import label_of
from schema.nodes import Info, OfRow
from schema.relations import attribute, to_one
from schema.sheets import Import, RowsInput, RowsPayload, report_of_sheet, warnings_of_sheet


@strawberry.input(description="Input of `importClients`.")
class ImportClientsInput(OnBehalf, RowsInput):
    content: str = strawberry.field(
        description=(
            "The sheet, with at most 5,000 rows below a line that names the columns: the text of a CSV file, or with "
            "BASE64 any file. The columns are “CNPJ”, “Razão Social”, “Nome Fantasia”, “Município” and “UF”, in any "
            "order and by the names that spreadsheets and ERPs give them; the first two are required."
        )
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether only to say what would be done: no client is registered, and no idempotency key recorded.",
    )

    def checked(self, sheet: ClientSheet) -> ImportClients:
        """Return the clients to import."""
        return ImportClients(sheet, self.all_or_nothing, self.dry_run)


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


@strawberry.type(description="Return type of `importClients`.")
class ImportClientsPayload(RowsPayload):
    @strawberry.field(
        graphql_type=list[ImportedClient],
        description=(
            "The rows of the sheet, in its order, without blank ones. They are there too if `allOrNothing` refused "
            "the import; empty if the file as a whole was refused."
        ),
    )
    def rows(self) -> list[ImportedRow]:
        return self.imported

    @strawberry.field(description="The number of clients that were registered, or would be if it were no dry run.")
    def registered_count(self) -> int:
        return self.count(ImportedRowStatus.REGISTERED)

    @strawberry.field(description="The number of rows whose client was registered before, or is in an earlier row.")
    def already_registered_count(self) -> int:
        return self.count(ImportedRowStatus.ALREADY_REGISTERED, ImportedRowStatus.REPEATED)

    @strawberry.field(description="The number of bad rows.")
    def invalid_count(self) -> int:
        return self.count(ImportedRowStatus.INVALID)

    warnings = warnings_of_sheet()
    report = report_of_sheet(client_rows.LABELS)

    results = staticmethod(imports.results)


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
        return await sheets.run(ImportClientsPayload, info.context, input, _IMPORT, input.checked)


_IMPORT = Import(imports.read, imports.import_clients)
