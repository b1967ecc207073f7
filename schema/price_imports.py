"""Mutation that imports the prices of a sheet to the draft of a price table."""

from typing import Annotated

import strawberry

from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from domain.price_tables import DearerTier
from domain.refusals import UserErrorCode
from resolvers import ids, price_imports, price_tables
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.price_imports import ImportPrices, PriceSheet, PricesImported
from resolvers.sheets import contents
from resolvers.sheets import prices as price_rows
from resolvers.sheets.reader import BadRow
from schema import sheets
from schema.errors import Payload
from schema.imported_rows import WHY_BAD
from schema.inputs import idempotency_key
from schema.nodes import Info, OfRow
from schema.price_table_inputs import OfPriceTable
from schema.price_table_mutations import PriceWarning
from schema.price_tables import PriceTable, PriceTableVersion
from schema.relations import attribute, computed
from schema.sheets import Import, SheetInput, SheetWarning, shown


@strawberry.input(description="Input of `importPrices`.")
class ImportPricesInput(OfPriceTable, SheetInput):
    content: str = strawberry.field(
        description=(
            "The sheet, with at most 5,000 rows below a line that names the columns: the text of a CSV file, or with "
            "BASE64 any file. The columns are “Produto” (its code or name), “Tipo” (Compra or Adicional), “Quantidade "
            "mínima”, “Valor unitário mensal”, “Valor adesão” and “Bônus”, in any order, or in English; the last one "
            "can be omitted. Each row is a tier."
        )
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether only to check the sheet: nothing is changed, and no idempotency key recorded.",
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self, sheet: PriceSheet) -> ImportPrices:
        """Return the prices to import."""
        return ImportPrices(ids.number("PriceTable", self.price_table_id), sheet, self.dry_run)


def _reason(context: Context, row: BadRow) -> str:
    return row.reason(context.language, price_rows.LABELS)


def _codes(_context: Context, row: BadRow) -> list[UserErrorCode]:
    return list(dict.fromkeys(refusal.code for refusal in row.refusals))


@strawberry.type(description="A bad row of a sheet of prices.")
class InvalidPriceRow(OfRow, row=BadRow):
    line: int = attribute(
        "The number of the file's line where the row begins, or of the workbook's row. The first line is 1."
    )
    codes: list[UserErrorCode] = computed(_codes, description="The codes of what is wrong with the row, for programs.")
    reason: str = computed(_reason, description=WHY_BAD)


@strawberry.type(description="Return type of `importPrices`.")
class ImportPricesPayload(Payload):
    outcome: strawberry.Private[PricesImported | None] = None
    sheet: strawberry.Private[PriceSheet | None] = None
    """Sheet, if it could be read."""

    @strawberry.field(
        graphql_type=PriceTable | None, description="The price table. Returns null if `userErrors` is not empty."
    )
    def price_table(self, info: Info) -> MaybeAwaitable[PriceTableRow | None]:
        return None if self.outcome is None else info.context.loaders.price_table.find(self.outcome.price_table_id)

    @strawberry.field(
        graphql_type=PriceTableVersion | None,
        description="The draft with its prices. Returns null if `userErrors` is not empty, and for a dry run.",
    )
    def version(self, info: Info) -> MaybeAwaitable[VersionRow | None]:
        version_id = None if self.outcome is None else self.outcome.version_id
        return None if version_id is None else info.context.loaders.price_table_version.find(version_id)

    @strawberry.field(description="The number of tiers that were written, or would be if no row were bad.")
    def tier_count(self) -> int:
        return 0 if self.sheet is None else self.sheet.tier_count

    @strawberry.field(
        graphql_type=list[InvalidPriceRow],
        description="The bad rows of the sheet, because of which nothing was imported.",
    )
    def invalid_rows(self) -> list[BadRow]:
        return [] if self.sheet is None else self.sheet.bad

    @strawberry.field(
        graphql_type=list[PriceWarning],
        description=(
            "The tiers of the draft that cost more for each unit than the tier below. They are allowed, and shown "
            "because they may be a mistake. In a dry run, those that the draft would have."
        ),
    )
    async def warnings(self, info: Info) -> list[DearerTier]:
        if self.outcome is None or self.outcome.version_id is None:
            return [] if self.outcome is None else list(self.outcome.dearer)
        return await price_tables.warnings(info.context, self.outcome.version_id)

    @strawberry.field(description="What the user should look at in the file, such as columns that are not used.")
    def sheet_warnings(self, info: Info) -> list[SheetWarning]:
        return [] if self.sheet is None else shown(self.sheet.warnings, info.context.language)

    @strawberry.field(
        description=(
            "The bad rows as a CSV file, with their cells after a first column “motivo”, or “reason” in English, which "
            "has the line and the `reason` of each. The good rows are not in it, so the mended rows go back to the "
            "whole sheet. Returns null if no row is bad."
        )
    )
    def report(self, info: Info) -> str | None:
        return None if self.sheet is None else contents.report(self.sheet, info.context.language, price_rows.LABELS)


@strawberry.type
class PriceImportMutations:
    @strawberry.mutation(
        description=(
            "Writes the prices of a sheet, up to 5,000 rows, to the draft of a price table, or none if a row is bad. "
            "The draft keeps the prices of products that are not in the sheet. `priceTableDiff` shows what it changes, "
            "and `publishPriceTable` publishes it. The portal reads CSV in any usual encoding and with any delimiter, "
            "and XLSX. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def import_prices(
        info: Info, input: Annotated[ImportPricesInput, strawberry.argument(description="The sheet of prices.")]
    ) -> ImportPricesPayload:
        return await sheets.run(ImportPricesPayload, info.context, input, _IMPORT, input.checked)


_IMPORT = Import(price_imports.read, price_imports.import_prices)
