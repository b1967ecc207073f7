"""Any object of the viewer's partner by its global id."""

import asyncio
from typing import Any

from domain.access import NODE_PERMISSIONS, Permission
from domain.faults import BadUserInput
from resolvers import ids
from resolvers.context import Context
from resolvers.ids import GlobalId
from resolvers.loaders import Key
from resolvers.loading import Loader

NODES_MAX = 100

NodeRow = tuple[Any, ...]
"""A row of any of the types that have an id."""


def permissions(texts: list[str]) -> set[Permission]:
    """What the objects of these ids ask for, by their types alone."""
    found = (ids.decode(text) for text in texts)
    return {needed for each in found if each is not None and (needed := NODE_PERMISSIONS.get(each.type))}


async def by_id(context: Context, text: str) -> NodeRow | None:
    """The object's row; None where the partner has no such object."""
    viewer = context.signed_in
    found = ids.decode(text)
    if found is None or found.type not in NODE_PERMISSIONS:
        return None
    needed = NODE_PERMISSIONS[found.type]
    if needed is not None:
        context.require(needed)
    return await _load(context, found, viewer.partner_id)


async def by_ids(context: Context, texts: list[str]) -> list[NodeRow | None]:
    """The objects' rows in the order of the ids; None in the place of one that the partner has not."""
    if len(texts) > NODES_MAX:
        message = f"“ids” can have at most {NODES_MAX} entries, not {len(texts)}."
        raise BadUserInput(message, argument="ids")
    return await asyncio.gather(*(by_id(context, text) for text in texts))


async def _load(context: Context, wanted: GlobalId, partner_id: int) -> NodeRow | None:
    loaders, key = context.loaders, (partner_id, wanted.id)
    if wanted.type == "LicenseStock":
        return await loaders.stock_of_product.load(key) if wanted.of == partner_id else None
    if wanted.of is not None:
        return None
    if wanted.type == "Product":
        return await loaders.product.load(wanted.id)
    if wanted.type == "Partner":
        return await loaders.partner.load(partner_id) if wanted.id == partner_id else None
    by_type: dict[str, Loader[Key, Any]] = {
        "Client": loaders.client,
        "Activation": loaders.activation,
        "StockMovement": loaders.movement,
        "Order": loaders.order,
        "OrderItem": loaders.order_item,
        "PriceTable": loaders.price_table,
        "Event": loaders.event,
        "ApiToken": loaders.api_token,
        "User": loaders.user,
    }
    row: NodeRow | None = await by_type[wanted.type].load(key)
    return row
