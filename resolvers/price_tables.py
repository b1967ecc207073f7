"""The vendor's price tables: pages of them, their versions, and what a draft changes."""

from collections.abc import Sequence
from datetime import datetime

from db import price_drafts, price_tables, price_versions, prices
from db.engine import Connection
from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from domain import price_tables as rules
from domain.access import Permission
from domain.price_drafts import compared_at
from domain.price_tables import DearerTier, Difference, UnknownPriceTable
from domain.tenancy import ALL_PARTNERS
from domain.text import normal
from resolvers import pages
from resolvers import prices as quotes
from resolvers.columns import column
from resolvers.context import Context
from resolvers.dataloader import Batch, MaybeAwaitable, then
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection
from resolvers.portal import Portal
from resolvers.prices import PriceTableItem

_AT_ONCE = 10
"""Number of versions whose tiers are read by one statement."""


def page(
    context: Context, arguments: PageArguments, *, selection: Selection = EVERYTHING
) -> MaybeAwaitable[Page[PriceTableRow]]:
    """Return a page of the price tables that the viewer's partner buys by; of all for the vendor's users."""
    scope = context.require(Permission.ORDERS_READ).scope
    return pages.page(context, scope, price_tables.listing(scope), arguments, selection)


def version_items(context: Context, versions: Sequence[VersionRow]) -> Batch[list[PriceTableItem]]:
    """Return the items of each version."""
    loaded = context.loaders.tiers_of_version.load_many(column(versions, "id"))
    return then(loaded, lambda of_versions: [quotes.items(tiers or {}) for tiers in of_versions])


async def difference(
    context: Context, price_table_id: int, begins_at: datetime | None = None
) -> list[Difference] | None:
    """Return what the draft changes of the prices in force when it begins, which is now if None.

    Returns None without a draft, and for a partner's user. Raises ComparedInPast.
    """
    viewer = context.require(Permission.ORDERS_READ)
    if not viewer.of_vendor:
        return None
    at = compared_at(begins_at, context.now())

    async def read(connection: Connection) -> list[Difference] | None:
        draft = await price_drafts.draft_of(connection, price_table_id)
        return None if draft is None else await _changes(connection, draft, begins_at=at)

    return await context.portal.database.read(read)


async def undone(context: Context, version_id: int) -> list[Difference]:
    """Return the changes of a published version that one undoes which was published before and begins later."""
    return await context.portal.database.read(lambda connection: undone_by_version(connection, version_id))


async def undone_by_version(connection: Connection, version_id: int) -> list[Difference]:
    """Return the changes that a version undoes, read on this connection."""
    version = (await price_versions.by_ids(connection, ALL_PARTNERS, [version_id]))[version_id]
    if version.begins_at is None:
        return []
    changes = await _changes(connection, version, begins_at=version.begins_at)
    return [each for each in changes if each.undone_by is not None]


async def _changes(connection: Connection, version: VersionRow, *, begins_at: datetime) -> list[Difference]:
    """Return what a version changes of those that were published before it, if it begins at that time."""
    replaced = await price_versions.replaced(connection, version, at=begins_at)
    following = await price_versions.following(connection, version, at=begins_at)
    before = [] if replaced is None else [replaced.id]
    tiers = await prices.tiers_of_versions(connection, ALL_PARTNERS, [version.id, *before])
    changes = rules.differences(tiers.get(before[0], {}) if before else {}, tiers.get(version.id, {}))
    for begin in range(0, len(following), _AT_ONCE):
        if all(change.undone_by is not None for change in changes):
            break
        some = following[begin : begin + _AT_ONCE]
        later = await prices.tiers_of_versions(connection, ALL_PARTNERS, some)
        changes = rules.undone(changes, {version_id: later.get(version_id, {}) for version_id in some})
    return changes


async def warnings(context: Context, version_id: int) -> list[DearerTier]:
    """Return the tiers of a version that are dearer than the ones below them."""
    return rules.dearer(await context.loaders.tiers_of_version.load(version_id) or {})


async def named(portal: Portal, name: str) -> PriceTableRow:
    """Return the price table with that name; raise UnknownPriceTable if there is none."""
    found = await find(portal, name)
    if found is None:
        raise UnknownPriceTable(("table",), name=name)
    return found


async def find(portal: Portal, name: str) -> PriceTableRow | None:
    """Return the price table with that name."""
    return await portal.database.read(lambda connection: price_tables.named(connection, normal(name)))


async def preselected_of(portal: Portal, partner_id: int) -> PriceTableRow:
    """Return the price table that the partner orders by if it names none."""
    found = await portal.database.read(
        lambda connection: price_tables.preselected_of_partners(connection, partner_id, [partner_id])
    )
    return found[partner_id]
