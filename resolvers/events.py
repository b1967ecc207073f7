"""What happened: the audit trail and feed of a partner."""

from db import events
from db.events import EventFilter, EventRow
from domain.access import Permission
from domain.events import MESSAGES
from resolvers import cursors, pages
from resolvers.context import Context
from resolvers.pages import Page, PageArguments


async def page(context: Context, chosen: EventFilter, arguments: PageArguments) -> Page[EventRow]:
    """A page of the partner's events, oldest first."""
    viewer = context.require(Permission.EVENTS_READ)
    return await pages.page(context, events.listing(viewer.partner_id, chosen), arguments)


def cursor(event: EventRow) -> str:
    """The event's cursor, the same in every list of events."""
    listing = events.listing(event.partner_id, EventFilter())
    return cursors.encode(listing.order, event.partner_id, listing.position(event))


async def message(context: Context, event: EventRow) -> str:
    """One sentence in the caller's language, from the objects as they are now."""
    facts = {"client": "", "product": "", "order": "", "token": ""}
    loaders, partner_id = context.loaders, event.partner_id
    if event.client_id is not None and (client := await loaders.client.load((partner_id, event.client_id))):
        facts["client"] = client.name
    if event.activation_id is not None and (
        activation := await loaders.activation.load((partner_id, event.activation_id))
    ):
        product = await loaders.product.load(activation.product_id)
        facts["product"] = product.name if product else ""
    if event.order_id is not None and (order := await loaders.order.load((partner_id, event.order_id))):
        facts["order"] = str(order.number)
    if event.token_id is not None and (token := await loaders.api_token.load((partner_id, event.token_id))):
        facts["token"] = token.name
    return MESSAGES[event.type].within(context.language).format(**facts)
