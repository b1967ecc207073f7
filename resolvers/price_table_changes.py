"""Changes of the vendor's price tables: creating and naming one, drafting, publishing and assigning it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from db import event_log, partner_changes, partners, price_tables, price_versions, prices
from db.engine import Transaction
from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from db.prices import ProductRow
from domain import price_tables as rules
from domain.checks import Checks
from domain.events import Event, EventType
from domain.orders import TYPE_LABELS
from domain.price_tables import (
    DearerTier,
    Difference,
    HoleInPrices,
    NoDraft,
    PreselectedNotAssigned,
    PriceKey,
    PriceTableNameTaken,
    Tiers,
)
from domain.prices import Tier
from domain.refusals import NotFound
from domain.tenancy import ALL_PARTNERS
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal
from resolvers.price_tables import undone_by_version


class CreatePriceTable(NamedTuple):
    """Price table to create."""

    name: str


class PriceTableChanged(NamedTuple):
    """Price table that was created or changed."""

    price_table_id: int


@mutation("createPriceTable", PriceTableChanged, for_vendor=True)
async def create(work: Work, given: CreatePriceTable) -> PriceTableChanged:
    """Create a price table without versions."""
    table_id = await price_tables.create(work.tx, given.name)
    if table_id is None:
        raise PriceTableNameTaken(("name",), name=given.name)
    await work.append(Event(type=EventType.PRICE_TABLE_CREATED, price_table_id=table_id))
    return PriceTableChanged(table_id)


class RenamePriceTable(NamedTuple):
    """New name of a price table."""

    price_table_id: int
    name: str


@mutation("renamePriceTable", PriceTableChanged, for_vendor=True)
async def rename(work: Work, given: RenamePriceTable) -> PriceTableChanged:
    """Give a price table another name; if it is as before, nothing happens."""
    table = await locked(work.tx, given.price_table_id)
    if given.name != table.name:
        if not await price_tables.rename(work.tx, table, given.name):
            raise PriceTableNameTaken(("name",), name=given.name)
        await work.append(Event(type=EventType.PRICE_TABLE_RENAMED, price_table_id=table.id))
    return PriceTableChanged(table.id)


class DraftedPrice(NamedTuple):
    """New tiers of a product and order type; none if it is no longer sold by the table."""

    key: PriceKey
    tiers: tuple[Tier, ...]


class DraftPriceTable(NamedTuple):
    """Prices to write to the draft of a price table; it keeps those that are not named."""

    price_table_id: int
    prices: tuple[DraftedPrice, ...]


class PricesChanged(NamedTuple):
    """Version that was drafted or published."""

    price_table_id: int
    version_id: int


@mutation("draftPriceTable", PricesChanged, for_vendor=True)
async def draft(work: Work, given: DraftPriceTable) -> PricesChanged:
    """Write prices to the draft, which begins as a copy of the version in force."""
    await locked(work.tx, given.price_table_id)
    await _check_products(work.tx, given.prices)
    tiers = {price.key: price.tiers for price in given.prices}
    version_id = await write_draft(work.tx, given.price_table_id, tiers, at=work.context.now())
    await work.append(Event(type=EventType.PRICE_TABLE_DRAFTED, price_table_id=given.price_table_id))
    return PricesChanged(given.price_table_id, version_id)


class PublishPriceTable(NamedTuple):
    """Price table whose draft is published, and when its prices begin; at once if None.

    `replaces` is the number of the version that they confirm to replace, if the draft is no copy of it.
    """

    price_table_id: int
    begins_at: datetime | None
    replaces: int | None = None


@mutation("publishPriceTable", PricesChanged, for_vendor=True)
async def publish(work: Work, given: PublishPriceTable) -> PricesChanged:
    """Publish the draft; nothing of it changes any more."""
    await work.act()
    await locked(work.tx, given.price_table_id)
    # The time after the lock, since orders before it were made by the version before.
    at = work.context.now()
    begins_at = rules.begin(given.begins_at, at)
    publication = _Publication(begins_at, by_id=work.viewer.user_id, at=at, replaces=given.replaces)
    version_id = await _publish(work.tx, given.price_table_id, publication)
    concerned = [work.partner_id, *await price_tables.partners_of(work.tx, given.price_table_id)]
    by_id = work.viewer.user_id
    await _append(work.tx, concerned, EventType.PRICES_CHANGED, given.price_table_id, actor_id=by_id, at=at)
    return PricesChanged(given.price_table_id, version_id)


class DiscardPriceTableDraft(NamedTuple):
    """Price table whose draft is discarded."""

    price_table_id: int


@mutation("discardPriceTableDraft", PriceTableChanged, for_vendor=True)
async def discard(work: Work, given: DiscardPriceTableDraft) -> PriceTableChanged:
    """Delete the draft."""
    await locked(work.tx, given.price_table_id)
    await price_versions.discard(work.tx, (await _draft_of(work.tx, given.price_table_id)).id)
    await work.append(Event(type=EventType.PRICE_TABLE_DRAFT_DISCARDED, price_table_id=given.price_table_id))
    return PriceTableChanged(given.price_table_id)


class AssignPriceTables(NamedTuple):
    """Price tables that a partner buys by from now on, and the one that it orders by if it names none."""

    price_table_ids: tuple[int, ...]
    preselected_id: int


class PriceTablesAssigned(NamedTuple):
    """Partner whose price tables were assigned."""

    partner_id: int


@mutation("assignPriceTables", PriceTablesAssigned)
async def assign(work: Work, given: AssignPriceTables) -> PriceTablesAssigned:
    """Let the partner buy by these price tables only; its orders keep the ones that they were made by."""
    await partner_changes.locked(work.tx, work.partner_id)
    await _check_tables(work.tx, given)
    before = {each.price_table_id: each.preselected for each in await _active(work.tx, work.partner_id)}
    after = {table_id: table_id == given.preselected_id for table_id in given.price_table_ids}
    if after != before:
        table_ids = sorted(given.price_table_ids)
        await price_tables.assign(work.tx, work.partner_id, table_ids, preselected_id=given.preselected_id)
        await work.append(Event(type=EventType.PRICES_CHANGED, price_table_id=given.preselected_id))
    return PriceTablesAssigned(work.partner_id)


class ImportedPrices(NamedTuple):
    """Outcome of an import: the tiers that are dearer than the ones below, and the products with holes.

    `undone` are the published changes that a version undoes which was published before.
    """

    table: str
    dearer: Sequence[DearerTier]
    holes: Sequence[tuple[PriceKey, int]]
    undone: Sequence[Difference]


async def import_prices(portal: Portal, table: PriceTableRow, tiers: Tiers, *, publish_it: bool) -> ImportedPrices:
    """Write prices to the draft of a price table, and publish it at once if asked to."""

    async def write(tx: Transaction) -> ImportedPrices:
        await locked(tx, table.id)
        version_id = await write_draft(tx, table.id, tiers, at=portal.now())
        written = (await prices.tiers_of_versions(tx, ALL_PARTNERS, [version_id])).get(version_id, {})
        vendor, at = await partners.vendor(tx), portal.now()
        concerned, happened = [] if vendor is None else [vendor.id], EventType.PRICE_TABLE_DRAFTED
        if publish_it:
            await _publish(tx, table.id, _Publication(at, by_id=None, at=at))
            concerned += await price_tables.partners_of(tx, table.id)
            happened = EventType.PRICES_CHANGED
        await _append(tx, concerned, happened, table.id, actor_id=None, at=at)
        ends = await undone_by_version(tx, version_id) if publish_it else []
        return ImportedPrices(table.name, rules.dearer(written), rules.holes(written), ends)

    return await portal.database.write(write)


async def locked(tx: Transaction, price_table_id: int) -> PriceTableRow:
    """Return the price table, locked until the transaction ends; raise NotFound if there is none."""
    table = await price_tables.locked(tx, price_table_id)
    if table is None:
        raise NotFound(("priceTableId",))
    return table


async def _draft_of(tx: Transaction, price_table_id: int) -> VersionRow:
    found = await price_versions.draft_of(tx, price_table_id)
    if found is None:
        raise NoDraft(("priceTableId",))
    return found


async def write_draft(tx: Transaction, price_table_id: int, tiers: Tiers, *, at: datetime) -> int:
    """Write prices to the draft of the locked price table, and return its id."""
    found = await price_versions.draft_of(tx, price_table_id)
    version_id = await price_versions.create_draft(tx, price_table_id, at=at) if found is None else found.id
    await prices.replace_tiers(tx, version_id, tiers)
    return version_id


class _Publication(NamedTuple):
    begins_at: datetime
    by_id: int | None
    at: datetime
    replaces: int | None = None


async def _publish(tx: Transaction, price_table_id: int, publication: _Publication) -> int:
    """Publish the draft of the locked price table, and return its id.

    Raises DraftOutdated, and a group of refusals if the draft has holes.
    """
    found = await _draft_of(tx, price_table_id)
    before = await price_versions.number_at(tx, price_table_id, publication.begins_at)
    rules.check_replaced(before=before, copy_of=found.copy_of, confirmed=publication.replaces)
    tiers = (await prices.tiers_of_versions(tx, ALL_PARTNERS, [found.id])).get(found.id, {})
    holes = rules.holes(tiers)
    names = await prices.products_by_ids(tx, sorted({key.product_id for key, _ in holes})) if holes else {}
    checks = Checks()
    for key, lowest in holes:
        checks.refuse(_hole(names, key, lowest))
    checks.done()
    begins_at, by_id, at, _ = publication
    await price_versions.publish(tx, found.id, begins_at=begins_at, by_id=by_id, at=at)
    return found.id


def _hole(names: Mapping[int, ProductRow], key: PriceKey, lowest: int) -> HoleInPrices:
    name, kind = names[key.product_id].name, TYPE_LABELS[key.order_type]
    return HoleInPrices(("priceTableId",), product=name, lowest=lowest, kind=kind)


async def _append(
    tx: Transaction,
    partner_ids: Collection[int],
    happened: EventType,
    price_table_id: int,
    *,
    actor_id: int | None,
    at: datetime,
) -> None:
    event = Event(type=happened, price_table_id=price_table_id)
    await event_log.append_to_each(tx, list(partner_ids), event, actor_id=actor_id, at=at)


async def _check_products(tx: Transaction, given: Sequence[DraftedPrice]) -> None:
    known = await prices.products_by_ids(tx, [price.key.product_id for price in given])
    checks = Checks()
    for place, price in enumerate(given):
        if price.key.product_id not in known:
            path = ("prices", str(place), "productId")
            checks.refuse(NotFound(path))
    checks.done()


async def _check_tables(tx: Transaction, given: AssignPriceTables) -> None:
    known = await price_tables.by_ids(tx, ALL_PARTNERS, given.price_table_ids)
    checks = Checks()
    for place, table_id in enumerate(given.price_table_ids):
        if table_id not in known:
            path = ("priceTableIds", str(place))
            checks.refuse(NotFound(path))
    if given.preselected_id not in given.price_table_ids:
        checks.refuse(PreselectedNotAssigned(("preselectedId",)))
    checks.done()


async def _active(tx: Transaction, partner_id: int) -> list[price_tables.AssignmentRow]:
    return [each for each in await price_tables.assigned_to(tx, partner_id) if each.active]
