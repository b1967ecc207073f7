"""The mutations of activations: activate, "cancelamento de licença", move."""

from typing import Annotated

import strawberry

from db.activations import ActivationRow
from db.licenses import StockRow
from domain.activations import NOTE_LENGTH
from domain.checks import Checks
from domain.licenses import COUNTER_MAX
from resolvers import activations, ids
from resolvers.activations import (
    Activated,
    ActivateLicense,
    ActivationMoved,
    CancelActivation,
    MoveActivation,
)
from schema import references
from schema.activations import Activation
from schema.errors import Payload, settle
from schema.inputs import given, idempotency_key, optional
from schema.nodes import Info

_KEY = "“Chave de ativação”, as the client's installation shows it: 4 to 64 letters (A–Z), digits and hyphens."
_ECF = "The serial number of the fiscal printer (“ECF”) that it runs with, at most 50 characters."
_NOTE = "A note of at most 2,000 characters, “observação”."


@strawberry.input(description="A license to activate.")
class ActivateLicenseInput:
    """A new activation."""

    client_id: strawberry.ID = strawberry.field(description="The client, which has to be active.")
    product_id: strawberry.ID = strawberry.field(description="The product, of which a license has to be free.")
    activation_key: str = strawberry.field(description=_KEY)
    additional_seats: int = strawberry.field(
        default=0, description="How many seats to take from the partner's additional ones, “Adicional”."
    )
    ecf_serial_number: str | None = optional(_ECF)
    note: str | None = optional(_NOTE)
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> ActivateLicense:
        """What to activate, or a group of what is refused of it."""
        checks = Checks()
        wanted = ActivateLicense(
            client_id=ids.number("Client", self.client_id),
            product_id=ids.number("Product", self.product_id),
            activation_key=checks.activation_key(self.activation_key, "activationKey"),
            additional_seats=checks.number(self.additional_seats, "additionalSeats", lowest=0, highest=COUNTER_MAX),
            ecf_serial_number=checks.ecf_serial_number(given(self.ecf_serial_number), "ecfSerialNumber"),
            note=checks.optional_text(given(self.note), "note", longest=NOTE_LENGTH, lines=True),
        )
        checks.done()
        return wanted


@strawberry.input(description="An activation to cancel, “cancelamento de licença”.")
class CancelActivationInput:
    """An activation that ends."""

    activation_id: strawberry.ID = strawberry.field(description="The activation, which has to be active.")
    reason: str | None = optional("Why it is cancelled, at most 2,000 characters; it becomes `cancellationNote`.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CancelActivation:
        """The activation's id and the reason, or a group of what is refused of them."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CancelActivation(ids.number("Activation", self.activation_id), reason)


@strawberry.input(
    description="An activation to move to another client or another key, “substituição”. Additional seats go along."
)
class MoveActivationInput:
    """An activation that takes the place of another one."""

    activation_id: strawberry.ID = strawberry.field(description="The activation, which has to be active.")
    to_client_id: strawberry.ID = strawberry.field(
        description="The client that gets the license, which has to be active; the same one for another key."
    )
    activation_key: str = strawberry.field(description=_KEY)
    ecf_serial_number: str | None = optional(_ECF)
    note: str | None = optional(_NOTE)
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> MoveActivation:
        """What to move where, or a group of what is refused of it."""
        checks = Checks()
        wanted = MoveActivation(
            activation_id=ids.number("Activation", self.activation_id),
            to_client_id=ids.number("Client", self.to_client_id),
            activation_key=checks.activation_key(self.activation_key, "activationKey"),
            ecf_serial_number=checks.ecf_serial_number(given(self.ecf_serial_number), "ecfSerialNumber"),
            note=checks.optional_text(given(self.note), "note", longest=NOTE_LENGTH, lines=True),
        )
        checks.done()
        return wanted


@strawberry.type
class ActivatedPayload(Payload):
    """An activation that began or ended, and the stock that it changed."""

    outcome: strawberry.Private[Activated | None] = None

    @strawberry.field(
        graphql_type=Activation | None, description="The activation as it is now; null where nothing was done."
    )
    async def activation(self, info: Info) -> ActivationRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.activation.load(self.outcome.activation_id)

    @strawberry.field(
        graphql_type=references.LicenseStockType | None,
        description="The stock of the product, “estoque do parceiro”, as it is now; null where nothing was done.",
    )
    async def license_stock(self, info: Info) -> StockRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.stock_of_product.load(self.outcome.product_id)


@strawberry.type(description="What `activateLicense` answers.")
class ActivateLicensePayload(ActivatedPayload):
    """The new activation."""


@strawberry.type(description="What `cancelActivation` answers.")
class CancelActivationPayload(ActivatedPayload):
    """The cancelled activation."""


@strawberry.type(description="What `moveActivation` answers.")
class MoveActivationPayload(Payload):
    """The activation that took over, and the one that it took over from."""

    outcome: strawberry.Private[ActivationMoved | None] = None

    @strawberry.field(
        graphql_type=Activation | None,
        description="The activation that took over, as it is now; null where nothing was done.",
    )
    async def activation(self, info: Info) -> ActivationRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.activation.load(self.outcome.activation_id)

    @strawberry.field(
        graphql_type=Activation | None,
        description="The activation whose place was taken, as it is now; null where nothing was done.",
    )
    async def previous_activation(self, info: Info) -> ActivationRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.activation.load(self.outcome.previous_id)

    @strawberry.field(
        graphql_type=references.LicenseStockType | None,
        description=(
            "The stock of the product, “estoque do parceiro”, as it is now: its counters are as before, and its "
            "ledger has two more lines; null where nothing was done."
        ),
    )
    async def license_stock(self, info: Info) -> StockRow | None:
        loaders = info.context.loaders
        activation = None if self.outcome is None else await loaders.activation.load(self.outcome.activation_id)
        if activation is None:
            return None
        return await loaders.stock_of_product.load(activation.product_id)


@strawberry.type
class ActivationMutations:
    """The fields of Mutation about activations."""

    @strawberry.mutation(
        description="Take a license, and the additional seats asked for, from the stock for a client's installation."
    )
    @staticmethod
    async def activate_license(
        info: Info, input: Annotated[ActivateLicenseInput, strawberry.argument(description="What to activate.")]
    ) -> ActivateLicensePayload:
        return await settle(ActivateLicensePayload, info.context, input, activations.activate)

    @strawberry.mutation(
        description="Cancel an activation, “cancelamento de licença”: its license and additional seats are free again."
    )
    @staticmethod
    async def cancel_activation(
        info: Info, input: Annotated[CancelActivationInput, strawberry.argument(description="What to cancel.")]
    ) -> CancelActivationPayload:
        return await settle(CancelActivationPayload, info.context, input, activations.cancel)

    @strawberry.mutation(
        description=(
            "Cancel an activation and activate its license for another client or key, “substituição”, in one step "
            "that never needs a second license."
        )
    )
    @staticmethod
    async def move_activation(
        info: Info, input: Annotated[MoveActivationInput, strawberry.argument(description="What to move where.")]
    ) -> MoveActivationPayload:
        return await settle(MoveActivationPayload, info.context, input, activations.move)
