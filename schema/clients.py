"""Clients of a partner, "Clientes / ECFs"."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.clients import NEVER, ClientRow, ClientSortKey
from db.clients import ClientFilter as Chosen
from db.holdings import Released
from domain.activations import ActivationStatus
from domain.clients import ClientStatus
from resolvers import clients, ids
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import (
    DateTimeRange,
    folded,
    in_ascii,
    moments,
    number,
    of_partner,
    searched_cnpj,
    unmasked,
    upper,
)
from schema.enums import SortDirection
from schema.inputs import After, Before, First, Last, PartnerId, given, optional
from schema.labels import label_of
from schema.nodes import Info, Node, OfRow, columns
from schema.paging import Connection
from schema.relations import attribute, computed, computed_together, plain, selection, to_one, to_page
from schema.scalars import Cnpj


@strawberry.type(description="Licenses and additional seats of one product that return to the stock.")
class ReleasedLicenses(OfRow, row=Released):
    """Licenses and seats of a product, read from a Released."""

    licenses: int = strawberry.field(description="The number of licenses.")
    additional_seats: int = strawberry.field(description="The number of additional seats.")

    product: references.ProductType = to_one(
        "product_id", loader="product", description="The product of the licenses, “produto”."
    )


@strawberry.type(
    description="What would happen if the client were cancelled now, to be shown before the “X” is pressed."
)
class CancellationImpact:
    """Effect of cancelling a client, read from the Released of each product."""

    activation_count: int = computed(
        lambda _, held: sum(released.licenses for released in held),
        description="The number of active activations that would be cancelled.",
    )
    released_licenses: list[ReleasedLicenses] = computed(
        lambda _, held: held, description="The licenses and seats that would return to the stock, by product."
    )


_OfStatus = Annotated[ActivationStatus | None, strawberry.argument(description="Filters by status.")]


@strawberry.type(description="A client of the partner, “Clientes / ECFs”.")
class Client(Node, row=ClientRow):
    name: str = attribute("The client's name, “razão social”. “Cliente removido” if the client is cancelled.")
    trade_name: str | None = attribute(
        "The client's trade name, “nome fantasia”. Returns null if none was given or if the client is cancelled."
    )
    cnpj: Cnpj | None = attribute(
        "The client's CNPJ. Returns null if the client is cancelled: the number is then erased, and can be "
        "registered again."
    )
    city: str | None = attribute(
        "The client's city, “município”. Returns null if none was given or if the client is cancelled."
    )
    state: str | None = attribute(
        "The client's state, “UF”, as its two-letter abbreviation. Returns null if none was given or if the "
        "client is cancelled."
    )
    status: ClientStatus = attribute("The status of the client, which says whether it is served.")
    status_label: str = label_of("status", ClientStatus)
    registered_at: datetime = attribute("The date and time when the client was registered.")
    last_activated_at: datetime | None = computed(
        lambda _, client: None if client.last_activated_at == NEVER else client.last_activated_at,
        reads=("last_activated_at",),
        description=(
            "The date and time of the client's latest activation, active or not. Returns null if it has none."
        ),
    )
    cancelled_at: datetime | None = attribute(
        "The date and time when the client was cancelled. Returns null if it is active."
    )
    cancellation_note: str | None = attribute(
        "The reason given to `cancelClient`, without the erased values. Returns null if none was given."
    )

    updated_at: datetime = attribute(
        "The date and time of the last change of the client, which includes its registration and cancellation. A "
        "change that is committed later has a later one."
    )

    cancelled_by: references.UserType | None = to_one(
        "cancelled_by_id", loader="user", description="The user who cancelled the client. Returns null if it is active."
    )

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner whose client it is, “Parceiro”."
    )

    activations: Connection[references.ActivationType] = to_page(
        "id",
        pages="activations_of_client",
        by=("status", _OfStatus),
        description="The client's activations, newest first, “Detalhes da Ativação”.",
    )

    active_activation_count: int = computed_together(
        clients.active_activation_counts, reads=("id",), description="The number of the client's active activations."
    )
    cancellation_impact: CancellationImpact | None = computed_together(
        clients.impacts,
        reads=("id", "status"),
        description=(
            "What would happen if the client were cancelled now, to be shown before the “X” is pressed. Returns null "
            "if the client is cancelled."
        ),
    )

    viewer_can_cancel: bool = computed(
        clients.can_cancel,
        reads=("status",),
        description="Whether the viewer can cancel the client: it is active, and the viewer has the permission.",
    )


@strawberry.input(
    description="Filtering options for clients. Except for `status`, an omitted field doesn't limit the list."
)
class ClientFilter:
    partner_id: strawberry.ID | None = of_partner()
    search: str | None = optional(
        "Filters by any part of the name or trade name, without regard to case and accents, or of the CNPJ, in "
        "any mask; or by the first characters of the serial number of a fiscal printer (“ECF”) that an active "
        "activation of the client uses."
    )
    name: str | None = optional("Filters by any part of the name, “razão social”, without regard to case and accents.")
    cnpj: str | None = optional("Filters by the CNPJ or its first characters, in any mask.")
    city: str | None = optional("Filters by any part of the city, “município”, without regard to case and accents.")
    state: str | None = optional("Filters by the state, “UF”, as its two-letter abbreviation.")
    ecf_serial_number: str | None = optional(
        "Filters by the complete serial number of a fiscal printer (“ECF”) that an active activation of the "
        "client uses."
    )
    status: list[ClientStatus] | None = strawberry.field(
        default_factory=lambda: [ClientStatus.ACTIVE],
        description="Filters by status; null for all of them. Only active clients are listed without it.",
    )
    has_active_activations: bool | None = optional("Filters by whether the client has active activations.")
    registered_at: DateTimeRange | None = optional("Filters by the date and time of the registration.")
    updated_since: datetime | None = optional(
        "Filters by the date and time of the last change, `updatedAt`: at this one or later. With `status: null`, "
        "clients that were cancelled since then are among them."
    )

    def chosen(self) -> Chosen:
        """Return the filter as `db` takes it; raise BadUserInput if a text can't be searched."""
        registered, status = moments(self.registered_at), given(self.status)
        return Chosen(
            status=None if status is None else frozenset(status),
            search=folded(self.search, "filter.search"),
            search_cnpj=searched_cnpj(self.search, "filter.search"),
            search_ecf=upper(self.search, "filter.search"),
            name=folded(self.name, "filter.name"),
            cnpj=unmasked(self.cnpj, "filter.cnpj"),
            city=folded(self.city, "filter.city"),
            state=in_ascii(self.state, "filter.state"),
            ecf_serial_number=upper(self.ecf_serial_number, "filter.ecfSerialNumber"),
            has_active_activations=given(self.has_active_activations),
            registered_from=registered.start,
            registered_to=registered.end,
            updated_since=given(self.updated_since),
        )


@strawberry.input(description="Ordering options for clients.")
class ClientSort:
    by: ClientSortKey = strawberry.field(default=ClientSortKey.NAME, description="The field to sort clients by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="The direction of the sort.")


_ACTIVE, _BY_NAME = Chosen(), ClientSort()


@strawberry.type
class ClientQueries:
    @strawberry.field(
        graphql_type=Client | None,
        description="The client with this ID. Returns null if the viewer can't see such a client.",
    )
    @staticmethod
    def client(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the client.")]
    ) -> MaybeAwaitable[ClientRow | None]:
        return clients.by_id(info.context, ids.number("Client", id), columns(info))

    @strawberry.field(
        graphql_type=Client | None,
        description="The active client with this CNPJ. Returns null if the partner has no such client.",
    )
    @staticmethod
    async def client_by_cnpj(
        info: Info,
        cnpj: Annotated[Cnpj, strawberry.argument(description="The client's CNPJ, in any mask.")],
        partner_id: PartnerId = strawberry.UNSET,
    ) -> ClientRow | None:
        return await clients.by_cnpj(info.context, cnpj, number("Partner", partner_id))

    @strawberry.field(
        graphql_type=Connection[Client],
        description=(
            "The clients, “Clientes / ECFs”, sorted by name by default: those of the viewer's partner, or of all "
            "partners for the vendor's users."
        ),
    )
    @staticmethod
    def clients(
        info: Info,
        filter: Annotated[
            ClientFilter | None, strawberry.argument(description="The filter for the clients.")
        ] = strawberry.UNSET,
        sort: Annotated[
            ClientSort | None, strawberry.argument(description="The ordering of the clients.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[ClientRow]]:
        # An omitted argument is false.
        asked, order = filter or None, sort or _BY_NAME
        chosen = _ACTIVE if asked is None else asked.chosen()
        window, descending = PageArguments.given(first, after, last, before), order.direction is SortDirection.DESC
        return clients.page(
            info.context,
            chosen,
            order.by,
            window,
            descending=descending,
            named=None if asked is None else number("Partner", asked.partner_id),
            selection=selection(plain(info)),
        )
