"""Mutations that activate, cancel and move many licenses."""

from typing import Annotated, Any

import strawberry

from db.licenses import StockRow
from domain.activations import NOTE_LENGTH
from domain.bulk import BULK_MAX, OneSelection
from domain.checks import Checks
from resolvers import activation_batches, ids, licenses
from resolvers.activations import Activated, ActivateLicense, CancelActivation
from resolvers.bulk_items import Bulk, Entry
from resolvers.bulk_results import Result
from resolvers.found_activations import FindActivations
from resolvers.moves import MoveActivation
from schema import references
from schema.activation_mutations import ActivationMoveInput, LicenseActivationInput
from schema.activation_warnings import ActivationWarning, warnings_of_items
from schema.activations import ActivationFilter
from schema.arguments import number
from schema.bulk import BulkInput, BulkResult, entries, settle
from schema.inputs import given, optional
from schema.nodes import Info
from schema.previews import DryRunPayload
from schema.relations import computed_together, to_one


@strawberry.input(description="Input of `activateLicenses`.")
class ActivateLicensesInput(BulkInput):
    items: list[LicenseActivationInput] = strawberry.field(description="The 1 to 100 licenses to activate.")

    def checked(self) -> Bulk[ActivateLicense]:
        """Return the licenses; raise a group of refusals if they are too many."""
        checks = Checks()
        found = entries(self.items, checks)
        checks.done()
        return Bulk(found, self.mode)


@strawberry.input(
    description=(
        "Input of `cancelActivations`. The activations are either `activationIds`, or those that `filter` matches and "
        "`expectedCount` counts."
    )
)
class CancelActivationsInput(BulkInput):
    activation_ids: list[strawberry.ID] | None = optional("The IDs of 1 to 100 activations, which must be active.")
    filter: ActivationFilter | None = optional(
        "The filter of the activations. Only active ones are matched. Requires `expectedCount`."
    )
    expected_count: int | None = optional(
        "The number of active activations that the filter must match, 1 to 100, as a list with this filter showed it. "
        "If it matches another number, nothing is changed, and COUNT_CHANGED says both."
    )
    reason: str | None = optional(
        "The reason for the cancellation, stored as `cancellationNote` of each activation. At most 2,000 characters."
    )

    def checked(self) -> Bulk[CancelActivation]:
        """Return the activations or their filter; raise a group of refusals if they are invalid."""
        checks = Checks()
        reason = checks.optional_text(given(self.reason), "reason", longest=NOTE_LENGTH, lines=True)
        chosen, asked, expected = given(self.activation_ids), given(self.filter), given(self.expected_count)
        if (chosen is None) is (asked is None) or (asked is None) is not (expected is None):
            checks.refuse(OneSelection(("activationIds",) if asked is None else ("expectedCount",)))
        if asked is None or expected is None:
            numbers = [ids.number("Activation", each) for each in chosen or []]
            found = [
                Entry(("activationIds", str(place)), CancelActivation(number_of, reason), lone=True)
                for place, number_of in enumerate(numbers)
            ]
            if chosen is not None:
                checks.count(len(chosen), "activationIds", lowest=1, highest=BULK_MAX)
            checks.done()
            return Bulk(found, self.mode)
        checks.number(expected, "expectedCount", lowest=1, highest=BULK_MAX)
        checks.done()
        named = number("Partner", asked.partner_id)
        return Bulk([], self.mode, FindActivations(asked.chosen(), named, expected, reason))


@strawberry.input(description="Input of `moveActivations`.")
class MoveActivationsInput(BulkInput):
    items: list[ActivationMoveInput] = strawberry.field(description="The 1 to 100 licenses to move.")

    def checked(self) -> Bulk[MoveActivation]:
        """Return the moves; raise a group of refusals if they are too many."""
        checks = Checks()
        found = entries(self.items, checks)
        checks.done()
        return Bulk(found, self.mode)


_IF_DONE = "Returns null if the item was not done, and in a dry run."


@strawberry.type
class _ActivationResult(BulkResult):
    activation: references.ActivationType | None = to_one(
        "activation_id", loader="activation", description=f"The activation after the change. {_IF_DONE}"
    )


def _warnings() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    return computed_together(
        warnings_of_items,
        reads=("activation_id", "item_index"),
        description=(
            "What the user should know about the activation, which was done all the same. Empty if there is nothing, "
            "if the item was not done, and in a dry run."
        ),
    )


@strawberry.type(description="What `activateLicenses` did with an item.")
class LicenseActivationResult(_ActivationResult, row=Result):
    warnings: list[ActivationWarning] = _warnings()


@strawberry.type(description="What `cancelActivations` did with an activation.")
class ActivationCancellationResult(_ActivationResult, row=Result):
    """Result with the cancelled activation."""


@strawberry.type(description="What `moveActivations` did with an item.")
class ActivationMoveResult(_ActivationResult, row=Result):
    previous_activation: references.ActivationType | None = to_one(
        "previous_id",
        loader="activation",
        description=(
            "The old activation, which gave up the license. Returns null if only the printer is another one, if the "
            "item was not done, and in a dry run."
        ),
    )
    warnings: list[ActivationWarning] = _warnings()


def _results() -> Any:  # noqa: ANN401 — a field of a dataclass, as strawberry.field is.
    return strawberry.field(
        default_factory=list,
        description=(
            "The result of each item, in the order of the input. Empty if the input was refused as a whole. "
            "`userErrors` of the payload are empty if only items of the mode EACH were refused."
        ),
    )


@strawberry.type
class _StockPayload(DryRunPayload):
    @strawberry.field(
        graphql_type=list[references.LicenseStockType],
        description=(
            "The stock after the change, “estoque do parceiro”, of each product whose licenses were taken or returned. "
            "Empty if no item was done, and in a dry run."
        ),
    )
    async def license_stock(self, info: Info) -> list[StockRow]:
        results: list[Result] = getattr(self, "results", [])
        outcomes = [each.outcome for each in results]
        product_ids = {outcome.product_id for outcome in outcomes if isinstance(outcome, Activated)}
        return await licenses.stock_of(info.context, self.partner_id, sorted(product_ids))


@strawberry.type(description="Return type of `activateLicenses`.")
class ActivateLicensesPayload(_StockPayload):
    results: list[LicenseActivationResult] = _results()


@strawberry.type(description="Return type of `cancelActivations`.")
class CancelActivationsPayload(_StockPayload):
    results: list[ActivationCancellationResult] = _results()


@strawberry.type(description="Return type of `moveActivations`.")
class MoveActivationsPayload(DryRunPayload):
    results: list[ActivationMoveResult] = _results()


@strawberry.type
class ActivationBatchMutations:
    @strawberry.mutation(
        description=(
            "Activates up to 100 licenses, as `activateLicense` does each of them in the order of the input. Must be "
            "the only field of its operation."
        )
    )
    @staticmethod
    async def activate_licenses(
        info: Info,
        input: Annotated[ActivateLicensesInput, strawberry.argument(description="The licenses to activate.")],
    ) -> ActivateLicensesPayload:
        return await settle(
            ActivateLicensesPayload,
            info.context,
            input,
            input.checked,
            activation_batches.activate,
        )

    @strawberry.mutation(
        description=(
            "Cancels up to 100 activations, as `cancelActivation` does each of them: those with these IDs, or those "
            "that a filter matches. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def cancel_activations(
        info: Info,
        input: Annotated[CancelActivationsInput, strawberry.argument(description="The activations to cancel.")],
    ) -> CancelActivationsPayload:
        return await settle(
            CancelActivationsPayload,
            info.context,
            input,
            input.checked,
            activation_batches.cancel,
        )

    @strawberry.mutation(
        description=(
            "Moves up to 100 licenses to other clients or keys, as `moveActivation` does each of them in the order of "
            "the input. Must be the only field of its operation."
        )
    )
    @staticmethod
    async def move_activations(
        info: Info, input: Annotated[MoveActivationsInput, strawberry.argument(description="The licenses to move.")]
    ) -> MoveActivationsPayload:
        return await settle(
            MoveActivationsPayload,
            info.context,
            input,
            input.checked,
            activation_batches.move,
        )
