"""What happened."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.access import UserRow
from db.activations import ActivationRow
from db.clients import ClientRow
from db.events import EventFilter as Chosen
from db.events import EventRow
from db.orders import OrderRow
from domain.events import EventType
from resolvers import events
from resolvers.pages import Page
from schema import references
from schema.arguments import DateTimeRange, moments, number
from schema.inputs import optional
from schema.nodes import Info, Node, given
from schema.paging import After, Before, Connection, First, Last, arguments


@strawberry.type(
    description=(
        "One change, with who made it and what it changed. The events of a partner are its audit trail and its feed; "
        "an event itself holds ids only."
    )
)
class Event(Node):
    """An event."""

    row = EventRow

    number: int = strawberry.field(
        description="The event's number: 1, 2, … for each partner, without gaps, in the order of the changes."
    )
    type: EventType = strawberry.field(description="What kind of change it was.")
    occurred_at: datetime = strawberry.field(description="When it happened.")

    @strawberry.field(description="The event's place in the list of events, the same in every list of them.")
    @staticmethod
    def cursor(event: strawberry.Parent[EventRow]) -> str:
        return events.cursor(event)

    @strawberry.field(
        description="One sentence in the caller's language, made when it is read from the objects as they are now."
    )
    @staticmethod
    async def message(event: strawberry.Parent[EventRow], info: Info) -> str:
        return await events.message(info.context, event)

    @strawberry.field(graphql_type=references.UserType | None, description="Who did it; null where the system did.")
    @staticmethod
    async def actor(event: strawberry.Parent[EventRow], info: Info) -> UserRow | None:
        if event.actor_id is None:
            return None
        return await info.context.loaders.user.load((event.partner_id, event.actor_id))

    @strawberry.field(
        graphql_type=references.ClientType | None,
        description="The client that it is about, “cliente”; null where none is.",
    )
    @staticmethod
    async def client(event: strawberry.Parent[EventRow], info: Info) -> ClientRow | None:
        if event.client_id is None:
            return None
        return await info.context.loaders.client.load((event.partner_id, event.client_id))

    @strawberry.field(
        graphql_type=references.ActivationType | None,
        description="The activation that it is about; null where none is.",
    )
    @staticmethod
    async def activation(event: strawberry.Parent[EventRow], info: Info) -> ActivationRow | None:
        if event.activation_id is None:
            return None
        return await info.context.loaders.activation.load((event.partner_id, event.activation_id))

    @strawberry.field(
        graphql_type=references.OrderType | None,
        description="The order that it is about, “pedido”; null where none is.",
    )
    @staticmethod
    async def order(event: strawberry.Parent[EventRow], info: Info) -> OrderRow | None:
        if event.order_id is None:
            return None
        return await info.context.loaders.order.load((event.partner_id, event.order_id))


@strawberry.input(description="Which events to list; what is not given is not asked.")
class EventFilter:
    """A filter of events."""

    types: list[EventType] | None = optional("Events of one of these kinds.")
    client_id: strawberry.ID | None = optional("Events about this client.")
    order_id: strawberry.ID | None = optional("Events about this order.")
    occurred_at: DateTimeRange | None = optional("Events that happened in this range of time.")

    def chosen(self) -> Chosen:
        """The filter as the statements take it."""
        occurred, types = moments(self.occurred_at), given(self.types)
        return Chosen(
            types=None if types is None else frozenset(types),
            client_id=number("Client", self.client_id),
            order_id=number("Order", self.order_id),
            occurred_from=occurred.start,
            occurred_to=occurred.end,
        )


@strawberry.type
class EventQueries:
    """The fields of Query about events."""

    @strawberry.field(
        graphql_type=Connection[Event],
        description="What happened at the partner, oldest first; the cursor of an edge is also that of its event.",
    )
    @staticmethod
    async def events(
        info: Info,
        filter: Annotated[EventFilter | None, strawberry.argument(description="Which events.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Page[EventRow]:
        chosen = (given(filter) or EventFilter()).chosen()
        return await events.page(info.context, chosen, arguments(first, after, last, before))
