"""Partners, "Parceiros", and what each of them has."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.partners import PartnerFilter as Chosen
from db.partners import PartnerRow, PartnerSortKey
from domain.activations import ActivationStatus
from domain.clients import ClientStatus
from domain.money import Cents
from domain.orders import OrderStatus
from domain.partners import PartnerStatus
from resolvers import ids, partners
from resolvers.dataloader import MaybeAwaitable
from resolvers.events import kept
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import folded, searched_cnpj, unmasked
from schema.enums import SortDirection
from schema.inputs import After, Before, First, Last, given, optional
from schema.labels import label_of
from schema.nodes import Info, Node
from schema.paging import Connection
from schema.relations import attribute, computed, plain, selection, to_many, to_one, to_page
from schema.scalars import Cnpj

_Status = strawberry.argument(description="Filters by status.")


@strawberry.type(description="A person to write to or call at a partner, “contato”.")
class PartnerContact:
    name: str = strawberry.field(description="The person's name.")
    email: str | None = strawberry.field(description="The person's email address. Null if it is not known.")
    phone: str | None = strawberry.field(description="The person's phone number, “telefone”. Null if it is not known.")


@strawberry.type(
    description=(
        "The policies of a partner, which are off at first. The vendor sets them; the partner's managers set "
        "`stockWarningBelow` too."
    )
)
class PartnerPolicy:
    four_eyes: bool = strawberry.field(
        description="Whether an order must be approved by another user than the one who made it."
    )
    approval_ceiling: Cents | None = strawberry.field(
        description=(
            "The highest `totalWithSetupFee` of an order that the partner's own users approve; only the vendor's "
            "users approve a larger one. Null if there is no such limit."
        )
    )
    stock_warning_below: int | None = strawberry.field(
        description=(
            "The number of free licenses of a product below which an event STOCK_LOW is written, once each time that "
            "an activation passes it, unless the product has a number of its own. Null if there is no warning."
        )
    )
    api_token_networks: list[str] = strawberry.field(
        description=(
            "The networks from which API tokens of the partner's users can be used, in CIDR notation. At most 20. "
            "Empty if from any address."
        )
    )
    second_factor_required: bool = strawberry.field(
        description=(
            "Whether the partner's users must have a second factor. The session of a user who has none can only "
            "enroll one; API tokens work as before."
        )
    )
    points_per_second: int | None = strawberry.field(
        description=(
            "The cost points that the partner's users together may use in a second in the long run, beyond which "
            "requests get the error RATE_LIMITED. Null if the portal's own limit holds."
        )
    )


@strawberry.type(description="A reseller of the vendor's software, “Parceiro”, or the vendor itself.")
class Partner(Node, row=PartnerRow):
    name: str = attribute("The partner's name.")
    cnpj: Cnpj = attribute("The partner's CNPJ.")
    is_vendor: bool = attribute(
        "Whether this is the vendor, which has users, but no clients, orders or licenses. `partners` does not list it."
    )

    status: PartnerStatus = attribute("The status of the partner, “situação”.")
    status_label: str = label_of("status", PartnerStatus)
    suspended_at: datetime | None = attribute(
        "The date and time of the suspension. Null if the partner is not suspended: it is not kept when the partner is "
        "reinstated or closed."
    )
    suspension_reason: str | None = attribute(
        "The reason for the suspension, such as “inadimplência”. Null if the partner is not suspended: it is not kept "
        "when the partner is reinstated or closed."
    )

    contacts: list[PartnerContact] = computed(
        partners.contacts,
        reads=("contacts",),
        description=(
            "The people to write to or call at the partner, “contatos”. At most 10. Requires the permission USERS_READ."
        ),
    )

    policy: PartnerPolicy = computed(
        partners.policy,
        reads=(
            "four_eyes",
            "approval_ceiling",
            "stock_warning_below",
            "api_token_networks",
            "second_factor_required",
            "points_per_second",
        ),
        description="The policies of the partner.",
    )

    price_table: references.PriceTableType = to_one(
        "id",
        loader="price_table_of_partner",
        description="The price table that the partner orders by if an order names none, “Pauta Preço”.",
    )

    price_tables: list[references.PriceTableType] = to_many(
        "id",
        loader="price_tables_of_partner",
        description="The price tables that the partner buys by, at most 20, the preselected one first.",
    )

    clients: Connection[references.ClientType] = to_page(
        "id",
        pages="clients_of_partner",
        by=("status", Annotated[ClientStatus | None, _Status]),
        description="The partner's clients, “Clientes / ECFs”, sorted by name; of every status without `status`.",
    )

    activations: Connection[references.ActivationType] = to_page(
        "id",
        pages="activations_of_partner",
        by=("status", Annotated[ActivationStatus | None, _Status]),
        description="The partner's activations, “Detalhes da Ativação”, newest first.",
    )

    orders: Connection[references.OrderType] = to_page(
        "id",
        pages="orders_of_partner",
        by=("status", Annotated[OrderStatus | None, _Status]),
        description="The partner's orders, “Pedidos”, newest first.",
    )

    license_stock: list[references.LicenseStockType] = to_many(
        "id",
        loader="stock_of_partner",
        description="The partner's stock of each product that it has bought, “estoque do parceiro”.",
    )

    events: Connection[references.EventType] = to_page(
        "id",
        pages="events_of_partner",
        checked=kept,
        description="The partner's events, oldest first, with the cursors of `Query.events`.",
    )

    users: Connection[references.UserType] = to_page(
        "id",
        pages="users_of_partner",
        description="The people who work at the partner, “usuários”, in the order in which they were added.",
    )


@strawberry.input(description="Filtering options for partners. An omitted field doesn't limit the list.")
class PartnerFilter:
    search: str | None = optional(
        "Filters by any part of the name, without regard to case and accents, or of the CNPJ, in any mask."
    )
    status: list[PartnerStatus] | None = optional("Filters by status.")
    cnpj: str | None = optional("Filters by the CNPJ or its first characters, in any mask.")

    def chosen(self) -> Chosen:
        """Return the filter as `db` takes it; raise BadUserInput if a text can't be searched."""
        status = given(self.status)
        return Chosen(
            status=None if status is None else frozenset(status),
            search=folded(self.search, "filter.search"),
            search_cnpj=searched_cnpj(self.search, "filter.search"),
            cnpj=unmasked(self.cnpj, "filter.cnpj"),
        )


@strawberry.input(description="Ordering options for partners.")
class PartnerSort:
    by: PartnerSortKey = strawberry.field(default=PartnerSortKey.NAME, description="The field to sort partners by.")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="The direction of the sort.")


_ALL, _BY_NAME = Chosen(), PartnerSort()


@strawberry.type
class PartnerQueries:
    @strawberry.field(
        graphql_type=Partner | None,
        description=(
            "The partner with this ID. Returns null if the viewer can't see such a partner: a partner's users see only "
            "their own."
        ),
    )
    @staticmethod
    def partner(
        info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the partner.")]
    ) -> MaybeAwaitable[PartnerRow | None]:
        return partners.by_id(info.context, ids.number("Partner", id))

    @strawberry.field(
        graphql_type=Connection[Partner],
        description=(
            "The partners that the viewer sees, “Parceiros”, sorted by name: all of them for the vendor's users, and "
            "only their own for a partner's users."
        ),
    )
    @staticmethod
    def partners(
        info: Info,
        filter: Annotated[
            PartnerFilter | None, strawberry.argument(description="The filter for the partners.")
        ] = strawberry.UNSET,
        sort: Annotated[
            PartnerSort | None, strawberry.argument(description="The ordering of the partners.")
        ] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[PartnerRow]]:
        # An omitted argument is false.
        asked, order = filter or None, sort or _BY_NAME
        chosen = _ALL if asked is None else asked.chosen()
        window, descending = PageArguments.given(first, after, last, before), order.direction is SortDirection.DESC
        return partners.page(
            info.context, chosen, order.by, window, descending=descending, selection=selection(plain(info))
        )
