"""Import of the prices of a sheet to the draft of a price table, by the API and from the command line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from db import partners, price_tables, prices
from db.engine import Transaction
from db.price_tables import PriceTableRow
from domain import price_tables as rules
from domain.events import Event, EventType
from domain.languages import Text
from domain.orders import TYPE_LABELS
from domain.price_drafts import OthersDrafted
from domain.price_tables import DearerTier, Difference, PriceKey, Tiers
from domain.sheets import RowsRefused
from resolvers import imports, price_drafts
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.price_drafts import Publication
from resolvers.price_tables import undone_by_version
from resolvers.sheets import contents
from resolvers.sheets import prices as price_rows
from resolvers.sheets.cells import Dots
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
    """Draft that was written; None if it was a dry run, which has the tiers that would be dearer than the ones below.

    The outcome of a dry run is not recorded for a key.
    """

    price_table_id: int
    version_id: int | None
    dearer: Sequence[DearerTier] = ()


async def read(portal: Portal, content: Content) -> PriceSheet:
    """Return the prices of a file; raise a refusal if it is no sheet of prices."""
    known = Products(await imports.products(portal))
    return await contents.read(portal, content, price_rows.LAYOUT, partial(_prices, known))


def _prices(known: Products, opened: Sheet, digest: bytes) -> PriceSheet:
    dots = Dots(opened.header.of)
    found = price_rows.read(contents.limited(opened.rows), known, dots)
    warnings = [*contents.warned(opened), *dots.warnings()]
    return PriceSheet(digest, opened.header, found.bad, warnings, found.tiers)


@mutation("importPrices", PricesImported, for_vendor=True, check_replay=price_drafts.check_kept)
async def import_prices(work: Work, given: ImportPrices) -> PricesImported:
    """Write the prices of a sheet to the draft of a price table, or none if a row is bad."""
    table = await price_drafts.locked(work.tx, given.price_table_id)
    if given.sheet.bad:
        raise RowsRefused(("content",), bad=len(given.sheet.bad))
    at, tiers = work.now, given.sheet.tiers
    if given.dry_run:
        written = await price_drafts.tiers_with(work.tx, table.id, tiers, at=at)
        return PricesImported(table.id, None, rules.dearer(written))
    version_id = await price_drafts.write(work.tx, table.id, tiers, at=at)
    await work.append(Event(type=EventType.PRICE_TABLE_DRAFTED, price_table_id=table.id))
    return PricesImported(table.id, version_id)


class Written(NamedTuple):
    """What an import has written: the tiers that are dearer than the ones below, and the prices with holes.

    If it was published, `others` are the prices that the draft had changed besides the file, `undone` the changes that
    a version undoes which was published before, and `partners` the number of partners that buy by the price table.
    """

    dearer: Sequence[DearerTier]
    holes: Sequence[tuple[PriceKey, int]]
    others: Sequence[PriceKey]
    undone: Sequence[Difference]
    partners: int = 0


async def write(portal: Portal, table: PriceTableRow, tiers: Tiers, *, dry_run: bool = False) -> Written:
    """Write prices to the draft of a price table."""
    run = portal.database.rehearse if dry_run else portal.database.write
    return await run(partial(_write, portal=portal, table=table, tiers=tiers))


async def publish(
    portal: Portal, table: PriceTableRow, tiers: Tiers, *, with_draft: bool = False, dry_run: bool = False
) -> Written:
    """Write prices to the draft of a price table, and publish it at once.

    Raises OthersDrafted if that would change other prices too, unless the draft is published `with_draft`.
    """
    run = portal.database.rehearse if dry_run else portal.database.write
    return await run(partial(_publish, portal=portal, table=table, tiers=tiers, with_draft=with_draft))


async def _write(tx: Transaction, portal: Portal, table: PriceTableRow, tiers: Tiers) -> Written:
    await price_drafts.locked(tx, table.id)
    at = portal.now()
    version_id = await price_drafts.write(tx, table.id, tiers, at=at)
    written = await price_drafts.tiers_of(tx, version_id)
    await price_drafts.append(tx, await _vendor(tx), EventType.PRICE_TABLE_DRAFTED, table.id, actor_id=None, at=at)
    return Written(rules.dearer(written), rules.holes(written), [], [])


async def _publish(tx: Transaction, portal: Portal, table: PriceTableRow, tiers: Tiers, *, with_draft: bool) -> Written:
    await price_drafts.locked(tx, table.id)
    at = portal.now()
    await price_drafts.write(tx, table.id, tiers, at=at)
    published = await price_drafts.publish(tx, table.id, Publication(at, by_id=None, at=at))
    others = rules.changed_besides(tiers, published.before, published.tiers)
    if others and not with_draft:
        raise OthersDrafted(products=await _named(tx, others))
    buyers = await price_tables.partners_of(tx, table.id)
    concerned = [*await _vendor(tx), *(buyers if published.changes_prices else [])]
    await price_drafts.append(tx, concerned, EventType.PRICES_CHANGED, table.id, actor_id=None, at=at)
    undone = await undone_by_version(tx, published.version_id)
    return Written(rules.dearer(published.tiers), [], others, undone, len(buyers))


async def _vendor(tx: Transaction) -> list[int]:
    vendor = await partners.vendor(tx)
    return [] if vendor is None else [vendor.id]


async def _named(tx: Transaction, keys: Sequence[PriceKey]) -> list[Text]:
    named = await prices.products_by_ids(tx, [key.product_id for key in keys])
    return [Text(*(f"{named[key.product_id].code} ({label})" for label in TYPE_LABELS[key.order_type])) for key in keys]
