"""Mutation of the numbers of free licenses below which a partner is warned."""

from typing import Annotated

import strawberry

from db.licenses import StockRow
from db.partners import PartnerRow
from domain.checks import Checks
from domain.policies import STOCK_WARNING_MAX, WarningRequired
from resolvers import stock_warnings
from resolvers.dataloader import MaybeAwaitable
from resolvers.stock_warnings import ThresholdUpdated, UpdateLicenseStockThreshold
from schema import references
from schema.arguments import number
from schema.errors import Payload, settle
from schema.inputs import OnBehalf, given, idempotency_key, optional
from schema.nodes import Info


@strawberry.input(description="Input of `updateLicenseStockThreshold`.")
class UpdateLicenseStockThresholdInput(OnBehalf):
    product_id: strawberry.ID | None = optional(
        "The ID of a product in the partner's stock. Without it, the number is that of the partner's policy, which "
        "holds for each product without a number of its own."
    )
    warning_below: int | None = optional(
        "The number of free licenses below which there is a warning, at most 10,000. It can't be omitted. Null turns "
        "the warning of the partner off, or lets a product have that of the partner. 0 turns the warning of a product "
        "off; for the partner, the lowest number is 1."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> UpdateLicenseStockThreshold:
        """Return the product and the number; raise a group of refusals if they are invalid."""
        product_id, below = number("Product", self.product_id), given(self.warning_below)
        checks = Checks()
        if self.warning_below is strawberry.UNSET:
            # Null turns a warning off, which a variable that was forgotten must not do.
            checks.refuse(WarningRequired(("warningBelow",)))
        elif below is not None:
            checks.number(below, "warningBelow", lowest=1 if product_id is None else 0, highest=STOCK_WARNING_MAX)
        checks.done()
        return UpdateLicenseStockThreshold(product_id, below)


@strawberry.type(description="Return type of `updateLicenseStockThreshold`.")
class UpdateLicenseStockThresholdPayload(Payload):
    outcome: strawberry.Private[ThresholdUpdated | None] = None

    @strawberry.field(
        graphql_type=references.PartnerType | None,
        description="The partner, with its policy after the change. Returns null if `userErrors` is not empty.",
    )
    def partner(self, info: Info) -> MaybeAwaitable[PartnerRow | None]:
        return None if self.outcome is None else info.context.loaders.partner.find(self.outcome.partner_id)

    @strawberry.field(
        graphql_type=list[references.LicenseStockType],
        description=(
            "The stock whose warning was changed: of the product, or of each product of the partner. Requires the "
            "permission ACTIVATIONS_READ. Empty if `userErrors` is not empty."
        ),
    )
    async def license_stock(self, info: Info) -> list[StockRow]:
        return [] if self.outcome is None else await stock_warnings.changed_stock(info.context, self.outcome)


@strawberry.type
class StockWarningMutations:
    @strawberry.mutation(
        description=(
            "Sets the number of free licenses of a product, or of each product, below which `LicenseStock.low` is "
            "true. An activation that passes it also writes an event STOCK_LOW, once each time."
        )
    )
    @staticmethod
    async def update_license_stock_threshold(
        info: Info,
        input: Annotated[UpdateLicenseStockThresholdInput, strawberry.argument(description="The new number.")],
    ) -> UpdateLicenseStockThresholdPayload:
        return await settle(UpdateLicenseStockThresholdPayload, info.context, input, stock_warnings.update)
