"""What happened: the audit trail and feed of a partner."""

from collections.abc import Sequence

from db import events
from db.events import EventFilter, EventRow
from domain.access import Permission
from domain.events import MESSAGES
from resolvers import cursors, pages
from resolvers.context import Context
from resolvers.loading import Soon, loaded
from resolvers.pages import Page, PageArguments


def page(context: Context, chosen: EventFilter, arguments: PageArguments) -> Soon[Page[EventRow]]:
    """A page of the partner's events, oldest first."""
    viewer = context.require(Permission.EVENTS_READ)
    return pages.page(context, events.listing(viewer.partner_id, chosen), arguments)


def cursor(event: EventRow) -> str:
    """The event's cursor, the same in every list of events."""
    listing = events.listing(event.partner_id, EventFilter())
    return cursors.encode(listing.order, event.partner_id, listing.position(event))


async def messages(context: Context, rows: Sequence[EventRow]) -> list[str]:
    """One sentence for each event in the caller's language, from the objects as they are now."""
    loaders = context.loaders
    # All is asked for before any of it is waited for, so that nothing waits for the other.
    of_clients = loaders.client.load_many([row.client_id for row in rows])
    of_activations = loaders.activation.load_many([row.activation_id for row in rows])
    of_orders = loaders.order.load_many([row.order_id for row in rows])
    of_tokens = loaders.api_token.load_many([row.token_id for row in rows])
    activations = await loaded(of_activations)
    products = await loaded(
        loaders.product.load_many([None if activation is None else activation.product_id for activation in activations])
    )
    facts = zip(rows, await loaded(of_clients), products, await loaded(of_orders), await loaded(of_tokens), strict=True)
    return [
        MESSAGES[row.type]
        .within(context.language)
        .format(
            client="" if client is None else client.name,
            product="" if product is None else product.name,
            order="" if order is None else order.number,
            token="" if token is None else token.name,
        )
        for row, client, product, order, token in facts
    ]
