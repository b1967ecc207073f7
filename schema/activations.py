"""Activations of licenses, "Detalhes da Ativação"."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.activation_joins import ACTIVATED_BY, CLIENT, PRODUCT
from db.activations import ActivationFilter as Chosen
from db.activations import ActivationRow, ActivationSortKey
from domain.activations import ActivationCancellationReason, ActivationStatus
from resolvers import activations, ids
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import (
    DateTimeRange,
    authorization_code,
    folded,
    in_ascii,
    moments,
    number,
    of_partner,
    searched_cnpj,
    searched_code,
    unmasked,
    upper,
)
from schema.enums import SortDirection
from schema.inputs import After, Before, First, Last, given, optional
from schema.labels import label_of
from schema.nodes import Info, Node, columns
from schema.paging import Connection
from schema.relations import attribute, computed, plain, selection, to_one


@strawberry.type(description="A license in use at a client's installation, “Detalhes da Ativação”.")
class Activation(Node, row=ActivationRow):
    authorization_code: str = attribute(
        "“Código de autorização da licença”: 25 characters in five groups, issued by the portal. It is unique "
        "among the partner's activations, and is never issued again."
    )
    activation_key: str = attribute(
        "“Chave de ativação”: the key shown by the client's installation, in upper case. An opaque value if the client "
        "is cancelled; a part that names another client is opaque when that one is."
    )
    ecf_serial_number: str | None = attribute(
        "The serial number of the fiscal printer (“ECF”) that the installation uses. Returns null if it has none. An "
        "opaque value if the client is cancelled; a part that names another client is opaque when that one is."
    )
    seats: int = attribute("The number of users that the license serves: included and additional seats.")
    additional_seats: int = attribute("The number of seats that are additional ones, “Adicional”.")
    activated_at: datetime = attribute("The date and time of the activation, “data/hora da ativação”.")
    note: str | None = attribute("The note, “observação”. Returns null if there is none or if the client is cancelled.")
    status: ActivationStatus = attribute("The status of the activation, which says whether it holds its license.")
    status_label: str = label_of("status", ActivationStatus)
    cancelled_at: datetime | None = attribute(
        "The date and time when the activation was cancelled. Returns null if it is active."
    )
    cancellation_reason: ActivationCancellationReason | None = attribute(
        "The reason why the activation ended. Returns null if it is active."
    )
    cancellation_reason_label: str | None = label_of("cancellation_reason", ActivationCancellationReason, optional=True)
    cancellation_note: str | None = attribute(
        "The reason given to `cancelActivation`. Returns null if none was given or if the client is cancelled."
    )

    updated_at: datetime = attribute(
        "The date and time of the last change of the activation, which includes its cancellation and what the "
        "cancellation of a client erases. A change that is committed later has a later one."
    )

    partner: references.PartnerType = to_one(
        "partner_id", loader="partner", description="The partner whose license it is, “Parceiro”."
    )

    client: references.ClientType = to_one(
        "client_id",
        loader="client",
        join=CLIENT,
        description="The client whose installation uses the license, “cliente”.",
    )

    product: references.ProductType = to_one(
        "product_id",
        loader="product",
        join=PRODUCT,
        description="The licensed product, “produto”.",
    )

    activated_by: references.UserType = to_one(
        "activated_by_id",
        loader="user",
        join=ACTIVATED_BY,
        description="The user who activated the license, “usuário que fez a ativação”.",
    )

    cancelled_by: references.UserType | None = to_one(
        "cancelled_by_id",
        loader="user",
        description="The user who cancelled the activation. Returns null if it is active.",
    )

    moved_to: references.ActivationType | None = to_one(
        "moved_to_id",
        loader="activation",
        description="The activation that replaced this one, “substituição”. Returns null if the license was not moved.",
    )

    viewer_can_cancel: bool = computed(
        activations.can_cancel,
        reads=("status",),
        description="Whether the viewer can cancel the activation: it is active, and the viewer has the permission.",
    )


@strawberry.input(description="Filtering options for activations. An omitted field doesn't limit the list.")
class ActivationFilter:
    partner_id: strawberry.ID | None = of_partner()
    search: str | None = optional(
        "Filters by any part of the client's name or trade name, without regard to case and accents; by any part "
        "of the client's CNPJ, in any mask; or by the first characters of the activation key, “chave de ativação”, of "
        "the serial number of the fiscal printer (“ECF”), or, from 5 characters on, of the authorization code."
    )
    client_id: strawberry.ID | None = optional("Filters by the ID of the client.")
    client_name: str | None = optional(
        "Filters by any part of the client's name or trade name, without regard to case and accents."
    )
    cnpj: str | None = optional("Filters by the client's CNPJ or its first characters, in any mask.")
    activation_key: str | None = optional(
        "Filters by the activation key, “chave de ativação”, or its first characters."
    )
    authorization_code: str | None = optional(
        "Filters by the complete authorization code, “código de autorização da licença”, in any case, with or without "
        "hyphens, and with O and I for 0 and 1."
    )
    ecf_serial_number: str | None = optional("Filters by the complete serial number of the fiscal printer (“ECF”).")
    product_id: strawberry.ID | None = optional("Filters by the ID of the product, “produto”.")
    status: list[ActivationStatus] | None = optional(
        "Filters by status. Activations of every status are listed without it."
    )
    activated_by_id: strawberry.ID | None = optional(
        "Filters by the ID of the user who activated the license, “usuário que fez a ativação”."
    )
    activated_at: DateTimeRange | None = optional("Filters by the date and time of the activation.")
    cancelled_by_id: strawberry.ID | None = optional("Filters by the ID of the user who cancelled the activation.")
    cancelled_at: DateTimeRange | None = optional("Filters by the date and time of the cancellation.")
    cancellation_reason: list[ActivationCancellationReason] | None = optional(
        "Filters by the reason why the activation ended. Active ones have none."
    )
    updated_since: datetime | None = optional(
        "Filters by the date and time of the last change, `updatedAt`: at this one or later."
    )
    note: str | None = optional(
        "Filters by any part of the note, “observação”, or of the cancellation note, without regard to case and "
        "accents."
    )

    def chosen(self) -> Chosen:
        """Return the filter as `db` takes it; raise BadUserInput if a text can't be searched."""
        activated, cancelled = moments(self.activated_at), moments(self.cancelled_at)
        status, reason = given(self.status), given(self.cancellation_reason)
        return Chosen(
            search=folded(self.search, "filter.search"),
            search_cnpj=searched_cnpj(self.search, "filter.search"),
            search_key=upper(self.search, "filter.search"),
            search_code=searched_code(self.search, "filter.search"),
            client_id=number("Client", self.client_id),
            client_name=folded(self.client_name, "filter.clientName"),
            cnpj=unmasked(self.cnpj, "filter.cnpj"),
            activation_key=in_ascii(self.activation_key, "filter.activationKey"),
            authorization_code=authorization_code(self.authorization_code, "filter.authorizationCode"),
            ecf_serial_number=upper(self.ecf_serial_number, "filter.ecfSerialNumber"),
            product_id=number("Product", self.product_id),
            status=None if status is None else frozenset(status),
            activated_by_id=number("User", self.activated_by_id),
            cancelled_by_id=number("User", self.cancelled_by_id),
            note=folded(self.note, "filter.note"),
            cancellation_reason=None if reason is None else frozenset(reason),
            activated_from=activated.start,
            activated_to=activated.end,
            cancelled_from=cancelled.start,
            cancelled_to=cancelled.end,
            updated_since=given(self.updated_since),
        )


@strawberry.input(description="Ordering options for activations.")
class ActivationSort:
    by: ActivationSortKey = strawberry.field(
        default=ActivationSortKey.ACTIVATED_AT, description="The field to sort activations by."
    )
    direction: SortDirection = strawberry.field(default=SortDirection.DESC, description="The direction of the sort.")


_ALL, _NEWEST_FIRST = Chosen(), ActivationSort()


@strawberry.type
class ActivationQueries:
    @strawberry.field(
        graphql_type=Activation | None,
        description="The activation with this ID. Returns null if the viewer can't see such an activation.",
    )
    @staticmethod
    def activation(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the activation.")]
    ) -> MaybeAwaitable[ActivationRow | None]:
        return activations.by_id(info.context, ids.number("Activation", id), columns(info))

    @strawberry.field(
        graphql_type=Connection[Activation],
        description=(
            "The activations, “Detalhes da Ativação”, newest first by default: those of the viewer's partner, or of "
            "all partners for the vendor's users."
        ),
    )
    @staticmethod
    def activations(
        info: Info,
        filter: Annotated[
            ActivationFilter | None, strawberry.argument(description="The filter for the activations.")
        ] = strawberry.UNSET,
        sort: Annotated[
            ActivationSort | None, strawberry.argument(description="The ordering of the activations.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[ActivationRow]]:
        # An omitted argument is false.
        asked, order = filter or None, sort or _NEWEST_FIRST
        chosen = _ALL if asked is None else asked.chosen()
        window, descending = PageArguments.given(first, after, last, before), order.direction is SortDirection.DESC
        return activations.page(
            info.context,
            chosen,
            order.by,
            window,
            descending=descending,
            named=None if asked is None else number("Partner", asked.partner_id),
            selection=selection(plain(info)),
        )
