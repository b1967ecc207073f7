"""Mutations of the vendor that create price tables, write and publish their prices, and assign them to partners."""

from typing import Annotated

import strawberry

from db.partners import PartnerRow
from db.price_tables import PriceTableRow
from db.price_versions import VersionRow
from domain.orders import OrderType
from domain.price_tables import DearerTier, Difference
from resolvers import price_table_changes, price_tables
from resolvers.dataloader import MaybeAwaitable
from resolvers.price_table_changes import PricesChanged, PriceTableChanged, PriceTablesAssigned
from schema import references
from schema.errors import Payload, settle
from schema.labels import label_of
from schema.nodes import Info, OfRow
from schema.partners import Partner
from schema.price_table_inputs import (
    AssignPriceTablesInput,
    CreatePriceTableInput,
    DiscardPriceTableDraftInput,
    DraftPriceTableInput,
    PublishPriceTableInput,
    RenamePriceTableInput,
)
from schema.price_tables import PriceDifference, PriceTable, PriceTableVersion
from schema.relations import to_one


@strawberry.type(description="A tier that costs more for each unit than the tier below it, which may be a mistake.")
class PriceWarning(OfRow, row=DearerTier):
    order_type: OrderType = strawberry.field(description="The type of order that the tier is for, “Tipo”.")
    order_type_label: str = label_of("order_type", OrderType)
    minimum_quantity: int = strawberry.field(description="The lowest quantity of the dearer tier.")

    product: references.ProductType = to_one("product_id", loader="product", description="The product, “Produto”.")


@strawberry.type
class PriceTableChangedPayload(Payload):
    """Price table that a mutation changed, or the refusals."""

    outcome: strawberry.Private[PriceTableChanged | PricesChanged | None] = None

    @strawberry.field(
        graphql_type=PriceTable | None,
        description="The price table after the change. Returns null if `userErrors` is not empty.",
    )
    def price_table(self, info: Info) -> MaybeAwaitable[PriceTableRow | None]:
        return None if self.outcome is None else info.context.loaders.price_table.find(self.outcome.price_table_id)


@strawberry.type
class PricesChangedPayload(PriceTableChangedPayload):
    """Version that a mutation wrote, or the refusals."""

    outcome: strawberry.Private[PricesChanged | None] = None

    @strawberry.field(
        graphql_type=PriceTableVersion | None,
        description="The version with its prices. Returns null if `userErrors` is not empty.",
    )
    def version(self, info: Info) -> MaybeAwaitable[VersionRow | None]:
        return None if self.outcome is None else info.context.loaders.price_table_version.find(self.outcome.version_id)

    @strawberry.field(
        graphql_type=list[PriceWarning],
        description=(
            "The tiers of the version that cost more for each unit than the tier below. They are allowed, and shown "
            "because they may be a mistake."
        ),
    )
    async def warnings(self, info: Info) -> list[DearerTier]:
        return [] if self.outcome is None else await price_tables.warnings(info.context, self.outcome.version_id)


@strawberry.type(description="Return type of `createPriceTable`.")
class CreatePriceTablePayload(PriceTableChangedPayload):
    """New price table."""


@strawberry.type(description="Return type of `draftPriceTable`.")
class DraftPriceTablePayload(PricesChangedPayload):
    """Price table with its draft."""


@strawberry.type(description="Return type of `publishPriceTable`.")
class PublishPriceTablePayload(PricesChangedPayload):
    """Price table with its new version."""

    @strawberry.field(
        graphql_type=list[PriceDifference],
        description=(
            "The changes of the version that do not last: another version was published before, begins later, and has "
            "other prices, `undoneBy`. They are allowed, and shown because they may be a mistake; `priceTableDiff` "
            "shows them before the publication. To keep them, publish them from the begin of that version on too."
        ),
    )
    async def undone(self, info: Info) -> list[Difference]:
        return [] if self.outcome is None else await price_tables.undone(info.context, self.outcome.version_id)


@strawberry.type(description="Return type of `discardPriceTableDraft`.")
class DiscardPriceTableDraftPayload(PriceTableChangedPayload):
    """Price table without a draft."""


@strawberry.type(description="Return type of `renamePriceTable`.")
class RenamePriceTablePayload(PriceTableChangedPayload):
    """Price table with its new name."""


@strawberry.type(description="Return type of `assignPriceTables`.")
class AssignPriceTablesPayload(Payload):
    outcome: strawberry.Private[PriceTablesAssigned | None] = None

    @strawberry.field(
        graphql_type=Partner | None,
        description="The partner after the change. Returns null if `userErrors` is not empty.",
    )
    def partner(self, info: Info) -> MaybeAwaitable[PartnerRow | None]:
        return None if self.outcome is None else info.context.loaders.partner.find(self.outcome.partner_id)


@strawberry.type
class PriceTableMutations:
    @strawberry.mutation(description="Creates a price table, “Pauta Preço”, without prices.")
    @staticmethod
    async def create_price_table(
        info: Info,
        input: Annotated[CreatePriceTableInput, strawberry.argument(description="The price table to create.")],
    ) -> CreatePriceTablePayload:
        return await settle(CreatePriceTablePayload, info.context, input, price_table_changes.create)

    @strawberry.mutation(description="Gives a price table another name, for all partners that buy by it.")
    @staticmethod
    async def rename_price_table(
        info: Info, input: Annotated[RenamePriceTableInput, strawberry.argument(description="The new name.")]
    ) -> RenamePriceTablePayload:
        return await settle(RenamePriceTablePayload, info.context, input, price_table_changes.rename)

    @strawberry.mutation(
        description=(
            "Writes prices to the draft of a price table. If it has no draft, one is created as a copy of the "
            "version in force, or of `copyOfVersion`. No partner sees a draft, and nothing is ordered by it."
        )
    )
    @staticmethod
    async def draft_price_table(
        info: Info, input: Annotated[DraftPriceTableInput, strawberry.argument(description="The prices to write.")]
    ) -> DraftPriceTablePayload:
        return await settle(DraftPriceTablePayload, info.context, input, price_table_changes.draft)

    @strawberry.mutation(
        description=(
            "Publishes the draft of a price table, which never changes after that. Orders that exist keep their "
            "prices. Each partner that buys by the price table gets an event PRICES_CHANGED, unless the prices are "
            "those that would be in force without it."
        )
    )
    @staticmethod
    async def publish_price_table(
        info: Info,
        input: Annotated[PublishPriceTableInput, strawberry.argument(description="The price table, and the begin.")],
    ) -> PublishPriceTablePayload:
        return await settle(PublishPriceTablePayload, info.context, input, price_table_changes.publish)

    @strawberry.mutation(description="Deletes the draft of a price table.")
    @staticmethod
    async def discard_price_table_draft(
        info: Info,
        input: Annotated[
            DiscardPriceTableDraftInput, strawberry.argument(description="The price table whose draft is deleted.")
        ],
    ) -> DiscardPriceTableDraftPayload:
        return await settle(DiscardPriceTableDraftPayload, info.context, input, price_table_changes.discard)

    @strawberry.mutation(
        description=(
            "Assigns price tables to a partner, in place of those before. Its orders keep the price tables that they "
            "were made by."
        )
    )
    @staticmethod
    async def assign_price_tables(
        info: Info,
        input: Annotated[
            AssignPriceTablesInput, strawberry.argument(description="The price tables, and of which partner.")
        ],
    ) -> AssignPriceTablesPayload:
        return await settle(AssignPriceTablesPayload, info.context, input, price_table_changes.assign)
