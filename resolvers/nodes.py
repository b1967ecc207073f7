"""Any object of the viewer's partner by its global id."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from domain.access import NODE_PERMISSIONS, Permission
from domain.faults import BadUserInput
from resolvers import ids
from resolvers.context import Context
from resolvers.dataloader import Batch, Loader, loaded
from resolvers.ids import GlobalId

NODES_MAX = 100

NodeRow = tuple[Any, ...]
"""A row of any of the types that have an id."""


def permissions(texts: Iterable[str]) -> set[Permission]:
    """What the objects of these ids ask for, by their types alone."""
    found = (ids.decode(text) for text in texts)
    return {needed for each in found if each is not None and (needed := NODE_PERMISSIONS.get(each.type))}


async def by_id(context: Context, text: str) -> NodeRow | None:
    """The object's row; None where the partner has no such object."""
    (row,) = await by_ids(context, [text])
    return row


async def by_ids(context: Context, texts: list[str]) -> list[NodeRow | None]:
    """The objects' rows in the order of the ids; None in the place of one that the partner has not."""
    if len(texts) > NODES_MAX:
        message = f"“ids” can have at most {NODES_MAX} entries, not {len(texts)}."
        raise BadUserInput(message, argument="ids")
    viewer = context.signed_in
    wanted = [ids.decode(text) for text in texts]
    of_types: dict[str, list[int]] = {}
    for place, each in enumerate(wanted):
        if each is not None and _may_be(each, viewer.partner_id):
            of_types.setdefault(each.type, []).append(place)
    for needed in filter(None, (NODE_PERMISSIONS[name] for name in of_types)):
        context.require(needed)
    # All types are asked for before any of them is waited for.
    batches = {name: _load(context, name, [wanted[place] for place in places]) for name, places in of_types.items()}
    rows: list[NodeRow | None] = [None] * len(texts)
    for name, places in of_types.items():
        for place, row in zip(places, await loaded(batches[name]), strict=True):
            rows[place] = row
    return rows


def _may_be(wanted: GlobalId, partner_id: int) -> bool:
    """Whether there can be such an object of the partner: the id is whole, and of no other partner."""
    if wanted.type == "LicenseStock":
        return wanted.of == partner_id
    if wanted.type == "Partner":
        return wanted.of is None and wanted.id == partner_id
    return wanted.of is None and wanted.type in NODE_PERMISSIONS


def _load(context: Context, type_name: str, wanted: Sequence[GlobalId | None]) -> Batch[NodeRow | None]:
    loaders = context.loaders
    numbers = [each.id for each in wanted if each is not None]
    if type_name == "Product":
        return cast("Batch[NodeRow | None]", loaders.product.load_many(numbers))
    if type_name == "Partner":
        return cast("Batch[NodeRow | None]", loaders.partner.load_many(numbers))
    by_type: dict[str, Callable[[], Loader[int, Any]]] = {
        "Client": lambda: loaders.client,
        "Activation": lambda: loaders.activation,
        "StockMovement": lambda: loaders.movement,
        "LicenseStock": lambda: loaders.stock_of_product,
        "Order": lambda: loaders.order,
        "OrderItem": lambda: loaders.order_item,
        "PriceTable": lambda: loaders.price_table,
        "Event": lambda: loaders.event,
        "ApiToken": lambda: loaders.api_token,
        "User": lambda: loaders.user,
    }
    return by_type[type_name]().load_many(list(numbers))
