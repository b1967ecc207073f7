"""The vendor's products: creating, updating and retiring one, and bringing many up to date."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from db import products
from db.engine import Transaction
from db.prices import ProductRow
from domain.events import Event
from domain.products import Change, ProductCodeTaken, ProductDetails, happened
from domain.refusals import NotFound
from resolvers import vendor_events
from resolvers.mutations import Work, mutation
from resolvers.portal import Portal


class CreateProduct(NamedTuple):
    """Product to create."""

    details: ProductDetails


class ProductChanged(NamedTuple):
    """Product that was created or changed."""

    product_id: int


@mutation("createProduct", ProductChanged, for_vendor=True)
async def create(work: Work, given: CreateProduct) -> ProductChanged:
    """Create a product, which partners can order once their price tables have a price for it."""
    product_id, new = await _create(work.tx, given.details)
    await work.append(*new)
    return ProductChanged(product_id)


class UpdateProduct(NamedTuple):
    """New details of a product; None keeps what it has."""

    product_id: int
    name: str | None
    included_seats: int | None


@mutation("updateProduct", ProductChanged, for_vendor=True)
async def update(work: Work, given: UpdateProduct) -> ProductChanged:
    """Write new details of a product; orders and activations keep the seats that they were made with."""
    before = _details(await _locked(work, given.product_id))
    after = before._replace(
        name=before.name if given.name is None else given.name,
        included_seats=before.included_seats if given.included_seats is None else given.included_seats,
    )
    return await _change(work, before, after, product_id=given.product_id)


class RetireProduct(NamedTuple):
    """Product to retire."""

    product_id: int


@mutation("retireProduct", ProductChanged, for_vendor=True)
async def retire(work: Work, given: RetireProduct) -> ProductChanged:
    """Refuse new orders of a product; what was ordered before can be approved and activated.

    If it is retired already, nothing happens.
    """
    before = _details(await _locked(work, given.product_id))
    return await _change(work, before, before._replace(active=False), product_id=given.product_id)


class ReinstateProduct(NamedTuple):
    """Retired product that is to be sold again."""

    product_id: int


@mutation("reinstateProduct", ProductChanged, for_vendor=True)
async def reinstate(work: Work, given: ReinstateProduct) -> ProductChanged:
    """Accept orders of a retired product again; if it is sold already, nothing happens."""
    before = _details(await _locked(work, given.product_id))
    return await _change(work, before, before._replace(active=True), product_id=given.product_id)


async def create_by_operator(portal: Portal, details: ProductDetails) -> int:
    """Return the id of the new product; raise ProductCodeTaken if another one has the code."""

    async def insert(tx: Transaction) -> int:
        product_id, new = await _create(tx, details)
        await vendor_events.append(portal, tx, new)
        return product_id

    return await portal.database.write(insert)


async def put_all(
    portal: Portal,
    batches: Iterable[Sequence[ProductDetails]],
    *,
    all_or_nothing: bool,
    report: Callable[[list[Change]], object],
    dry_run: bool = False,
) -> None:
    """Create the products with new codes and update the others.

    Orders and activations keep the seats that they were made with. Each batch is a transaction, or all of them are
    one, which begins when `batches` has ended without an error. `report` is called with the changes of each batch, or
    of all of them, after their transaction, which is rolled back in a dry run.
    """
    run = portal.database.rehearse if dry_run else portal.database.write

    async def write(tx: Transaction, batch: Sequence[ProductDetails]) -> list[Change]:
        done = await put(tx, batch)
        # The counters, which the events are numbered by, are the last lock that a transaction takes.
        await vendor_events.append(portal, tx, [event for each in done.values() for event in each.events])
        return [each.change for each in done.values()]

    # A transaction that loses against another one is run again, with all of them if they are one.
    wanted = [[details for batch in batches for details in batch]] if all_or_nothing else batches
    for batch in wanted:
        report(await run(partial(write, batch=batch)))


class _Created(NamedTuple):
    product_id: int
    events: list[Event]


async def _create(tx: Transaction, details: ProductDetails) -> _Created:
    created = await _inserted(tx, details)
    if created is None:
        raise ProductCodeTaken(("code",), product_code=details.code)
    return created


async def _inserted(tx: Transaction, details: ProductDetails) -> _Created | None:
    """Create a product; return None if another one has the code."""
    new = details.completed(None)
    product_id = await products.create(tx, **new._asdict() | {"active": new.active is not False})
    return None if product_id is None else _Created(product_id, _events(product_id, None, new))


async def _locked(work: Work, product_id: int) -> ProductRow:
    product = await products.locked_by_id(work.tx, product_id)
    if product is None:
        raise NotFound(("productId",))
    return product


async def _change(work: Work, before: ProductDetails, after: ProductDetails, *, product_id: int) -> ProductChanged:
    new = _events(product_id, before, after)
    if new:
        await products.put(work.tx, **after._asdict())
        await work.append(*new)
    return ProductChanged(product_id)


class Put(NamedTuple):
    """Product that was created or updated; the id is None if it would only be created."""

    product_id: int | None
    change: Change
    events: Sequence[Event]


async def put(tx: Transaction, batch: Sequence[ProductDetails], *, dry_run: bool = False) -> Mapping[str, Put]:
    """Create the products with new codes and update the others; return each by its code, in the order of codes.

    A dry run only says what would be done. A transaction calls it once, with all products that it writes: their locks
    are taken in one order, so that two imports of the same products can't deadlock.
    """
    wanted = sorted(batch, key=lambda details: details.code)
    rows = await products.locked(tx, [details.code for details in wanted])
    done: dict[str, Put] = {}
    for details in wanted:
        row = rows.get(details.code)
        if row is None and not dry_run:
            created = await _inserted(tx, details)
            if created is not None:
                done[details.code] = Put(created.product_id, Change.CREATED, created.events)
                continue
            # Another transaction has created it since.
            row = (await products.locked(tx, [details.code]))[details.code]
        product_id, before = (None, None) if row is None else (row.id, _details(row))
        after = details.completed(before)
        change = Change.UNCHANGED if after == before else Change.CREATED if before is None else Change.UPDATED
        if product_id is None or change is Change.UNCHANGED:
            done[details.code] = Put(product_id, change, ())
            continue
        if not dry_run:
            await products.put(tx, **details._asdict())
        new = () if dry_run else _events(product_id, before, after)
        done[details.code] = Put(product_id, change, new)
    return done


def _events(product_id: int, before: ProductDetails | None, after: ProductDetails) -> list[Event]:
    return [Event(type=each, product_id=product_id) for each in happened(before, after)]


def _details(row: ProductRow) -> ProductDetails:
    return ProductDetails(row.code, row.name, row.included_seats, row.active)
