"""Import of the prices of a sheet to the draft of a price table."""

from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from domain.events import Event, EventType
from domain.price_tables import Tiers
from domain.sheets import RowsRefused
from resolvers import imports, price_table_changes
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.sheets import contents
from resolvers.sheets import prices as price_rows
from resolvers.sheets.contents import Content, ReadSheet
from resolvers.sheets.prices import Products
from resolvers.sheets.reader import BadRow, Sheet


@dataclass(frozen=True, slots=True)
class PriceSheet(ReadSheet[BadRow]):
    """Prices of a sheet: its tiers, and its bad rows."""

    tiers: Tiers = field(repr=False)

    @property
    def tier_count(self) -> int:
        """The number of tiers."""
        return sum(len(tiers) for tiers in self.tiers.values())


class ImportPrices(NamedTuple):
    """Prices to write to the draft of a price table."""

    price_table_id: int
    sheet: PriceSheet
    dry_run: bool


class PricesImported(NamedTuple):
    """Draft that was written; None if it was a dry run."""

    price_table_id: int
    version_id: int | None


async def read(portal: Portal, content: Content) -> PriceSheet:
    """Return the prices of a file; raise a refusal if it is no sheet of prices."""
    known = Products(await imports.products(portal))
    return await contents.read(portal, content, price_rows.LAYOUT, partial(_prices, known))


def _prices(known: Products, opened: Sheet, digest: bytes) -> PriceSheet:
    found = price_rows.read(contents.limited(opened.rows), known, opened.header.of)
    return PriceSheet(digest, opened.header, found.bad, contents.warned(opened), found.tiers)


@mutation("importPrices", PricesImported, for_vendor=True)
async def import_prices(work: Work, given: ImportPrices) -> PricesImported:
    """Write the prices of a sheet to the draft of a price table, or none if a row is bad."""
    table = await price_table_changes.locked(work.tx, given.price_table_id)
    if given.sheet.bad:
        raise RowsRefused(("content",), bad=len(given.sheet.bad))
    if given.dry_run:
        return PricesImported(table.id, None)
    version_id = await price_table_changes.write_draft(work.tx, table.id, given.sheet.tiers, at=work.context.now())
    await work.append(Event(type=EventType.PRICE_TABLE_DRAFTED, price_table_id=table.id))
    return PricesImported(table.id, version_id)
