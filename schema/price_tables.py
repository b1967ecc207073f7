"""Price tables of the vendor, "Pauta Preço", with their versions."""

from datetime import datetime
from typing import Annotated

import strawberry

from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from domain.orders import OrderType
from domain.price_tables import Difference, PriceChange, VersionState
from resolvers import ids, price_tables, prices
from resolvers.dataloader import MaybeAwaitable
from resolvers.pages import Page, PageArguments
from schema import references
from schema.arguments import number
from schema.inputs import After, Before, First, Last, PartnerId, given
from schema.labels import label_of
from schema.nodes import Info, Node, OfRow
from schema.paging import Connection
from schema.prices import PriceTableItem, PriceTier
from schema.relations import attribute, computed_together, plain, selection, to_many, to_one


@strawberry.type(
    description=(
        "A version of a price table. A published one applies from `beginsAt` until the next one begins, and never "
        "changes."
    )
)
class PriceTableVersion(OfRow, row=VersionRow):
    number: int = attribute("The number of the version: 1, 2, … for each price table, in the order of creation.")
    state: VersionState = attribute("The state of the version: the vendor's draft, or published.")
    state_label: str = label_of("state", VersionState)
    begins_at: datetime | None = attribute(
        "The date and time from which the prices apply, “início da vigência”. Returns null for a draft."
    )
    copy_of: int | None = attribute(
        "The number of the version that this one began as a copy of. Returns null if there was none, and for versions "
        "from before this was recorded."
    )
    published_at: datetime | None = attribute("The date and time of the publication. Returns null for a draft.")

    published_by: references.UserType | None = to_one(
        "published_by_id",
        loader="user",
        description="The user who published the version. Returns null for a draft, or if the system published it.",
    )

    items: list[PriceTableItem] = computed_together(
        price_tables.version_items,
        reads=("id",),
        description=(
            "The prices, by product and type of order. Empty for a partner that no longer buys by the price table."
        ),
    )


@strawberry.type(
    description=(
        "A price table of the vendor, “Pauta Preço”, by which one or more partners buy. Its prices are those of the "
        "version that is in force."
    )
)
class PriceTable(Node, row=PriceTableRow):
    name: str = attribute("The name of the price table.")

    items: list[PriceTableItem] = computed_together(
        prices.price_table_items,
        reads=("id",),
        description=(
            "The prices that are in force, by product and type of order. Empty if there are none yet, and for a "
            "partner that no longer buys by the price table."
        ),
    )

    version_in_force: PriceTableVersion | None = to_one(
        "id",
        loader="version_in_force",
        description=(
            "The version that is in force: the published one that began last. Returns null before the first one "
            "begins, and for a partner that no longer buys by the price table."
        ),
    )

    versions: list[PriceTableVersion] = to_many(
        "id",
        loader="versions_of_price_table",
        description=(
            "The versions, newest first, also those that begin later. At most 50: if there are more, the draft, the "
            "version in force, those that take over later, the next ones first, and the newest of the others. The "
            "draft is shown to the vendor's users only."
        ),
    )


@strawberry.type(description="A tier that a version of a price table adds, removes or changes.")
class PriceDifference(OfRow, row=Difference):
    change: PriceChange = strawberry.field(description="The kind of the difference.")
    change_label: str = label_of("change", PriceChange)
    order_type: OrderType = strawberry.field(description="The type of order that the tier is for, “Tipo”.")
    order_type_label: str = label_of("order_type", OrderType)
    minimum_quantity: int = strawberry.field(description="The lowest quantity of the tier.")
    before: PriceTier | None = strawberry.field(
        description="The tier that is in force before. Returns null if it is added."
    )
    after: PriceTier | None = strawberry.field(description="The tier from then on. Returns null if it is removed.")

    product: references.ProductType = to_one("product_id", loader="product", description="The product, “Produto”.")
    undone_by: PriceTableVersion | None = to_one(
        "undone_by",
        loader="price_table_version",
        description=(
            "The version that was published before, begins later, and has another price, so that this difference ends "
            "when it begins. Returns null if there is none."
        ),
    )


@strawberry.type
class PriceTableQueries:
    @strawberry.field(
        graphql_type=PriceTable, description="The price table of a partner, “Pauta Preço”: the preselected one."
    )
    @staticmethod
    async def price_table(info: Info, partner_id: PartnerId = strawberry.UNSET) -> PriceTableRow:
        return await prices.price_table(info.context, number("Partner", partner_id))

    @strawberry.field(
        graphql_type=Connection[PriceTable],
        description=(
            "The price tables, “Pautas Preço”, sorted by name: those that the viewer's partner buys by, or all of "
            "them for the vendor's users."
        ),
    )
    @staticmethod
    def price_tables(
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> MaybeAwaitable[Page[PriceTableRow]]:
        window = PageArguments.given(first, after, last, before)
        return price_tables.page(info.context, window, selection=selection(plain(info)))

    @strawberry.field(
        graphql_type=list[PriceDifference] | None,
        description=(
            "What the draft of a price table changes of the prices that are in force when it begins. Returns null if "
            "there is no draft, and for a partner's users."
        ),
    )
    @staticmethod
    async def price_table_diff(
        info: Info,
        price_table_id: Annotated[strawberry.ID, strawberry.argument(description="The ID of the price table.")],
        begins_at: Annotated[
            datetime | None,
            strawberry.argument(
                description=(
                    "When the draft would begin, as in `publishPriceTable`, which can't be in the past; now if omitted."
                )
            ),
        ] = strawberry.UNSET,
    ) -> list[Difference] | None:
        table_id = ids.number("PriceTable", price_table_id)
        return await price_tables.difference(info.context, table_id, given(begins_at))
