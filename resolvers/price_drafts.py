"""The draft of a price table within a transaction: writing its prices, and publishing it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from db import event_log, price_drafts, price_tables, price_versions, prices
from db.engine import Transaction
from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from db.prices import ProductRow
from domain import price_tables as rules
from domain.checks import Checks
from domain.events import Event, EventType
from domain.orders import TYPE_LABELS
from domain.price_drafts import DraftGone, DraftThere, HoleInPrices, NoDraft, check_replaced
from domain.price_tables import PriceKey, Tiers
from domain.refusals import NotFound
from domain.tenancy import ALL_PARTNERS
from resolvers.mutations import Work


async def locked(tx: Transaction, price_table_id: int) -> PriceTableRow:
    """Return the price table, locked until the transaction ends; raise NotFound if there is none."""
    table = await price_tables.locked(tx, price_table_id)
    if table is None:
        raise NotFound(("priceTableId",))
    return table


async def draft_of(tx: Transaction, price_table_id: int) -> VersionRow:
    """Return the draft of the price table; raise NoDraft if there is none."""
    found = await price_drafts.draft_of(tx, price_table_id)
    if found is None:
        raise NoDraft(("priceTableId",))
    return found


async def write(tx: Transaction, price_table_id: int, tiers: Tiers, *, at: datetime) -> int:
    """Write prices to the draft of the locked price table, and return its id."""
    found = await price_drafts.draft_of(tx, price_table_id)
    version_id = await price_drafts.create(tx, price_table_id, at=at) if found is None else found.id
    await prices.replace_tiers(tx, version_id, tiers)
    return version_id


async def tiers_with(tx: Transaction, price_table_id: int, tiers: Tiers, *, at: datetime) -> Tiers:
    """Return the tiers that the draft would have after `write`."""
    found = await price_drafts.draft_of(tx, price_table_id)
    version_id = await price_drafts.source_id(tx, price_table_id, at=at) if found is None else found.id
    return {**({} if version_id is None else await tiers_of(tx, version_id)), **tiers}


async def begin_copy(tx: Transaction, price_table_id: int, *, of_number: int) -> None:
    """Begin the draft of the locked price table as a copy of the published version of this number.

    Raises DraftThere, or NotFound if there is no such version.
    """
    if await price_drafts.draft_of(tx, price_table_id) is not None:
        raise DraftThere(("copyOfVersion",))
    if await price_drafts.create_copy(tx, price_table_id, of_number=of_number) is None:
        raise NotFound(("copyOfVersion",))


async def discard(tx: Transaction, price_table_id: int) -> None:
    """Delete the draft of the locked price table; raise NoDraft if there is none."""
    await price_drafts.discard(tx, (await draft_of(tx, price_table_id)).id)


class Drafted(Protocol):
    """Outcome that has the version that was written; None if there was none."""

    @property
    def version_id(self) -> int | None:
        """The id of the version."""


async def check_kept(work: Work, outcome: Drafted) -> None:
    """Raise DraftGone if the draft that was written was discarded meanwhile."""
    version_id = outcome.version_id
    if version_id is not None and not await price_versions.by_ids(work.tx, ALL_PARTNERS, [version_id]):
        raise DraftGone(("idempotencyKey",))


async def tiers_of(tx: Transaction, version_id: int) -> Tiers:
    """Return the tiers of the version."""
    return (await prices.tiers_of_versions(tx, ALL_PARTNERS, [version_id])).get(version_id, {})


class Publication(NamedTuple):
    """Time, actor and begin of a publication, and the number of the version that the actor confirms to replace."""

    begins_at: datetime
    by_id: int | None
    at: datetime
    replaces: int | None = None


class Published(NamedTuple):
    """Version that was published, with its tiers; `before` are those that would be in force without the version."""

    version_id: int
    tiers: Tiers
    before: Tiers

    @property
    def changes_prices(self) -> bool:
        """Whether the version has other prices than those before."""
        return bool(rules.differences(self.before, self.tiers))


async def publish(tx: Transaction, price_table_id: int, publication: Publication) -> Published:
    """Publish the draft of the locked price table.

    Raises DraftOutdated, and a group of refusals if the draft has holes.
    """
    found = await draft_of(tx, price_table_id)
    before = await price_versions.replaced(tx, found, at=publication.begins_at)
    number = None if before is None else before.number
    check_replaced(before=number, copy_of=found.copy_of, confirmed=publication.replaces)
    replaced = [] if before is None else [before.id]
    tiers = await prices.tiers_of_versions(tx, ALL_PARTNERS, [found.id, *replaced])
    drafted = tiers.get(found.id, {})
    holes = rules.holes(drafted)
    names = await prices.products_by_ids(tx, sorted({key.product_id for key, _ in holes})) if holes else {}
    checks = Checks()
    for key, lowest in holes:
        checks.refuse(_hole(names, key, lowest))
    checks.done()
    begins_at, by_id, at, _ = publication
    await price_drafts.publish(tx, found.id, begins_at=begins_at, by_id=by_id, at=at)
    return Published(found.id, drafted, tiers.get(before.id, {}) if before else {})


def _hole(names: Mapping[int, ProductRow], key: PriceKey, lowest: int) -> HoleInPrices:
    name, kind = names[key.product_id].name, TYPE_LABELS[key.order_type]
    return HoleInPrices(("priceTableId",), product=name, lowest=lowest, kind=kind)


async def append(
    tx: Transaction,
    partner_ids: Collection[int],
    happened: EventType,
    price_table_id: int,
    *,
    actor_id: int | None,
    at: datetime,
) -> None:
    """Append an event about the price table to the feed of each of these partners."""
    event = Event(type=happened, price_table_id=price_table_id)
    await event_log.append_to_each(tx, list(partner_ids), event, actor_id=actor_id, at=at)
