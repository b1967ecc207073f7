"""Activations, "Detalhes da Ativação"."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from breadth.strawberry import level_field
from db.access import UserRow
from db.activations import ActivationFilter as Chosen
from db.activations import ActivationRow, ActivationSortKey
from db.clients import ClientRow
from db.prices import ProductRow
from domain.activations import ActivationCancellationReason, ActivationStatus
from resolvers import activations, ids
from resolvers.dataloader import Level, Related, Soon, brought_along, column
from resolvers.pages import Page
from schema import references
from schema.arguments import DateTimeRange, folded, moments, number, unmasked, upper
from schema.enums import SortDirection
from schema.inputs import optional
from schema.nodes import Info, Node, columns, given
from schema.paging import After, Before, Connection, First, Last, arguments, brought, listed


@strawberry.type(description="A license in use at a client's installation, “Detalhes da Ativação”.")
class Activation(Node):
    """An activation."""

    row = ActivationRow

    authorization_code: str = strawberry.field(
        description=(
            "“Código de autorização da licença”: 25 characters in five groups, issued by the portal, unique among the "
            "partner's activations, and never issued twice."
        )
    )
    activation_key: str = strawberry.field(
        description="“Chave de ativação”: given by the client's installation, in upper case."
    )
    ecf_serial_number: str | None = strawberry.field(
        description="The serial number of the fiscal printer (“ECF”) that it runs with; null where it needs none."
    )
    seats: int = strawberry.field(description="How many users it serves: included and additional ones.")
    additional_seats: int = strawberry.field(description="How many of its seats are additional ones, “Adicional”.")
    activated_at: datetime = strawberry.field(description="When it began, “data/hora da ativação”.")
    note: str | None = strawberry.field(
        description="What was noted, “observação”; null where nothing was, and once its client is cancelled."
    )
    status: ActivationStatus = strawberry.field(description="Whether it holds its license.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled; null unless it is.")
    cancellation_reason: ActivationCancellationReason | None = strawberry.field(
        description="What ended it; null while it is active."
    )
    cancellation_note: str | None = strawberry.field(
        description=(
            "The reason that was given with `cancelActivation`; null where none was, and once its client is cancelled."
        )
    )

    @level_field(
        graphql_type=references.ClientType,
        reads=["client_id"],
        description="The client whose installation it is, “cliente”.",
    )
    @staticmethod
    def client(rows: strawberry.Parent[Sequence[ActivationRow]], info: Info) -> Related[ClientRow | None]:
        along = brought_along(rows, "client")
        if along is not None:
            return along
        return info.context.loaders.client.load_only(columns(info)).relate(column(rows, "client_id"))

    @level_field(
        graphql_type=references.ProductType,
        reads=["product_id"],
        description="The product that is licensed, “produto”.",
    )
    @staticmethod
    def product(rows: strawberry.Parent[Sequence[ActivationRow]], info: Info) -> Related[ProductRow | None]:
        return info.context.loaders.product.relate(column(rows, "product_id"))

    @level_field(
        graphql_type=references.UserType,
        reads=["activated_by_id"],
        description="Who activated it, “usuário que fez a ativação”.",
    )
    @staticmethod
    def activated_by(rows: strawberry.Parent[Sequence[ActivationRow]], info: Info) -> Related[UserRow | None]:
        return info.context.loaders.user.relate(column(rows, "activated_by_id"))

    @level_field(
        graphql_type=references.UserType | None,
        reads=["cancelled_by_id"],
        description="Who cancelled it; null unless it is cancelled.",
    )
    @staticmethod
    def cancelled_by(rows: strawberry.Parent[Sequence[ActivationRow]], info: Info) -> Related[UserRow | None]:
        return info.context.loaders.user.relate(column(rows, "cancelled_by_id"))

    @level_field(
        graphql_type=references.ActivationType | None,
        reads=["moved_to_id"],
        description="The activation that took its place; null unless its license was moved, “substituição”.",
    )
    @staticmethod
    def moved_to(rows: strawberry.Parent[Sequence[ActivationRow]], info: Info) -> Related[ActivationRow | None]:
        return info.context.loaders.activation.load_only(columns(info)).relate(column(rows, "moved_to_id"))

    @level_field(
        graphql_type=bool,
        reads=["status"],
        description="Whether the viewer could cancel it now: it is active, and the permission is held.",
    )
    @staticmethod
    def viewer_can_cancel(rows: strawberry.Parent[Sequence[ActivationRow]], info: Info) -> Level[bool]:
        return [activations.can_cancel(info.context, row) for row in rows]


@strawberry.input(description="Which activations to list; what is not given is not asked.")
class ActivationFilter:
    """A filter of activations."""

    search: str | None = optional(
        "Any part of the client's name or trade name, without regard to case and accents, or of its CNPJ in any mask, "
        "or the activation key, “chave de ativação”, whole or its first characters."
    )
    client_id: strawberry.ID | None = optional("Activations of this client.")
    client_name: str | None = optional(
        "Any part of the client's name or trade name, without regard to case and accents."
    )
    cnpj: str | None = optional("The client's CNPJ, whole or its first characters, in any mask.")
    activation_key: str | None = optional("The activation key, “chave de ativação”, whole or its first characters.")
    authorization_code: str | None = optional("The whole authorization code, “código de autorização da licença”.")
    ecf_serial_number: str | None = optional("The whole serial number of the fiscal printer (“ECF”).")
    product_id: strawberry.ID | None = optional("Activations of this product, “produto”.")
    status: list[ActivationStatus] | None = optional("Activations in one of these statuses; all of them otherwise.")
    activated_at: DateTimeRange | None = optional("Activations that began in this range of time.")

    def chosen(self) -> Chosen:
        """The filter as the statements take it; BadUserInput where a text can't be looked for."""
        activated, status = moments(self.activated_at), given(self.status)
        return Chosen(
            search=folded(self.search, "filter.search"),
            search_cnpj=unmasked(self.search, "filter.search"),
            search_key=upper(self.search, "filter.search"),
            client_id=number("Client", self.client_id),
            client_name=folded(self.client_name, "filter.clientName"),
            cnpj=unmasked(self.cnpj, "filter.cnpj"),
            activation_key=upper(self.activation_key, "filter.activationKey"),
            authorization_code=upper(self.authorization_code, "filter.authorizationCode"),
            ecf_serial_number=upper(self.ecf_serial_number, "filter.ecfSerialNumber"),
            product_id=number("Product", self.product_id),
            status=None if status is None else frozenset(status),
            activated_from=activated.start,
            activated_to=activated.end,
        )


@strawberry.input(description="How to sort activations.")
class ActivationSort:
    """An order of activations."""

    by: ActivationSortKey = strawberry.field(default=ActivationSortKey.ACTIVATED_AT, description="What to sort by.")
    direction: SortDirection = strawberry.field(default=SortDirection.DESC, description="Which way to sort.")


_ALL, _NEWEST_FIRST = Chosen(), ActivationSort()


@strawberry.type
class ActivationQueries:
    """The fields of Query about activations."""

    @strawberry.field(
        graphql_type=Activation | None, description="The activation with this id; null where the partner has none."
    )
    @staticmethod
    def activation(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The activation's id.")]
    ) -> Soon[ActivationRow | None]:
        return activations.by_id(info.context, ids.number("Activation", id), columns(info))

    @strawberry.field(
        graphql_type=Connection[Activation],
        description="The partner's activations, “Detalhes da Ativação”; newest first unless sorted.",
    )
    @staticmethod
    def activations(
        info: Info,
        filter: Annotated[
            ActivationFilter | None, strawberry.argument(description="Which activations.")
        ] = strawberry.UNSET,
        sort: Annotated[ActivationSort | None, strawberry.argument(description="In which order.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Soon[Page[ActivationRow]]:
        asked, order = given(filter), given(sort) or _NEWEST_FIRST
        chosen = _ALL if asked is None else asked.chosen()
        window, descending = arguments(first, after, last, before), order.direction is SortDirection.DESC
        read, bring = listed(info), brought(info, activations.RELATIONS)
        return activations.page(
            info.context, chosen, order.by, window, descending=descending, columns=read, bring=bring
        )
