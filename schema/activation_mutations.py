"""Mutations that create, cancel and move activations."""

from typing import Annotated

import strawberry

from db.activations import ActivationRow
from db.licenses import StockKey, StockRow
from domain.activations import NOTE_LENGTH
from domain.checks import Checks
from domain.licenses import COUNTER_MAX
from resolvers import activations, ids
from resolvers.activations import Activated, ActivateLicense, CancelActivation
from resolvers.moves import ActivationMoved, MoveActivation
from schema import references
from schema.activation_warnings import ActivationWarning, warnings
from schema.activations import Activation
from schema.errors import Payload, settle
from schema.inputs import OnBehalf, given, idempotency_key, optional
from schema.nodes import Info

_KEY = "“Chave de ativação”, as shown by the client's installation: 4 to 64 letters (A–Z), digits and hyphens."
_ECF = "The serial number of the fiscal printer (“ECF”) that the installation uses. At most 50 characters."
_NOTE = "A note, “observação”. At most 2,000 characters."

_WARNINGS = (
    "What the user should know about the activation, which was done all the same. Empty if there is nothing, or if "
    "`userErrors` is not empty."
)


@strawberry.input(description="A license to activate, as an item of `activateLicenses`.")
class LicenseActivationInput:
    client_id: strawberry.ID = strawberry.field(description="The ID of the client, which must be active.")
    product_id: strawberry.ID = strawberry.field(
        description="The ID of the product. The partner must have a free license of it."
    )
    activation_key: str = strawberry.field(description=_KEY)
    additional_seats: int = strawberry.field(
        default=0, description="The number of additional seats to take from the partner's stock, “Adicional”."
    )
    ecf_serial_number: str | None = optional(_ECF)
    note: str | None = optional(_NOTE)

    def checked(self) -> ActivateLicense:
        """Return what to activate; raise a group of refusals if it is invalid."""
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


@strawberry.input(description="Input of `activateLicense`.")
class ActivateLicenseInput(OnBehalf, LicenseActivationInput):
    idempotency_key: str | None = idempotency_key()


@strawberry.input(description="Input of `cancelActivation`, “cancelamento de licença”.")
class CancelActivationInput(OnBehalf):
    activation_id: strawberry.ID = strawberry.field(description="The ID of the activation, which must be active.")
    reason: str | None = optional(
        "The reason for the cancellation, stored as `cancellationNote`. At most 2,000 characters."
    )
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> CancelActivation:
        """Return the activation's id and the reason; raise a group of refusals if they are invalid."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return CancelActivation(ids.number("Activation", self.activation_id), reason)


@strawberry.input(
    description=(
        "A license to move to another client, key or printer, “substituição”, as an item of `moveActivations`. Its "
        "additional seats move with it."
    )
)
class ActivationMoveInput:
    activation_id: strawberry.ID = strawberry.field(description="The ID of the activation, which must be active.")
    to_client_id: strawberry.ID = strawberry.field(
        description=(
            "The ID of the client that receives the license, which must be active. It can be the same client, with "
            "another key or another printer."
        )
    )
    activation_key: str = strawberry.field(
        description=f"{_KEY} It can be the same key, if the client or the printer is another one."
    )
    ecf_serial_number: str | None = optional(
        f"{_ECF} Null says that it uses none. If only the printer is another one, or null removes it, the activation "
        "stays, with its authorization code. If the field is omitted, another client or key has no printer, and the "
        "same client and key are refused with ACTIVATION_KEY_IN_USE."
    )
    note: str | None = optional(
        f"{_NOTE} If only the printer is another one, the activation keeps its note unless another one is given."
    )

    def checked(self) -> MoveActivation:
        """Return what to move and where; raise a group of refusals if it is invalid."""
        checks = Checks()
        serial_number = checks.ecf_serial_number(given(self.ecf_serial_number), "ecfSerialNumber")
        wanted = MoveActivation(
            activation_id=ids.number("Activation", self.activation_id),
            to_client_id=ids.number("Client", self.to_client_id),
            activation_key=checks.activation_key(self.activation_key, "activationKey"),
            ecf_serial_number=serial_number,
            without_printer=serial_number is None and self.ecf_serial_number is not strawberry.UNSET,
            note=checks.optional_text(given(self.note), "note", longest=NOTE_LENGTH, lines=True),
        )
        checks.done()
        return wanted


@strawberry.input(
    description=(
        "Input of `moveActivation`: another client, key or printer for a license, “substituição”. Its additional seats "
        "move with it."
    )
)
class MoveActivationInput(OnBehalf, ActivationMoveInput):
    idempotency_key: str | None = idempotency_key()


@strawberry.type
class ActivatedPayload(Payload):
    """Activation that a mutation changed, with its stock, or the refusals."""

    outcome: strawberry.Private[Activated | None] = None

    @strawberry.field(
        graphql_type=Activation | None,
        description="The activation after the change. Returns null if `userErrors` is not empty.",
    )
    async def activation(self, info: Info) -> ActivationRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.activation.load(self.outcome.activation_id)

    @strawberry.field(
        graphql_type=references.LicenseStockType | None,
        description=(
            "The stock of the product after the change, “estoque do parceiro”. Returns null if `userErrors` is not "
            "empty."
        ),
    )
    async def license_stock(self, info: Info) -> StockRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.stock.load(StockKey(self.partner_id, self.outcome.product_id))


@strawberry.type(description="Return type of `activateLicense`.")
class ActivateLicensePayload(ActivatedPayload):
    @strawberry.field(description=_WARNINGS)
    async def warnings(self, info: Info) -> list[ActivationWarning]:
        return await warnings(info.context, self.outcome)


@strawberry.type(description="Return type of `cancelActivation`.")
class CancelActivationPayload(ActivatedPayload):
    """Cancelled activation, with its stock."""


@strawberry.type(description="Return type of `moveActivation`.")
class MoveActivationPayload(Payload):
    outcome: strawberry.Private[ActivationMoved | None] = None

    @strawberry.field(
        graphql_type=Activation | None,
        description=(
            "The activation that holds the license now: a new one, or the same one if only its printer is another. "
            "Returns null if `userErrors` is not empty."
        ),
    )
    async def activation(self, info: Info) -> ActivationRow | None:
        if self.outcome is None:
            return None
        return await info.context.loaders.activation.load(self.outcome.activation_id)

    @strawberry.field(
        graphql_type=Activation | None,
        description=(
            "The old activation, which gave up the license. Returns null if only the printer is another one, or if "
            "`userErrors` is not empty."
        ),
    )
    async def previous_activation(self, info: Info) -> ActivationRow | None:
        if self.outcome is None or self.outcome.previous_id is None:
            return None
        return await info.context.loaders.activation.load(self.outcome.previous_id)

    @strawberry.field(
        graphql_type=references.LicenseStockType | None,
        description=(
            "The stock of the product after the change, “estoque do parceiro”. Its counters are the same as "
            "before, and its ledger has two more movements, or none if only the printer is another one. Returns null "
            "if `userErrors` is not empty."
        ),
    )
    async def license_stock(self, info: Info) -> StockRow | None:
        loaders = info.context.loaders
        activation = None if self.outcome is None else await loaders.activation.load(self.outcome.activation_id)
        if activation is None:
            return None
        return await loaders.stock.load(StockKey(self.partner_id, activation.product_id))

    @strawberry.field(description=_WARNINGS)
    async def warnings(self, info: Info) -> list[ActivationWarning]:
        return await warnings(info.context, self.outcome)


@strawberry.type
class ActivationMutations:
    @strawberry.mutation(
        description=(
            "Activates a license at a client's installation. The license and the requested additional seats are taken "
            "from the partner's stock."
        )
    )
    @staticmethod
    async def activate_license(
        info: Info, input: Annotated[ActivateLicenseInput, strawberry.argument(description="The license to activate.")]
    ) -> ActivateLicensePayload:
        return await settle(ActivateLicensePayload, info.context, input, activations.activate)

    @strawberry.mutation(
        description=(
            "Cancels an activation, “cancelamento de licença”. Its license and additional seats return to the stock."
        )
    )
    @staticmethod
    async def cancel_activation(
        info: Info,
        input: Annotated[CancelActivationInput, strawberry.argument(description="The activation to cancel.")],
    ) -> CancelActivationPayload:
        return await settle(CancelActivationPayload, info.context, input, activations.cancel)

    @strawberry.mutation(
        description=(
            "Cancels an activation and activates its license for another client or key, “substituição”. Both "
            "happen in one step, so no second license is needed. If only the fiscal printer (“ECF”) is another one, "
            "the activation stays, with its authorization code, and gets the new serial number."
        )
    )
    @staticmethod
    async def move_activation(
        info: Info, input: Annotated[MoveActivationInput, strawberry.argument(description="The activation to move.")]
    ) -> MoveActivationPayload:
        return await settle(MoveActivationPayload, info.context, input, activations.move)
