"""Inputs of the mutations that create, draft, publish and assign price tables."""

from datetime import datetime

import strawberry

from domain.checks import Checks
from domain.money import Cents
from domain.orders import QUANTITY_MAX, OrderType
from domain.price_tables import DRAFTED_MAX, NAME_LENGTH, TABLES_MAX, TIERS_MAX, DuplicatePrice, DuplicateTier, PriceKey
from domain.prices import Tier
from resolvers import ids
from resolvers.ids import NOWHERE
from resolvers.price_table_changes import (
    AssignPriceTables,
    CreatePriceTable,
    DiscardPriceTableDraft,
    DraftedPrice,
    DraftPriceTable,
    PublishPriceTable,
    RenamePriceTable,
)
from schema.inputs import given, idempotency_key, optional
from schema.partner_inputs import OfPartner


@strawberry.input(description="Input of `createPriceTable`.")
class CreatePriceTableInput:
    name: str = strawberry.field(
        description=(
            "The name of the price table, “Pauta Preço”. 1 to 200 characters. No other one can have the same name, "
            "without regard to case and accents."
        )
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CreatePriceTable:
        """Return the name; raise a group of refusals if it is invalid."""
        checks = Checks()
        name = checks.text(self.name, "name", longest=NAME_LENGTH)
        checks.done()
        return CreatePriceTable(name)


@strawberry.input
class OfPriceTable:
    """Input of a mutation that is about a price table."""

    price_table_id: strawberry.ID = strawberry.field(description="The ID of the price table.")


@strawberry.input(description="Input of `renamePriceTable`.")
class RenamePriceTableInput(OfPriceTable):
    name: str = strawberry.field(
        description=(
            "The new name. 1 to 200 characters. No other price table can have the same name, without regard to case "
            "and accents."
        )
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> RenamePriceTable:
        """Return the id and the name; raise a group of refusals if the name is invalid."""
        checks = Checks()
        name = checks.text(self.name, "name", longest=NAME_LENGTH)
        checks.done()
        return RenamePriceTable(ids.number("PriceTable", self.price_table_id), name)


@strawberry.input(description="A unit price from a minimum quantity up to the next tier.")
class PriceTierInput:
    minimum_quantity: int = strawberry.field(description="The lowest quantity of the tier: 1 to 10,000.")
    unit_monthly_price: Cents = strawberry.field(
        description="The monthly price of one unit, “Valor Unitário Mensal”: at most 99999999.99."
    )
    unit_setup_fee: Cents = strawberry.field(
        description="The one-time setup fee of one unit, “Valor Unitário Adesão”: at most 99999999.99."
    )
    bonus_quantity: int | None = optional(
        "The number of units added without being billed, “Bônus”: 0 to 10,000; 0 if omitted."
    )

    def checked(self, checks: Checks, *path: str) -> Tier:
        """Return the tier, with its refusals added to the checks."""
        prices = {
            "unitMonthlyPrice": self.unit_monthly_price,
            "unitSetupFee": self.unit_setup_fee,
        }
        for name, price in prices.items():
            checks.price(price, *path, name)
        return Tier(
            minimum_quantity=checks.number(
                self.minimum_quantity, *path, "minimumQuantity", lowest=1, highest=QUANTITY_MAX
            ),
            unit_monthly_price=self.unit_monthly_price,
            unit_setup_fee=self.unit_setup_fee,
            bonus_quantity=checks.number(
                given(self.bonus_quantity) or 0, *path, "bonusQuantity", lowest=0, highest=QUANTITY_MAX
            ),
        )


@strawberry.input(description="All tiers of a product for one type of order.")
class PriceInput:
    product_id: strawberry.ID = strawberry.field(description="The ID of the product, “Produto”.")
    order_type: OrderType = strawberry.field(description="The type of order that the prices are for, “Tipo”.")
    tiers: list[PriceTierInput] = strawberry.field(
        description=(
            "All tiers, at most 50 of them, in place of those before. The lowest one must begin at 1 when the draft "
            "is published. No tiers remove the product from the price table."
        )
    )

    def checked(self, checks: Checks, *path: str) -> DraftedPrice:
        """Return the tiers with their product, with the refusals added to the checks."""
        key = PriceKey(ids.number("Product", self.product_id), self.order_type)
        if not checks.count(len(self.tiers), *path, "tiers", lowest=0, highest=TIERS_MAX):
            return DraftedPrice(key, ())
        tiers = dict[int, Tier]()
        for place, each in enumerate(self.tiers):
            tier = each.checked(checks, *path, "tiers", str(place))
            if tier.minimum_quantity in tiers:
                at = (*path, "tiers", str(place), "minimumQuantity")
                checks.refuse(DuplicateTier(at, minimum=tier.minimum_quantity))
            tiers[tier.minimum_quantity] = tier
        return DraftedPrice(key, tuple(tiers.values()))


@strawberry.input(description="Input of `draftPriceTable`.")
class DraftPriceTableInput(OfPriceTable):
    prices: list[PriceInput] = strawberry.field(
        description=(
            "The new prices, 1 to 200 of them, each product and type of order at most once. The draft keeps the prices "
            "that are not named. With `copyOfVersion`, they can be empty."
        )
    )
    copy_of_version: int | None = optional(
        "The number of the published version that a new draft begins as a copy of, such as an earlier one whose prices "
        "return, or one that begins later and is corrected. The one in force if it is omitted or null. Refused with "
        "PRICE_TABLE_HAS_DRAFT if there is a draft."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> DraftPriceTable:
        """Return the prices; raise a group of refusals if they are invalid."""
        checks = Checks()
        table_id = ids.number("PriceTable", self.price_table_id)
        copy_of = given(self.copy_of_version)
        lowest = 1 if copy_of is None else 0
        prices = dict[PriceKey, DraftedPrice]()
        if checks.count(len(self.prices), "prices", lowest=lowest, highest=DRAFTED_MAX):
            for place, each in enumerate(self.prices):
                price = each.checked(checks, "prices", str(place))
                if price.key in prices and price.key.product_id != NOWHERE:
                    checks.refuse(DuplicatePrice(("prices", str(place), "productId")))
                prices[price.key] = price
        checks.done()
        return DraftPriceTable(table_id, tuple(prices.values()), copy_of)


@strawberry.input(description="Input of `publishPriceTable`.")
class PublishPriceTableInput:
    price_table_id: strawberry.ID = strawberry.field(description="The ID of the price table, which must have a draft.")
    begins_at: datetime | None = optional(
        "The date and time from which the prices apply, “início da vigência”, which can't be in the past. They apply "
        "at once if it is omitted or null."
    )
    replaces_version: int | None = optional(
        "The number of the version that is in force when the prices begin, to confirm that they replace it though the "
        "draft is no copy of it (see `PriceTableVersion.copyOf`). Without it, such a draft is refused with "
        "PRICE_TABLE_DRAFT_OUTDATED, because it would undo what that version changed."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> PublishPriceTable:
        """Return the id of the price table, the begin, and the version that is replaced."""
        table_id = ids.number("PriceTable", self.price_table_id)
        return PublishPriceTable(table_id, given(self.begins_at), given(self.replaces_version))


@strawberry.input(description="Input of `discardPriceTableDraft`.")
class DiscardPriceTableDraftInput:
    price_table_id: strawberry.ID = strawberry.field(description="The ID of the price table, which must have a draft.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> DiscardPriceTableDraft:
        """Return the id of the price table."""
        return DiscardPriceTableDraft(ids.number("PriceTable", self.price_table_id))


@strawberry.input(description="Input of `assignPriceTables`.")
class AssignPriceTablesInput(OfPartner):
    price_table_ids: list[strawberry.ID] = strawberry.field(
        description="The IDs of all price tables that the partner buys by from now on, 1 to 20 of them."
    )
    preselected_id: strawberry.ID = strawberry.field(
        description="The ID of the price table, one of these, that the partner orders by if an order names none."
    )

    def checked(self) -> AssignPriceTables:
        """Return the price tables, each once; raise a group of refusals if there are too few or too many."""
        checks = Checks()
        table_ids: tuple[int, ...] = ()
        if checks.count(len(self.price_table_ids), "priceTableIds", lowest=1, highest=TABLES_MAX):
            table_ids = tuple(dict.fromkeys(ids.number("PriceTable", each) for each in self.price_table_ids))
        checks.done()
        return AssignPriceTables(table_ids, ids.number("PriceTable", self.preselected_id))
