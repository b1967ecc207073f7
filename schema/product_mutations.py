"""Mutations of the vendor that create, update and retire products."""

from typing import Annotated

import strawberry

from db.prices import ProductRow
from domain.checks import Checks
from domain.products import INCLUDED_SEATS_MAX, NAME_LENGTH, ProductDetails
from domain.violations import Empty
from resolvers import ids, products
from resolvers.dataloader import MaybeAwaitable
from resolvers.products import CreateProduct, ProductChanged, ReinstateProduct, RetireProduct, UpdateProduct
from schema.errors import Payload, settle
from schema.inputs import idempotency_key, optional
from schema.nodes import Info
from schema.prices import Product


def _seats(seats: int, checks: Checks) -> int:
    return checks.number(seats, "includedSeats", lowest=0, highest=INCLUDED_SEATS_MAX)


@strawberry.input(description="Input of `createProduct`.")
class CreateProductInput:
    code: str = strawberry.field(
        description=(
            "The short name of the product for programs: 1 to 40 of A–Z, 0–9, dots, hyphens and underscores. No other "
            "product can have the same one, and it never changes."
        )
    )
    name: str = strawberry.field(description="The product's name, as partners see it. 1 to 200 characters.")
    included_seats: int = strawberry.field(
        description="The number of users that one license serves without additional seats. 0 to 10,000."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CreateProduct:
        """Return the product to create; raise a group of refusals if it is invalid."""
        checks = Checks()
        details = ProductDetails(
            code=checks.product_code(self.code, "code"),
            name=checks.text(self.name, "name", longest=NAME_LENGTH),
            included_seats=_seats(self.included_seats, checks),
        )
        checks.done()
        return CreateProduct(details)


@strawberry.input(description="Input of `updateProduct`. An omitted field is left as it is, and none can be cleared.")
class UpdateProductInput:
    product_id: strawberry.ID = strawberry.field(description="The ID of the product.")
    name: str | None = optional("The product's name, as partners see it. 1 to 200 characters.")
    included_seats: int | None = optional(
        "The number of users that a license ordered or activated from now on serves without additional seats. 0 to "
        "10,000."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> UpdateProduct:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        unset = strawberry.UNSET
        name = None if self.name is unset else checks.text(self.name or "", "name", longest=NAME_LENGTH)
        seats = None if self.included_seats is unset else self.included_seats
        if seats is not None:
            _seats(seats, checks)
        elif self.included_seats is None:
            checks.refuse(Empty(("includedSeats",)))
        checks.done()
        return UpdateProduct(ids.number("Product", self.product_id), name, seats)


@strawberry.input(description="Input of `retireProduct`.")
class RetireProductInput:
    product_id: strawberry.ID = strawberry.field(description="The ID of the product.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> RetireProduct:
        """Return the id of the product."""
        return RetireProduct(ids.number("Product", self.product_id))


@strawberry.input(description="Input of `reinstateProduct`.")
class ReinstateProductInput:
    product_id: strawberry.ID = strawberry.field(description="The ID of the product.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> ReinstateProduct:
        """Return the id of the product."""
        return ReinstateProduct(ids.number("Product", self.product_id))


@strawberry.type
class ProductChangedPayload(Payload):
    """Product that a mutation changed, or the refusals."""

    outcome: strawberry.Private[ProductChanged | None] = None

    @strawberry.field(
        graphql_type=Product | None,
        description="The product after the change. Returns null if `userErrors` is not empty.",
    )
    def product(self, info: Info) -> MaybeAwaitable[ProductRow | None]:
        return None if self.outcome is None else info.context.loaders.product.find(self.outcome.product_id)


@strawberry.type(description="Return type of `createProduct`.")
class CreateProductPayload(ProductChangedPayload):
    """New product."""


@strawberry.type(description="Return type of `updateProduct`.")
class UpdateProductPayload(ProductChangedPayload):
    """Product with its new details."""


@strawberry.type(description="Return type of `retireProduct`.")
class RetireProductPayload(ProductChangedPayload):
    """Retired product."""


@strawberry.type(description="Return type of `reinstateProduct`.")
class ReinstateProductPayload(ProductChangedPayload):
    """Product that is sold again."""


@strawberry.type
class ProductMutations:
    @strawberry.mutation(
        description="Creates a product. A partner can order it once its price table has a price for it."
    )
    @staticmethod
    async def create_product(
        info: Info, input: Annotated[CreateProductInput, strawberry.argument(description="The product to create.")]
    ) -> CreateProductPayload:
        return await settle(CreateProductPayload, info.context, input, products.create)

    @strawberry.mutation(
        description=(
            "Updates the name or the included seats of a product. Orders and activations keep the seats that they "
            "were made with."
        )
    )
    @staticmethod
    async def update_product(
        info: Info, input: Annotated[UpdateProductInput, strawberry.argument(description="The product's new details.")]
    ) -> UpdateProductPayload:
        return await settle(UpdateProductPayload, info.context, input, products.update)

    @strawberry.mutation(
        description=(
            "Retires a product. `createOrder` and `quoteOrder` then refuse it with PRODUCT_RETIRED. Pending orders can "
            "still be approved, and licenses activated and moved. A product that is retired already is returned as it "
            "is."
        )
    )
    @staticmethod
    async def retire_product(
        info: Info, input: Annotated[RetireProductInput, strawberry.argument(description="The product to retire.")]
    ) -> RetireProductPayload:
        return await settle(RetireProductPayload, info.context, input, products.retire)

    @strawberry.mutation(
        description=(
            "Ends the retirement of a product, which can be ordered again. A product that is sold already is returned "
            "as it is."
        )
    )
    @staticmethod
    async def reinstate_product(
        info: Info,
        input: Annotated[ReinstateProductInput, strawberry.argument(description="The product to sell again.")],
    ) -> ReinstateProductPayload:
        return await settle(ReinstateProductPayload, info.context, input, products.reinstate)
