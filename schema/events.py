"""What happened."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.events import EventFilter as Chosen
from db.events import EventRow
from domain.access import Permission
from domain.events import EventType
from resolvers import events
from resolvers.dataloader import Soon
from resolvers.pages import Page
from schema import references
from schema.arguments import DateTimeRange, moments, number
from schema.inputs import After, Before, First, Last, given, optional
from schema.nodes import Info, Node
from schema.paging import Connection, arguments
from schema.relations import attribute, computed, computed_together, plain, selection, to_one


@strawberry.type(
    description=(
        "One change, with who made it and what it changed. The events of a partner are its audit trail and its feed; "
        "an event itself holds ids only."
    )
)
class Event(Node, row=EventRow):
    """An event."""

    number: int = attribute("The event's number: 1, 2, … for each partner, without gaps, in the order of the changes.")
    type: EventType = attribute("What kind of change it was.")
    occurred_at: datetime = attribute("When it happened.")

    cursor: str = computed(
        lambda _, event: events.cursor(event),
        description="The event's place in the list of events, the same in every list of them.",
    )

    message: str = computed_together(
        events.messages,
        description=(
            "One sentence in the caller's language, made when it is read from the objects as they are now. It shows "
            "“…” in place of a name or number of an object that the viewer has no permission to read."
        ),
    )

    actor: references.UserType | None = to_one(
        "actor_id", loader="user", description="Who did it; null where the system did."
    )

    client: references.ClientType | None = to_one(
        "client_id",
        loader="client",
        permission=Permission.CLIENTS_READ,
        description=(
            "The client that it is about, “cliente”; null where none is, and without the permission CLIENTS_READ."
        ),
    )

    activation: references.ActivationType | None = to_one(
        "activation_id",
        loader="activation",
        permission=Permission.ACTIVATIONS_READ,
        description="The activation that it is about; null where none is, and without the permission ACTIVATIONS_READ.",
    )

    order: references.OrderType | None = to_one(
        "order_id",
        loader="order",
        permission=Permission.ORDERS_READ,
        description="The order that it is about, “pedido”; null where none is, and without the permission ORDERS_READ.",
    )


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
        window = arguments(first, after, last, before)
        return events.page(info.context, chosen, window, selection(plain(info)))
