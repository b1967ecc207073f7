"""Warnings in the payloads of mutations that create or move activations."""

import strawberry

from domain.activations import WARNINGS, ActivationWarningCode
from resolvers import activation_warnings
from resolvers.activations import Activated, ActivationMoved
from resolvers.context import Context


@strawberry.type(description="Something that the user should know about an activation that was done all the same.")
class ActivationWarning:
    code: ActivationWarningCode = strawberry.field(
        description="The code of the warning, for programs. It never changes."
    )
    message: str = strawberry.field(
        description="The message for the user, in the language of the Accept-Language header: `pt-BR` or `en`."
    )
    path: list[str] | None = strawberry.field(
        description=(
            'The path of the input field that the warning is about, such as `["ecfSerialNumber"]`. Returns null if the '
            "warning is not about a field."
        )
    )


async def warnings(
    context: Context, partner_id: int, outcome: Activated | ActivationMoved | None
) -> list[ActivationWarning]:
    """Return the warnings about the activation of an outcome."""
    if outcome is None:
        return []
    found = await activation_warnings.of_activation(context, partner_id, outcome.activation_id)
    return [
        ActivationWarning(
            code=each.code,
            message=WARNINGS[each.code].within(context.language).format(serial_number=each.serial_number),
            path=["ecfSerialNumber"],
        )
        for each in found
    ]
