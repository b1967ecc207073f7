"""Events: the audit trail and feed of a partner."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from db import events, partners, retention
from db.engine.keyset import Keyset
from db.engine.listings import ID_MAX, KeyType
from db.events import EventFilter, EventRow
from domain.access import Permission
from domain.errors import BadUserInput, CursorTooOld
from domain.events import WITHHELD, message
from domain.exports import LIST_LABELS
from resolvers import cursors, pages
from resolvers.context import Context
from resolvers.dataloader import Batch, Loader, MaybeAwaitable, loaded
from resolvers.feed import Follower
from resolvers.pages import EVERYTHING, Page, PageArguments, Selection

Row = TypeVar("Row")

_LOOKS, _LOOK_SECONDS = 3, 0.2


def page(
    context: Context,
    chosen: EventFilter,
    arguments: PageArguments,
    *,
    named: int | None = None,
    selection: Selection = EVERYTHING,
) -> MaybeAwaitable[Page[EventRow]]:
    """Return a page of the partner's events, oldest first, of which it reads the selection."""
    context.require(Permission.EVENTS_READ)
    partner_id = context.of_one_partner(named, "filter.partnerId")
    found = pages.page(context, partner_id, events.listing(partner_id, chosen), arguments, selection)
    if arguments.after is not None or arguments.before is not None:
        return _kept(context, partner_id, found)
    if 0 in {arguments.first, arguments.last} or (isinstance(found, Page) and found.nodes):
        return found
    return _resumable(context, partner_id, found)


async def _kept(context: Context, partner_id: int, found: MaybeAwaitable[Page[EventRow]]) -> Page[EventRow]:
    page = found if isinstance(found, Page) else await found
    (checked,) = await kept(context, [page], [partner_id])
    if isinstance(checked, CursorTooOld):
        raise checked
    return checked


async def _resumable(context: Context, partner_id: int, found: MaybeAwaitable[Page[EventRow]]) -> Page[EventRow]:
    """Return the page; without events, it ends after those that are no longer kept, and before all later ones."""
    page = found if isinstance(found, Page) else await found
    if not page.nodes:
        dropped = await context.portal.database.read(
            lambda connection: retention.dropped_number(connection, partner_id), alone=True
        )
        page.begins_after = Keyset(dropped, ID_MAX)
    return page


async def kept(
    context: Context, found: Batch[Page[EventRow]], partner_ids: Sequence[int]
) -> list[Page[EventRow] | CursorTooOld]:
    """Return pages of partners' events, or the error of a cursor after which events are no longer kept."""
    of_each, scope = await loaded(found), context.signed_in.scope
    # After the pages: what was deleted before they were read is known now.
    dropped = await context.portal.database.read(
        lambda connection: retention.dropped_numbers(connection, scope, partner_ids), alone=True
    )
    return [_checked(page, dropped.get(each, 0)) for page, each in zip(of_each, partner_ids, strict=True)]


def _checked(page: Page[EventRow], dropped: int) -> Page[EventRow] | CursorTooOld:
    for argument, given in (("after", page.window.after), ("before", page.window.before)):
        if given is not None and given.key < dropped:
            return CursorTooOld(argument=argument, first_number=dropped + 1)
    return page


def position_of(given: str, argument: str, partner_id: int) -> int:
    """Return the number of the event that a cursor names."""
    order = events.listing(partner_id, EventFilter()).order
    number: int = cursors.decode(given, argument, order, partner_id, KeyType(int)).key
    return number


def check_kept(position: int, dropped: int, argument: str) -> None:
    """Raise BadUserInput if events after a position were deleted because of their age."""
    if position < dropped:
        raise CursorTooOld(argument=argument, first_number=dropped + 1)


def check_reached(position: int, last: int, argument: str) -> None:
    """Raise BadUserInput if a position is after the partner's last event."""
    if position > last:
        message = f"“{argument}” is beyond the last event of the partner. Use the cursor of one of its events."
        raise BadUserInput(message, argument=argument)


async def follow(
    context: Context, chosen: EventFilter, *, named: int | None = None, after: str | None = None
) -> Follower:
    """Return a follower of the partner's events after a cursor, or from now on.

    Raises BadUserInput if the cursor is not one of the partner's events, or the viewer can't see such a partner, which
    would be followed for ever without an event.
    """
    viewer = context.require(Permission.EVENTS_READ)
    partner_id = context.of_one_partner(named, "filter.partnerId")
    feed = context.portal.feed
    last = await feed.last_number(partner_id)
    if not last and partner_id != viewer.partner_id and not await _exists(context, partner_id):
        message = "“filter.partnerId” must name a partner that the viewer can see."
        raise BadUserInput(message, argument="filter.partnerId")
    position, argument = last, "after"
    if context.last_event_id is not None:
        after, argument = context.last_event_id, "Last-Event-ID"
    if after is not None:
        position = position_of(after, argument, partner_id)
        for _ in range(_LOOKS):
            if position <= last:
                break
            # After a failover, the primary may be behind the one that gave out the cursor.
            await asyncio.sleep(_LOOK_SECONDS)
            last = await feed.last_number(partner_id)
        check_reached(position, last, argument)
        dropped = await context.portal.database.read(
            lambda connection: retention.dropped_number(connection, partner_id), alone=True
        )
        check_kept(position, dropped, argument)
    return feed.follow(partner_id, position, chosen)


async def _exists(context: Context, partner_id: int) -> bool:
    return await context.portal.database.read(lambda connection: partners.exists(connection, partner_id), alone=True)


def cursor(event: EventRow) -> str:
    """Return the cursor of each event, which is the same in every list."""
    listing = events.listing(event.partner_id, EventFilter())
    return cursors.encode(listing.order, event.partner_id, listing.position(event))


def cursor_after(partner_id: int, number: int) -> str:
    """Return a cursor after the event with a number, or before the first one for 0."""
    order = events.listing(partner_id, EventFilter()).order
    return cursors.encode(order, partner_id, Keyset(number, ID_MAX))


async def messages(context: Context, rows: Sequence[EventRow]) -> list[str]:
    """Return a sentence for each event in the caller's language, about its objects as they are now.

    Objects that the viewer may not read are not loaded.
    """
    loaders = context.loaders

    def asked(type_name: str, loader: Loader[int, Row], keys: Sequence[int | None]) -> Batch[Row | None]:
        return loader.load_many(keys) if context.may_read(type_name) else [None] * len(keys)

    # All is asked for before any of it is waited for, so that nothing waits for the other.
    of_clients = asked("Client", loaders.client, [row.client_id for row in rows])
    of_activations = asked("Activation", loaders.activation, [row.activation_id for row in rows])
    of_orders = asked("Order", loaders.order, [row.order_id for row in rows])
    of_products = asked("Product", loaders.product, [row.product_id for row in rows])
    of_users = asked("User", loaders.user, [row.user_id for row in rows])
    of_price_tables = asked("PriceTable", loaders.price_table, [row.price_table_id for row in rows])
    of_tokens = asked("ApiToken", loaders.api_token, [row.token_id for row in rows])
    activations = await loaded(of_activations)
    activated = await loaded(
        loaders.product.load_many([None if activation is None else activation.product_id for activation in activations])
    )
    products = [own or of_activation for own, of_activation in zip(await loaded(of_products), activated, strict=True)]
    facts = zip(
        rows,
        await loaded(of_clients),
        products,
        await loaded(of_orders),
        await loaded(of_tokens),
        await loaded(of_users),
        await loaded(of_price_tables),
        strict=True,
    )
    return [
        message(
            row.type,
            context.language,
            {
                "client": WITHHELD if client is None else client.name,
                "product": WITHHELD if product is None else product.name,
                "order": WITHHELD if order is None else order.number,
                "token": WITHHELD if token is None else token.name,
                "user": WITHHELD if user is None else user.name,
                "price_table": WITHHELD if price_table is None else price_table.name,
                "exported_list": ""
                if row.exported_list is None
                else LIST_LABELS[row.exported_list].within(context.language),
            },
        )
        for row, client, product, order, token, user, price_table in facts
    ]
