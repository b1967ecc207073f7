"""Clients, "Clientes / ECFs"."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.clients import ClientFilter as Chosen
from db.clients import ClientRow, ClientSortKey
from db.holdings import Released
from domain.activations import ActivationStatus
from domain.clients import ClientStatus
from resolvers import clients, ids
from resolvers.dataloader import Soon
from resolvers.pages import Page
from schema import references
from schema.arguments import DateTimeRange, folded, moments, unmasked, upper
from schema.enums import SortDirection
from schema.inputs import After, Before, First, Last, given, optional
from schema.nodes import Info, Node, OfRow, columns
from schema.paging import Connection, arguments
from schema.relations import attribute, computed, computed_together, plain, selection, to_one, to_page
from schema.scalars import Cnpj


@strawberry.type(description="Licenses and additional seats of one product that go back to the stock.")
class ReleasedLicenses(OfRow, row=Released):
    """What is released of a product, read from a Released."""

    licenses: int = strawberry.field(description="How many licenses.")
    additional_seats: int = strawberry.field(description="How many additional seats.")

    product: references.ProductType = to_one("product_id", loader="product", description="The product, “produto”.")


@strawberry.type(description="What cancelling a client would do now: it is shown before the “X” is pressed.")
class CancellationImpact:
    """What a client holds, read from the Released of each product."""

    activation_count: int = computed(
        lambda _, held: sum(released.licenses for released in held),
        description="How many active activations would be cancelled.",
    )
    released_licenses: list[ReleasedLicenses] = computed(
        lambda _, held: held, description="What would go back to the stock, of each product."
    )


_OfStatus = Annotated[ActivationStatus | None, strawberry.argument(description="Only the activations of this status.")]


@strawberry.type(description="A client of the partner, “Clientes / ECFs”.")
class Client(Node, row=ClientRow):
    """A client."""

    name: str = attribute("The client's name, “razão social”; “Cliente removido” once cancelled.")
    trade_name: str | None = attribute(
        "The name it trades under, “nome fantasia”; null where none is written down, and once cancelled."
    )
    cnpj: Cnpj | None = attribute(
        "The client's CNPJ; null once cancelled: the number has left the portal and is free again."
    )
    city: str | None = attribute("The city, “município”; null where none is written down, and once cancelled.")
    state: str | None = attribute(
        "The state, “UF”, in two letters; null where none is written down, and once cancelled."
    )
    status: ClientStatus = attribute("Whether the client is served.")
    registered_at: datetime = attribute("When it was registered.")
    cancelled_at: datetime | None = attribute("When it was cancelled; null unless it is.")
    cancellation_note: str | None = attribute(
        "The reason that was given with `cancelClient`, without the values that were erased; null where none was."
    )

    cancelled_by: references.UserType | None = to_one(
        "cancelled_by_id", loader="user", description="Who cancelled it; null unless it is cancelled."
    )

    activations: Connection[references.ActivationType] = to_page(
        "id",
        pages="activations_of_client",
        by=("status", _OfStatus),
        description="The client's activations, newest first, “Detalhes da Ativação”.",
    )

    active_activation_count: int = computed_together(
        clients.active_activation_counts, reads=("id",), description="How many of its activations are active."
    )
    cancellation_impact: CancellationImpact | None = computed_together(
        clients.impacts,
        reads=("id", "status"),
        description="What cancelling it would do now, to show before the “X” is pressed; null once it is cancelled.",
    )

    viewer_can_cancel: bool = computed(
        clients.can_cancel,
        reads=("status",),
        description="Whether the viewer could cancel it now: it is active, and the permission is held.",
    )


@strawberry.input(description="Which clients to list; what is not given is not asked, but for the status.")
class ClientFilter:
    """A filter of clients."""

    search: str | None = optional(
        "Any part of the name or the trade name, without regard to case and accents, or of the CNPJ in any mask."
    )
    name: str | None = optional("Any part of the name, “razão social”, without regard to case and accents.")
    cnpj: str | None = optional("The CNPJ, whole or its first characters, in any mask.")
    city: str | None = optional("Any part of the city, “município”, without regard to case and accents.")
    state: str | None = optional("The state, “UF”, in two letters.")
    ecf_serial_number: str | None = optional(
        "The whole serial number of a fiscal printer (“ECF”) that an active activation of the client runs with."
    )
    status: list[ClientStatus] | None = strawberry.field(
        default_factory=lambda: [ClientStatus.ACTIVE],
        description="Clients in one of these statuses; null for all. Without a filter, only active ones.",
    )
    has_active_activations: bool | None = optional("Whether the client has any active activation.")
    registered_at: DateTimeRange | None = optional("Clients that were registered in this range of time.")

    def chosen(self) -> Chosen:
        """The filter as the statements take it; BadUserInput where a text can't be looked for."""
        registered, status = moments(self.registered_at), given(self.status)
        return Chosen(
            status=None if status is None else frozenset(status),
            search=folded(self.search, "filter.search"),
            search_cnpj=unmasked(self.search, "filter.search"),
            name=folded(self.name, "filter.name"),
            cnpj=unmasked(self.cnpj, "filter.cnpj"),
            city=folded(self.city, "filter.city"),
            state=upper(self.state, "filter.state"),
            ecf_serial_number=upper(self.ecf_serial_number, "filter.ecfSerialNumber"),
            has_active_activations=given(self.has_active_activations),
            registered_from=registered.start,
            registered_to=registered.end,
        )


@strawberry.input(description="How to sort clients.")
class ClientSort:
    """An order of clients."""

    by: ClientSortKey = strawberry.field(default=ClientSortKey.NAME, description="What to sort by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way to sort.")


_ACTIVE, _BY_NAME = Chosen(), ClientSort()


@strawberry.type
class ClientQueries:
    """The fields of Query about clients."""

    @strawberry.field(
        graphql_type=Client | None, description="The client with this id; null where the partner has none."
    )
    @staticmethod
    def client(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The client's id.")]
    ) -> Soon[ClientRow | None]:
        return clients.by_id(info.context, ids.number("Client", id), columns(info))

    @strawberry.field(
        graphql_type=Client | None,
        description="The active client with this CNPJ; null where the partner has none.",
    )
    @staticmethod
    async def client_by_cnpj(
        info: Info, cnpj: Annotated[Cnpj, strawberry.argument(description="The client's CNPJ, in any mask.")]
    ) -> ClientRow | None:
        return await clients.by_cnpj(info.context, cnpj)

    @strawberry.field(
        graphql_type=Connection[Client], description="The partner's clients, “Clientes / ECFs”; by name unless sorted."
    )
    @staticmethod
    def clients(
        info: Info,
        filter: Annotated[ClientFilter | None, strawberry.argument(description="Which clients.")] = strawberry.UNSET,
        sort: Annotated[ClientSort | None, strawberry.argument(description="In which order.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Soon[Page[ClientRow]]:
        asked, order = given(filter), given(sort) or _BY_NAME
        chosen = _ACTIVE if asked is None else asked.chosen()
        window, descending = arguments(first, after, last, before), order.direction is SortDirection.DESC
        return clients.page(
            info.context, chosen, order.by, window, descending=descending, selection=selection(plain(info))
        )
