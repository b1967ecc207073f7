"""Generation of the demo, in one transaction, in a database without partners."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from sqlalchemy import Table

from db import (
    activation_changes,
    client_activity,
    event_log,
    partner_changes,
    partners,
    price_drafts,
    price_tables,
    prices,
    products,
    tables,
    users,
)
from db.engine import Transaction, bulk, statistics
from demo import catalogue
from demo.calendar import Calendar
from demo.catalogue import (
    PARTNERS,
    PRICE_TABLES,
    PRODUCTS,
    RETIRED,
    RISE_PERCENT,
    VENDOR,
    Partner,
    Person,
    PriceTable,
)
from demo.plan import Sizes, Step, plan, shares
from demo.rows import Ids, Rows
from demo.world import PartnerHere, PricesHere, ProductHere, Year
from domain.access import DEMO_PASSWORD, Role
from domain.events import Event, EventType
from domain.partners import PartnerStatus
from domain.policies import Policy
from domain.price_tables import PriceKey, Tiers
from domain.products import happened
from resolvers.partners import NewVendor, vendor_id
from resolvers.passwords import hash_password
from resolvers.portal import Portal

LEAST = Sizes(clients=9, activations=0, orders=9)
"""Three clients and three orders for each partner: fewer would show nothing."""

_CHUNK = 2_000

_NOTICE = timedelta(weeks=5)
"""How long before their begin higher prices are published. They begin at midnight in Brasília."""

Progress = Callable[[str, int, int], object]
"""Told what is being done, how many units of it were done just now, and how many there are."""


class NotEmptyError(Exception):
    """Error: the database has partners already."""


class _Planned(NamedTuple):
    partner: Partner
    rng: Random
    steps: Sequence[Step]


async def make(portal: Portal, sizes: Sizes, *, seed: int, now: datetime, report: Progress) -> None:
    """Write the demo of these sizes; a seed and `now` determine it.

    Raises NotEmptyError if there are partners, and TooFewOrdersError if the orders can't buy the licenses;
    then nothing is written.
    """
    planned = _plan(sizes, seed=seed, now=now)
    password_hash = await hash_password(DEMO_PASSWORD)

    async def fill(tx: Transaction) -> None:
        if await partners.exists_any(tx):
            raise NotEmptyError
        product_ids = {
            product.code: await products.put(
                tx, code=product.code, name=product.name, included_seats=product.included_seats
            )
            for product in PRODUCTS
        }
        ids, partner_ids = Ids(), dict[str, int]()
        # Before the first order, and some weeks after the last.
        begin = Calendar(Random(seed), now).begin - timedelta(days=1)  # noqa: S311 — no time is drawn.
        tables_here = {each: await put_prices(tx, each, product_ids, begins_at=begin) for each in PRICE_TABLES}
        for partner, rng, steps in planned:
            here = await _settle(tx, partner, tables_here, password_hash)
            partner_ids[partner.domain] = here.id
            label = partner.name.split()[0]
            # A unit of work may run several times: each has the same draws.
            rows = Year(copy(rng), here, ids).live(steps, lived=_reporter(report, f"{label}: making up", len(steps)))
            await write(tx, here.id, rows, wrote=_reporter(report, f"{label}: writing", len(rows)))
        vendor = await _settle_vendor(tx, password_hash)
        lately = now - timedelta(seconds=1)
        for partner in PARTNERS:
            await _restrict(tx, partner, partner_ids[partner.domain], by_id=vendor.sales_id, at=lately)
        for prices_table, of_table in tables_here.items():
            await _raise(tx, prices_table, of_table, vendor, at=lately)
        await _retire(tx, vendor, at=lately)
        for table in (tables.clients, tables.activations, tables.orders):
            await bulk.number_on(tx, table)
        await statistics.analyze(tx, *tables.metadata.sorted_tables)

    await portal.database.write(fill)


def _plan(sizes: Sizes, *, seed: int, now: datetime) -> list[_Planned]:
    parts = [partner.share for partner in PARTNERS]
    counts = zip(
        shares(sizes.clients, parts, least=LEAST.clients // len(parts)),
        shares(sizes.activations, parts, least=0),
        shares(sizes.orders, parts, least=LEAST.orders // len(parts)),
        strict=True,
    )
    planned = []
    for partner, (clients, of_activations, of_orders) in zip(PARTNERS, counts, strict=True):
        # Each partner has a source of its own, so that what one has does not depend on how much another one has.
        rng = Random(f"{seed} {partner.domain}")  # noqa: S311 — made-up data has to be the same each time.
        calendar = Calendar(rng, now)
        planned.append(_Planned(partner, rng, plan(rng, calendar, Sizes(clients, of_activations, of_orders))))
    return planned


async def _settle(
    tx: Transaction, partner: Partner, here: Mapping[PriceTable, PricesHere], password_hash: str
) -> PartnerHere:
    partner_id = await partners.create(tx, name=partner.name, cnpj=partner.cnpj)
    if partner_id is None:
        raise NotEmptyError
    users = {
        person.role: await _hire(tx, partner_id, person, partner.domain, password_hash) for person in partner.people
    }
    table_ids = [here[table].price_table_id for table in partner.price_tables]
    await price_tables.assign(tx, partner_id, table_ids, preselected_id=table_ids[0])
    return PartnerHere(partner_id, users[Role.MANAGER], users[Role.OPERATOR], here[partner.price_tables[0]])


class _VendorHere(NamedTuple):
    id: int
    sales_id: int
    admin_id: int


async def _settle_vendor(tx: Transaction, password_hash: str) -> _VendorHere:
    """Write the vendor and its users."""
    partner_id = await vendor_id(tx, NewVendor(VENDOR.name, VENDOR.cnpj))
    users = {person.role: await _hire(tx, partner_id, person, VENDOR.domain, password_hash) for person in VENDOR.people}
    return _VendorHere(partner_id, users[Role.VENDOR_SALES], users[Role.VENDOR_ADMIN])


async def _retire(tx: Transaction, vendor: _VendorHere, *, at: datetime) -> None:
    product_id = await products.put(tx, **RETIRED._asdict())
    retired = [Event(type=each, product_id=product_id) for each in happened(None, RETIRED)]
    await event_log.append(tx, vendor.id, retired, actor_id=vendor.admin_id, at=at)


async def _restrict(tx: Transaction, partner: Partner, partner_id: int, *, by_id: int, at: datetime) -> None:
    """Write the policies and the suspension of a partner that has them."""
    happened = []
    if partner.policy != Policy():
        await partner_changes.set_policy(tx, partner_id, partner.policy)
        happened.append(Event(type=EventType.PARTNER_POLICY_CHANGED))
    if partner.suspension_reason is not None:
        reason = partner.suspension_reason
        await partner_changes.set_status(tx, partner_id, PartnerStatus.SUSPENDED, at=at, reason=reason)
        happened.append(Event(type=EventType.PARTNER_SUSPENDED))
    if happened:
        await event_log.append(tx, partner_id, happened, actor_id=by_id, at=at)


async def _hire(tx: Transaction, partner_id: int, person: Person, domain: str, password_hash: str) -> int:
    email = f"{person.login}@{domain}"
    user_id = await users.create(
        tx, partner_id, email=email, name=person.name, role=person.role, password_hash=password_hash, proved_at=None
    )
    if user_id is None:
        raise NotEmptyError
    return user_id


async def put_prices(
    tx: Transaction, table: PriceTable, product_ids: Mapping[str, int], *, begins_at: datetime
) -> PricesHere:
    """Create a price table with its first version."""
    price_table_id = await price_tables.create(tx, table.name)
    if price_table_id is None:
        raise NotEmptyError
    products = _priced(product_ids, table.percent)
    version_id = await price_drafts.create(tx, price_table_id, at=begins_at)
    await prices.replace_tiers(tx, version_id, _keyed(products))
    await price_drafts.publish(tx, version_id, begins_at=begins_at, by_id=None, at=begins_at)
    return PricesHere(price_table_id, version_id, products)


async def _raise(tx: Transaction, table: PriceTable, here: PricesHere, vendor: _VendorHere, *, at: datetime) -> None:
    """Publish a version of the price table that begins later, with higher prices."""
    higher = _priced({code: of.id for code, of in here.products.items()}, table.percent * RISE_PERCENT // 100)
    version_id = await price_drafts.create(tx, here.price_table_id, at=at)
    await prices.replace_tiers(tx, version_id, _keyed(higher))
    begins_at = (at + _NOTICE).replace(hour=3, minute=0, second=0, microsecond=0)
    await price_drafts.publish(tx, version_id, begins_at=begins_at, by_id=vendor.sales_id, at=at)
    changed = Event(type=EventType.PRICES_CHANGED, price_table_id=here.price_table_id)
    concerned = [vendor.id, *await price_tables.partners_of(tx, here.price_table_id)]
    await event_log.append_to_each(tx, concerned, changed, actor_id=vendor.sales_id, at=at)


def _priced(product_ids: Mapping[str, int], percent: int) -> dict[str, ProductHere]:
    return {
        product.code: ProductHere(product_ids[product.code], product.included_seats, catalogue.tiers(product, percent))
        for product in PRODUCTS
    }


def _keyed(products: Mapping[str, ProductHere]) -> Tiers:
    return {
        PriceKey(product.id, order_type): tiers
        for product in products.values()
        for order_type, tiers in product.tiers.items()
    }


async def write(
    tx: Transaction, partner_id: int, rows: Rows, *, wrote: Callable[[int], object] = lambda _: None
) -> None:
    """Write the rows of a partner; call `wrote` with the number of rows of each statement."""
    # In the order of their references: each table after those that it refers to.
    written: Sequence[tuple[Table, Sequence[object]]] = (
        (tables.license_stock, rows.stock),
        (tables.clients, rows.clients),
        (tables.activations, rows.activations),
        (tables.orders, rows.orders),
        (tables.order_items, rows.items),
        (tables.stock_movements, rows.movements),
        (tables.events, rows.events),
    )
    for table, of_table in written:
        for start in range(0, len(of_table), _CHUNK):
            chunk = of_table[start : start + _CHUNK]
            await bulk.insert(tx, table, chunk)
            wrote(len(chunk))
    await client_activity.count(tx, partner_id)
    updated_at = {activation.id: activation.updated_at for activation in rows.activations}
    for previous_id, activation_id in rows.moved:
        await activation_changes.point_to(tx, partner_id, [(previous_id, activation_id)], at=updated_at[previous_id])
    await event_log.set_counters(
        tx,
        partner_id,
        order_number=len(rows.orders),
        event_number=len(rows.events),
        event_hash=rows.last_hash,
        at=rows.last_at,
    )


def _reporter(report: Progress, doing: str, total: int) -> Callable[[int], object]:
    return lambda done: report(doing, done, total)
