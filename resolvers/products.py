"""Products of the vendor: creation and import."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from db import products
from db.engine import Transaction
from db.prices import ProductRow
from domain.products import Change, ProductCodeTaken, ProductDetails
from resolvers.portal import Portal


async def create(portal: Portal, details: ProductDetails) -> int:
    """Return the id of the new product; raise ProductCodeTaken if another one has the code."""

    async def insert(tx: Transaction) -> int:
        product_id = await products.create(tx, **details._asdict() | {"active": details.active is not False})
        if product_id is None:
            raise ProductCodeTaken(("code",), product_code=details.code)
        return product_id

    return await portal.database.write(insert)


async def put_all(
    portal: Portal,
    batches: Iterable[Sequence[ProductDetails]],
    *,
    all_or_nothing: bool,
    told: Callable[[list[Change]], object],
) -> None:
    """Create the products with new codes and update the others.

    Orders and activations keep the seats that they were made with. Each batch is a transaction, or all of them are
    one, which is rolled back if `batches` raises an error. `told` is called with the changes of each batch.
    """

    async def at_once(tx: Transaction) -> None:
        for batch in batches:
            told(await _put(tx, batch))

    if all_or_nothing:
        await portal.database.write(at_once)
        return
    for batch in batches:
        told(await portal.database.write(partial(_put, batch=batch)))


async def _put(tx: Transaction, batch: Sequence[ProductDetails]) -> list[Change]:
    # In one order, so that two imports of the same products can't deadlock.
    wanted = sorted(batch, key=lambda details: details.code)
    before = await products.locked(tx, [details.code for details in wanted])
    changes = [_change(before.get(details.code), details) for details in wanted]
    for details, change in zip(wanted, changes, strict=True):
        if change is not Change.UNCHANGED:
            await products.put(tx, **details._asdict())
    return changes


def _change(before: ProductRow | None, details: ProductDetails) -> Change:
    if before is None:
        return Change.CREATED
    active = before.active if details.active is None else details.active
    same = (before.name, before.included_seats, before.active) == (details.name, details.included_seats, active)
    return Change.UNCHANGED if same else Change.UPDATED
