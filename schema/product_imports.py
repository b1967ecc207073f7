"""Mutation that imports the vendor's products of a sheet."""

from typing import Annotated

import strawberry

from domain.refusals import UserErrorCode
from domain.sheets import ImportedProductStatus
from resolvers import product_imports
from resolvers.product_imports import ImportedRow, ImportProducts, ProductSheet
from resolvers.sheets import products as product_rows
from schema import references, sheets
from schema.imported_rows import codes_of_row, line_of_row, reason_of_row
from schema.labels import label_of
from schema.nodes import Info, OfRow
from schema.relations import attribute, to_one
from schema.sheets import Import, RowsInput, RowsPayload, report_of_sheet, warnings_of_sheet


@strawberry.input(description="Input of `importProducts`.")
class ImportProductsInput(RowsInput):
    content: str = strawberry.field(
        description=(
            "The sheet, with at most 5,000 rows below a line that names the columns: the text of a CSV file, or with "
            "BASE64 any file. The columns are “Código”, “Nome”, “Usuários incluídos” and “Ativo” (sim or não), in any "
            "order, or in English; the last one can be omitted."
        )
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether only to say what would be done: nothing is changed, and no idempotency key recorded.",
    )

    def checked(self, sheet: ProductSheet) -> ImportProducts:
        """Return the products to import."""
        return ImportProducts(sheet, self.all_or_nothing, self.dry_run)


@strawberry.type(description="A row of a sheet of products, and what the import did with it.")
class ImportedProduct(OfRow, row=ImportedRow):
    line: int = line_of_row()
    status: ImportedProductStatus = attribute("What the import did with the row, or would do if it were no dry run.")
    status_label: str = label_of("status", ImportedProductStatus)
    product: references.ProductType | None = to_one(
        "product_id",
        loader="product",
        description=(
            "The product with the row's code, new or known before. Returns null if the row was not imported, and in a "
            "dry run if there is no such product yet."
        ),
    )
    codes: list[UserErrorCode] = codes_of_row()
    reason: str | None = reason_of_row(product_rows.LABELS)


@strawberry.type(description="Return type of `importProducts`.")
class ImportProductsPayload(RowsPayload):
    @strawberry.field(
        graphql_type=list[ImportedProduct],
        description=(
            "The rows of the sheet, in its order, without blank ones. They are there too if `allOrNothing` refused "
            "the import; empty if the file as a whole was refused."
        ),
    )
    def rows(self) -> list[ImportedRow]:
        return self.imported

    @strawberry.field(description="The number of products that were created, or would be if it were no dry run.")
    def created_count(self) -> int:
        return self.count(ImportedProductStatus.CREATED)

    @strawberry.field(description="The number of products with new details, or that would have them.")
    def updated_count(self) -> int:
        return self.count(ImportedProductStatus.UPDATED)

    @strawberry.field(description="The number of rows whose product is as it was before.")
    def unchanged_count(self) -> int:
        return self.count(ImportedProductStatus.UNCHANGED)

    @strawberry.field(description="The number of bad rows.")
    def invalid_count(self) -> int:
        return self.count(ImportedProductStatus.INVALID)

    warnings = warnings_of_sheet()
    report = report_of_sheet(product_rows.LABELS)

    results = staticmethod(product_imports.results)


@strawberry.type
class ProductImportMutations:
    @strawberry.mutation(
        description=(
            "Creates the products of a sheet, up to 5,000 rows, updates those whose codes exist, and says for each row "
            "what was done. Without the column “Ativo” a new product is active, and another one is left as it is. "
            "Orders and activations keep the seats that they were made with. The portal reads CSV in any usual "
            "encoding and with any delimiter, and XLSX. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def import_products(
        info: Info, input: Annotated[ImportProductsInput, strawberry.argument(description="The sheet of products.")]
    ) -> ImportProductsPayload:
        return await sheets.run(ImportProductsPayload, info.context, input, _IMPORT, input.checked)


_IMPORT = Import(product_imports.read, product_imports.import_products)
