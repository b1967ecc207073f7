"""Import of the vendor's products from a sheet."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.products import Change
from domain.sheets import ImportedProductStatus, RowsRefused
from resolvers import products
from resolvers.imports import BATCH, batches
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.sheets import contents
from resolvers.sheets import products as product_rows
from resolvers.sheets.cells import Dots
from resolvers.sheets.contents import Content, ReadSheet
from resolvers.sheets.products import Row
from resolvers.sheets.reader import BadRow, Sheet

ProductSheet = ReadSheet[Row]
"""Products of a sheet."""


class ImportProducts(NamedTuple):
    """Products to create or update, and whether all of them or none."""

    sheet: ProductSheet
    all_or_nothing: bool
    dry_run: bool

    @property
    def changes_nothing(self) -> bool:
        """Whether nothing is imported, so that the mended sheet may have the same idempotency key."""
        return self.sheet.is_bad


class ProductsImported(NamedTuple):
    """Ids and changes of the products of the valid rows, in their order; a null id if one would be created."""

    product_ids: Sequence[int | None]
    changes: Sequence[str]


class ImportedRow(NamedTuple):
    """Row of a sheet, and what was done with it."""

    line: int
    status: ImportedProductStatus
    product_id: int | None
    bad: BadRow | None


async def read(portal: Portal, content: Content) -> ProductSheet:
    """Return the products of a file; raise a refusal if it is no sheet of products."""
    return await contents.read(portal, content, product_rows.LAYOUT, _products)


def _products(opened: Sheet, digest: bytes) -> ProductSheet:
    dots = Dots(opened.header.of)
    rows = contents.limited(product_rows.read(opened.rows, dots))
    return ReadSheet(digest, opened.header, rows, [*contents.warned(opened), *dots.warnings()])


@mutation("importProducts", ProductsImported, for_vendor=True)
async def import_products(work: Work, given: ImportProducts) -> ProductsImported:
    """Create the products with new codes, and update the others."""
    if given.sheet.bad and given.all_or_nothing:
        raise RowsRefused(("content",), bad=len(given.sheet.bad))
    wanted = [row.details for row in given.sheet.rows if isinstance(row, Row)]
    done = await products.put(work.tx, wanted, dry_run=given.dry_run)
    happened = (event for each in done.values() for event in each.events)
    for some in batches(happened, BATCH):
        await work.append(*some)
    in_order = [done[details.code] for details in wanted]
    return ProductsImported([each.product_id for each in in_order], [each.change.value for each in in_order])


def results(sheet: ProductSheet, outcome: ProductsImported | None) -> list[ImportedRow]:
    """Return what an import did with each row of the sheet; without an outcome, it imported none."""
    done = iter(()) if outcome is None else zip(outcome.product_ids, outcome.changes, strict=True)
    found = []
    for row in sheet.rows:
        if isinstance(row, BadRow):
            found.append(ImportedRow(row.line, ImportedProductStatus.INVALID, None, row))
            continue
        product_id, change = next(done, (None, None))
        status = ImportedProductStatus.NOT_IMPORTED if change is None else _STATUS[change]
        found.append(ImportedRow(row.line, status, product_id, None))
    return found


_STATUS = {change.value: ImportedProductStatus[change.name] for change in Change}
