"""Warnings about a stock that runs low: their events, and the numbers of free licenses at which they begin."""

from typing import NamedTuple

from db import licenses, partner_changes
from db.licenses import Left, StockRow
from domain import policies
from domain.events import Event, EventType
from domain.policies import Policy
from domain.refusals import NotFound
from resolvers.context import Context
from resolvers.licenses import stock_of
from resolvers.mutations import Work, mutation


def events(left: Left, policy: Policy, product_id: int, activation_id: int, *, taken: int = 1) -> list[Event]:
    """Return the event of an activation that took so many licenses, if they passed the number of the warning."""
    below = policy.stock_warning_below if left.warning_below is None else left.warning_below
    if not policies.runs_low(below, before=left.available + taken, after=left.available):
        return []
    return [Event(type=EventType.STOCK_LOW, activation_id=activation_id, product_id=product_id)]


class UpdateLicenseStockThreshold(NamedTuple):
    """Number of free licenses below which there is a warning, of one product or of the partner."""

    product_id: int | None
    below: int | None


class ThresholdUpdated(NamedTuple):
    """The partner, and the product whose number was written; None for that of the partner."""

    partner_id: int
    product_id: int | None


@mutation("updateLicenseStockThreshold", ThresholdUpdated)
async def update(work: Work, given: UpdateLicenseStockThreshold) -> ThresholdUpdated:
    """Write the number of the partner's policy, or that of a product in its stock; as before, nothing happens."""
    if given.product_id is None:
        partner = await partner_changes.locked(work.tx, work.partner_id)
        before = partner.policy.stock_warning_below
        if before != given.below:
            await partner_changes.set_policy(
                work.tx, work.partner_id, partner.policy._replace(stock_warning_below=given.below)
            )
    else:
        stock = (await licenses.locked(work.tx, work.partner_id, [given.product_id])).get(given.product_id)
        if stock is None:
            raise NotFound(("productId",), field="productId")
        before = stock.warning_below
        if before != given.below:
            await licenses.set_warning(work.tx, work.partner_id, given.product_id, given.below)
    if before != given.below:
        await work.append(Event(type=EventType.PARTNER_POLICY_CHANGED, product_id=given.product_id))
    return ThresholdUpdated(work.partner_id, given.product_id)


async def changed_stock(context: Context, outcome: ThresholdUpdated) -> list[StockRow]:
    """Return the stock of the product, or of each product of the partner."""
    if outcome.product_id is not None:
        return await stock_of(context, outcome.partner_id, [outcome.product_id])
    return await context.loaders.stock_of_partner.load(outcome.partner_id) or []
