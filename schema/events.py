"""Events of a partner."""

from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry

from db.events import EventFilter as Chosen
from db.events import EventRow
from domain.access import Permission
from domain.erasure import counts
from domain.events import EventType
from domain.exports import ExportList
from resolvers import events, ids
from resolvers.context import Context
from resolvers.dataloader import MaybeAwaitable
from resolvers.feed import Follower
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import DateTimeRange, moments, number
from schema.erasure import ErasedValues
from schema.inputs import After, Before, First, Last, given, optional
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.relations import attribute, computed, computed_together, plain, selection, to_one


def _webhook_id(context: Context, event: EventRow) -> strawberry.ID | None:
    if event.webhook_id is None or not context.may_read("Webhook"):
        return None
    return strawberry.ID(ids.encode("Webhook", event.webhook_id))


@strawberry.type(
    description=(
        "A change, with the user who made it and the objects that it changed. The events of a partner are its "
        "audit trail and its feed. An event itself stores only IDs."
    )
)
class Event(Node, row=EventRow):
    number: int = attribute("The event's number: 1, 2, … for each partner, without gaps, in the order of the changes.")
    type: EventType = attribute("The type of the change.")
    type_label: str = label_of("type", EventType)
    occurred_at: datetime = attribute(
        "The date and time of the change, by the clock of the server that made it. Of changes at about the same time, "
        "that with the lower number may have the later time; `number` and `cursor` are the order."
    )

    cursor: str = computed(
        lambda _, event: events.cursor(event),
        description="The event's position in the list of events, which is the same in every such list.",
    )

    message: str = computed_together(
        events.messages,
        description=(
            "A sentence about the change in the caller's language, made of the current values of the objects. It "
            "shows “…” in place of a name or number that the viewer has no permission to read."
        ),
    )

    erased: list[ErasedValues] | None = computed(
        lambda _, event: None if event.erased is None else counts(event.erased),
        reads=("erased",),
        description=(
            "What the cancellation of the client erased: how many values of each kind. Returns null for events of "
            "other types, and of clients that were cancelled before receipts were kept."
        ),
    )
    exported_list: ExportList | None = attribute(
        "The list that was exported, without its filter. Returns null for events of other types."
    )
    exported_list_label: str | None = label_of("exported_list", ExportList, optional=True)
    hash: str = computed(
        lambda _, event: event.hash.hex(),
        reads=("hash",),
        description=(
            "The SHA-256, in hexadecimal, over the hash of the partner's previous event and the content of this one. "
            "`auditChain` verifies it."
        ),
    )

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner that the event belongs to, “Parceiro”."
    )

    actor: references.UserType | None = to_one(
        "actor_id",
        loader="user",
        description=(
            "The user who made the change, of the partner or of the vendor: `worksForVendor` says which. Returns null "
            "if the system made it."
        ),
    )

    client: references.ClientType | None = to_one(
        "client_id",
        loader="client",
        permission=Permission.CLIENTS_READ,
        description=(
            "The client that the event is about, “cliente”. Returns null if there is none or without the "
            "permission CLIENTS_READ."
        ),
    )

    activation: references.ActivationType | None = to_one(
        "activation_id",
        loader="activation",
        permission=Permission.ACTIVATIONS_READ,
        description=(
            "The activation that the event is about. Returns null if there is none or without the permission "
            "ACTIVATIONS_READ."
        ),
    )

    order: references.OrderType | None = to_one(
        "order_id",
        loader="order",
        permission=Permission.ORDERS_READ,
        description=(
            "The order that the event is about, “pedido”. Returns null if there is none or without the permission "
            "ORDERS_READ."
        ),
    )

    product: references.ProductType | None = to_one(
        "product_id",
        loader="product",
        permission=Permission.ORDERS_READ,
        description=(
            "The product that the event is about, “produto”: of the vendor, or whose stock is low. Returns null if "
            "there is none or without the permission ORDERS_READ."
        ),
    )

    user: references.UserType | None = to_one(
        "user_id",
        loader="user",
        description="The user whom the event is about, “usuário”. Returns null if there is none.",
    )

    price_table: references.PriceTableType | None = to_one(
        "price_table_id",
        loader="price_table",
        permission=Permission.ORDERS_READ,
        description=(
            "The price table that the event is about, “Pauta Preço”. Returns null if there is none or without the "
            "permission ORDERS_READ."
        ),
    )

    webhook: references.WebhookType | None = to_one(
        "webhook_id",
        loader="webhook",
        permission=Permission.WEBHOOKS_READ,
        description=(
            "The webhook that the event is about. Returns null if there is none, if it was deleted, or without the "
            "permission WEBHOOKS_READ."
        ),
    )
    webhook_id: strawberry.ID | None = computed(
        _webhook_id,
        reads=("webhook_id",),
        description=(
            "The ID of the webhook that the event is about, which may be deleted. Returns null if there is none or "
            "without the permission WEBHOOKS_READ."
        ),
    )


class FilteredBy(NamedTuple):
    """Field of a filter that has the ID of an object."""

    field: str
    type_name: str
    column: str


FILTERED_BY = (
    FilteredBy("client_id", "Client", "client_id"),
    FilteredBy("order_id", "Order", "order_id"),
    FilteredBy("product_id", "Product", "product_id"),
    FilteredBy("activation_id", "Activation", "activation_id"),
    FilteredBy("user_id", "User", "user_id"),
    FilteredBy("actor_id", "User", "actor_id"),
    FilteredBy("api_token_id", "ApiToken", "token_id"),
    FilteredBy("price_table_id", "PriceTable", "price_table_id"),
    FilteredBy("webhook_id", "Webhook", "webhook_id"),
)
"""Every such field of the filter of events, and of the one that a webhook shows."""


@strawberry.input(description="Filtering options for events. An omitted field doesn't limit the list.")
class EventFilter:
    partner_id: strawberry.ID | None = optional(
        "The ID of the partner whose events these are. The vendor's users must give it, or the vendor's own "
        "ID for its own events, because each partner's events have numbers of their own; a partner's users can omit it."
    )
    types: list[EventType] | None = optional("Filters by type.")
    client_id: strawberry.ID | None = optional("Filters by the ID of the client.")
    order_id: strawberry.ID | None = optional("Filters by the ID of the order.")
    product_id: strawberry.ID | None = optional(
        "Filters by the ID of the product: that of an event of the vendor, such as PRODUCT_UPDATED, or of a partner's "
        "STOCK_LOW or PARTNER_POLICY_CHANGED. Other events of a partner have none."
    )
    activation_id: strawberry.ID | None = optional("Filters by the ID of the activation.")
    user_id: strawberry.ID | None = optional("Filters by the ID of the user whom the event is about.")
    actor_id: strawberry.ID | None = optional("Filters by the ID of the user who made the change.")
    api_token_id: strawberry.ID | None = optional("Filters by the ID of the API token.")
    price_table_id: strawberry.ID | None = optional("Filters by the ID of the price table.")
    webhook_id: strawberry.ID | None = optional("Filters by the ID of the webhook, which may be deleted.")
    occurred_at: DateTimeRange | None = optional(
        "Filters by the date and time of the change. To continue after an event, use its cursor: an event with a "
        "higher number may have an earlier time."
    )

    def chosen(self) -> Chosen:
        """Return the filter as `db` takes it."""
        occurred, types = moments(self.occurred_at), given(self.types)
        numbers = {each.column: number(each.type_name, getattr(self, each.field)) for each in FILTERED_BY}
        return Chosen(
            types=None if types is None else frozenset(types),
            occurred_from=occurred.start,
            occurred_to=occurred.end,
            **numbers,
        )


def _named(asked: EventFilter | None) -> tuple[Chosen, int | None]:
    """Return a filter as `db` takes it, and the partner that it names."""
    return (Chosen(), None) if asked is None else (asked.chosen(), number("Partner", asked.partner_id))


@strawberry.type
class EventQueries:
    @strawberry.field(
        graphql_type=Connection[Event],
        description=(
            "A partner's events, oldest first. The cursor of an edge is also the cursor of its event. Without `after` "
            "and `before`, the `endCursor` of an empty list is the cursor after all events that are no longer kept."
        ),
    )
    @staticmethod
    def events(
        info: Info,
        filter: Annotated[
            EventFilter | None, strawberry.argument(description="The filter for the events.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[EventRow]]:
        chosen, named = _named(given(filter))
        window = PageArguments.given(first, after, last, before)
        return events.page(info.context, chosen, window, named=named, selection=selection(plain(info)))


@strawberry.type(
    description=(
        "The root of all subscriptions. They are answered as `text/event-stream`, as GraphQL over Server-Sent Events "
        "has it, with a connection for each operation."
    )
)
class Subscription:
    @strawberry.subscription(
        graphql_type=Event,
        description=(
            "Every event of a partner after the cursor, in order, then each new one as soon as it is committed: none "
            "is skipped and none is repeated. A subscription that has ended is resumed with the cursor of its last "
            "event, on any server of the portal. Without a cursor, it begins with the next event."
        ),
    )
    @staticmethod
    async def events(
        info: Info,
        after: Annotated[
            str | None,
            strawberry.argument(
                description=(
                    "Begins after the event with this cursor, from `Event.cursor` or a page of `events`, also one of "
                    "another filter."
                )
            ),
        ] = strawberry.UNSET,
        filter: Annotated[
            EventFilter | None, strawberry.argument(description="The filter for the events.")
        ] = strawberry.UNSET,
    ) -> Follower:
        chosen, named = _named(given(filter))
        return await events.follow(info.context, chosen, named=named, after=given(after))
