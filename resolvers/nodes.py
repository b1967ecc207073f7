"""Objects of any type by their global ids."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, cast

from db.licenses import StockKey
from db.users import UserRow
from domain.access import Permission
from domain.errors import BadUserInput
from domain.field_permissions import NODE_PERMISSIONS
from domain.tenancy import ALL_PARTNERS, Scope
from resolvers import ids
from resolvers.context import Context
from resolvers.dataloader import Batch, Loader, loaded, then
from resolvers.ids import NOWHERE, GlobalId

NODES_MAX = 100

NodeRow = tuple[Any, ...]
"""A row of any of the types that have an id."""


def permissions(texts: Iterable[str]) -> set[Permission]:
    """Return the permissions that these ids require, by their types."""
    found = (ids.decode(text) for text in texts)
    return {needed for each in found if each is not None and (needed := NODE_PERMISSIONS.get(each.type))}


async def by_id(context: Context, text: str) -> NodeRow | None:
    """Return the object's row, or None if the viewer can't see such an object."""
    (row,) = await by_ids(context, [text])
    return row


async def by_ids(context: Context, texts: list[str]) -> list[NodeRow | None]:
    """Return the objects' rows in the order of the ids; None for an object that the viewer can't see."""
    if len(texts) > NODES_MAX:
        message = f"“ids” can have at most {NODES_MAX} entries, not {len(texts)}."
        raise BadUserInput(message, argument="ids")
    viewer = context.signed_in
    wanted = [ids.decode(text) for text in texts]
    of_types: dict[str, list[int]] = {}
    for place, each in enumerate(wanted):
        if each is not None and _may_be(each, viewer.scope):
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


def _may_be(wanted: GlobalId, scope: Scope) -> bool:
    """Return whether the id is well-formed and names no other partner."""
    if wanted.type == "LicenseStock":
        return wanted.of is not None and (scope is ALL_PARTNERS or wanted.of == scope)
    if wanted.type == "Partner":
        return wanted.of is None and (scope is ALL_PARTNERS or wanted.id == scope)
    return wanted.of is None and wanted.type in NODE_PERMISSIONS


def _load(context: Context, type_name: str, wanted: Sequence[GlobalId | None]) -> Batch[NodeRow | None]:
    loaders = context.loaders
    found = [each for each in wanted if each is not None]
    numbers = [each.id for each in found]
    if type_name == "LicenseStock":
        keys = [StockKey(each.of or NOWHERE, each.id) for each in found]
        return cast("Batch[NodeRow | None]", loaders.stock.load_many(keys))
    if type_name == "User":
        return then(loaders.user.load_many(numbers), partial(_visible, context.signed_in.scope))
    if type_name == "Product":
        return cast("Batch[NodeRow | None]", loaders.product.load_many(numbers))
    if type_name == "Partner":
        return cast("Batch[NodeRow | None]", loaders.partner.load_many(numbers))
    by_type: dict[str, Callable[[], Loader[int, Any]]] = {
        "Client": lambda: loaders.client,
        "Activation": lambda: loaders.activation,
        "StockMovement": lambda: loaders.movement,
        "Order": lambda: loaders.order,
        "OrderItem": lambda: loaders.order_item,
        "PriceTable": lambda: loaders.price_table,
        "Event": lambda: loaders.event,
        "ApiToken": lambda: loaders.api_token,
        "Invitation": lambda: loaders.invitation,
        "Webhook": lambda: loaders.webhook,
        "WebhookDelivery": lambda: loaders.webhook_delivery,
    }
    return by_type[type_name]().load_many(list(numbers))


def _visible(scope: Scope, users: list[UserRow | None]) -> list[NodeRow | None]:
    # A partner sees who of the vendor acted for it, and can't find the others by trying ids.
    return [user if user is None or user.partner_id == scope or scope is ALL_PARTNERS else None for user in users]
