"""Warnings in the payloads of mutations that create or move activations."""

from collections.abc import Sequence

import strawberry

from domain.activations import WARNINGS, ActivationWarningCode
from resolvers import activation_warnings
from resolvers.activation_warnings import Warned
from resolvers.activations import Activated
from resolvers.bulk_results import Result
from resolvers.context import Context
from resolvers.moves import ActivationMoved


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


async def warnings(context: Context, outcome: Activated | ActivationMoved | None) -> list[ActivationWarning]:
    """Return the warnings about the activation of an outcome."""
    if outcome is None:
        return []
    (found,) = await activation_warnings.of_activations(context, [outcome.activation_id])
    return _shown(context, found)


async def warnings_of_items(context: Context, results: Sequence[Result]) -> list[list[ActivationWarning]]:
    """Return the warnings about the activation of each item, with paths in the input."""
    found = await activation_warnings.of_activations(context, [result.activation_id for result in results])
    return [
        _shown(context, warned, "items", str(result.item_index)) for result, warned in zip(results, found, strict=True)
    ]


def _shown(context: Context, found: Sequence[Warned], *path: str) -> list[ActivationWarning]:
    return [
        ActivationWarning(
            code=each.code,
            message=WARNINGS[each.code].within(context.language).format(serial_number=each.serial_number),
            path=[*path, "ecfSerialNumber"],
        )
        for each in found
    ]
