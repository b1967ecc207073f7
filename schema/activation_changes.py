"""Mutation that corrects activations."""

from typing import Annotated

import strawberry

from domain.activations import NOTE_LENGTH
from domain.checks import Checks
from resolvers import activation_changes, ids
from resolvers.activation_changes import UpdateActivation
from schema.activation_mutations import ActivatedPayload
from schema.errors import settle
from schema.inputs import OnBehalf, idempotency_key, optional
from schema.nodes import Info


@strawberry.input(description="Input of `updateActivation`. An omitted field is left as it is, and null clears it.")
class UpdateActivationInput(OnBehalf):
    activation_id: strawberry.ID = strawberry.field(
        description="The ID of the activation, active or cancelled. Its client must be active."
    )
    note: str | None = optional("The corrected note, “observação”. At most 2,000 characters.")
    idempotency_key: str | None = idempotency_key()

    def checked(self) -> UpdateActivation:
        """Return the changes; raise a group of refusals if they are invalid."""
        checks = Checks()
        changes: dict[str, str | None] = {}
        if self.note is not strawberry.UNSET:
            changes["note"] = checks.optional_text(self.note, "note", longest=NOTE_LENGTH, lines=True)
        checks.done()
        return UpdateActivation(ids.number("Activation", self.activation_id), tuple(changes.items()))


@strawberry.type(description="Return type of `updateActivation`.")
class UpdateActivationPayload(ActivatedPayload):
    """Corrected activation, with its stock."""


@strawberry.type
class ActivationChanges:
    @strawberry.mutation(
        description=(
            "Corrects the note of an activation. The license, the key and the authorization code stay as they are."
        )
    )
    @staticmethod
    async def update_activation(
        info: Info,
        input: Annotated[UpdateActivationInput, strawberry.argument(description="The activation's corrected details.")],
    ) -> UpdateActivationPayload:
        return await settle(UpdateActivationPayload, info.context, input, activation_changes.update)
