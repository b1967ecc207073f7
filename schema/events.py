"""What happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from breadth.strawberry import level_field
from db.access import UserRow
from db.activations import ActivationRow
from db.clients import ClientRow
from db.events import EventFilter as Chosen
from db.events import EventRow
from db.orders import OrderRow
from domain.events import EventType
from resolvers import events
from resolvers.dataloader import Level, Related, Soon, column
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

    @level_field(
        graphql_type=str, description="The event's place in the list of events, the same in every list of them."
    )
    @staticmethod
    def cursor(rows: strawberry.Parent[Sequence[EventRow]]) -> Level[str]:
        return [events.cursor(row) for row in rows]

    @level_field(
        graphql_type=str,
        description=(
            "One sentence in the caller's language, made when it is read from the objects as they are now. It shows "
            "“…” in place of a name or number of an object that the viewer has no permission to read."
        ),
    )
    @staticmethod
    def message(rows: strawberry.Parent[Sequence[EventRow]], info: Info) -> Level[str]:
        return events.messages(info.context, rows)

    @level_field(graphql_type=references.UserType | None, description="Who did it; null where the system did.")
    @staticmethod
    def actor(rows: strawberry.Parent[Sequence[EventRow]], info: Info) -> Related[UserRow | None]:
        return info.context.loaders.user.relate(column(rows, "actor_id"))

    @level_field(
        graphql_type=references.ClientType | None,
        description=(
            "The client that it is about, “cliente”; null where none is, and without the permission CLIENTS_READ."
        ),
    )
    @staticmethod
    def client(rows: strawberry.Parent[Sequence[EventRow]], info: Info) -> Related[ClientRow | None]:
        return events.about(info.context, "Client", info.context.loaders.client, column(rows, "client_id"))

    @level_field(
        graphql_type=references.ActivationType | None,
        description="The activation that it is about; null where none is, and without the permission ACTIVATIONS_READ.",
    )
    @staticmethod
    def activation(rows: strawberry.Parent[Sequence[EventRow]], info: Info) -> Related[ActivationRow | None]:
        return events.about(info.context, "Activation", info.context.loaders.activation, column(rows, "activation_id"))

    @level_field(
        graphql_type=references.OrderType | None,
        description="The order that it is about, “pedido”; null where none is, and without the permission ORDERS_READ.",
    )
    @staticmethod
    def order(rows: strawberry.Parent[Sequence[EventRow]], info: Info) -> Related[OrderRow | None]:
        return events.about(info.context, "Order", info.context.loaders.order, column(rows, "order_id"))


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
    def events(
        info: Info,
        filter: Annotated[EventFilter | None, strawberry.argument(description="Which events.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Soon[Page[EventRow]]:
        asked = given(filter)
        chosen = Chosen() if asked is None else asked.chosen()
        return events.page(info.context, chosen, arguments(first, after, last, before))
