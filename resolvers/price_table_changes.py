"""Changes of the vendor's price tables: creating and naming one, drafting, publishing and assigning it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from db import partner_changes, price_tables, prices
from db.engine import Transaction
from domain import price_tables as rules
from domain.checks import Checks
from domain.events import Event, EventType
from domain.price_drafts import begin
from domain.price_tables import PreselectedNotAssigned, PriceKey, PriceTableNameTaken
from domain.prices import Tier
from domain.refusals import NotFound
from domain.tenancy import ALL_PARTNERS
from resolvers import price_drafts
from resolvers.mutations import Work, mutation
from resolvers.price_drafts import Publication, locked


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
    """Prices to write to the draft of a price table; it keeps those that are not named.

    `copy_of` is the number of the version that a new draft begins as a copy of; None for the one in force.
    """

    price_table_id: int
    prices: tuple[DraftedPrice, ...]
    copy_of: int | None = None


class PricesChanged(NamedTuple):
    """Version that was drafted or published."""

    price_table_id: int
    version_id: int


@mutation("draftPriceTable", PricesChanged, for_vendor=True, check_replay=price_drafts.check_kept)
async def draft(work: Work, given: DraftPriceTable) -> PricesChanged:
    """Write prices to the draft, which begins as a copy of the version in force, or of the one that is named."""
    await locked(work.tx, given.price_table_id)
    await _check_products(work.tx, given.prices)
    if given.copy_of is not None:
        await price_drafts.begin_copy(work.tx, given.price_table_id, of_number=given.copy_of)
    tiers = {price.key: price.tiers for price in given.prices}
    version_id = await price_drafts.write(work.tx, given.price_table_id, tiers, at=work.now)
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
    await locked(work.tx, given.price_table_id)
    await work.act()
    # The time after the lock, since orders before it were made by the version before.
    at = work.now
    begins_at = begin(given.begins_at, at)
    publication = Publication(begins_at, by_id=work.viewer.user_id, at=at, replaces=given.replaces)
    published = await price_drafts.publish(work.tx, given.price_table_id, publication)
    buyers = await price_tables.partners_of(work.tx, given.price_table_id) if published.changes_prices else []
    concerned = [work.partner_id, *buyers]
    by_id = work.viewer.user_id
    await price_drafts.append(work.tx, concerned, EventType.PRICES_CHANGED, given.price_table_id, actor_id=by_id, at=at)
    return PricesChanged(given.price_table_id, published.version_id)


class DiscardPriceTableDraft(NamedTuple):
    """Price table whose draft is discarded."""

    price_table_id: int


@mutation("discardPriceTableDraft", PriceTableChanged, for_vendor=True)
async def discard(work: Work, given: DiscardPriceTableDraft) -> PriceTableChanged:
    """Delete the draft."""
    await locked(work.tx, given.price_table_id)
    await price_drafts.discard(work.tx, given.price_table_id)
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
        # A publication at the same time finds the partner among those that buy by the table, or is over before.
        for table_id in sorted(before.keys() ^ after.keys()):
            await price_tables.locked(work.tx, table_id)
        table_ids = sorted(given.price_table_ids)
        await price_tables.assign(work.tx, work.partner_id, table_ids, preselected_id=given.preselected_id)
        changed = rules.reassigned(before, after)
        await work.append(*(Event(type=EventType.PRICES_CHANGED, price_table_id=table_id) for table_id in changed))
    return PriceTablesAssigned(work.partner_id)


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
