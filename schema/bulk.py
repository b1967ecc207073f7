"""Mutations of many items: their inputs' common fields, their results, and how they are answered."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

import strawberry

from domain.bulk import BULK_MAX, BulkMode, BulkStatus
from domain.checks import Checks
from domain.refusals import Path, Refusal, flat
from resolvers.bulk import BulkMutation
from resolvers.bulk_items import Bulk, Entry
from resolvers.bulk_results import Result
from resolvers.context import Context
from schema.arguments import number
from schema.errors import UserError, answer, first_errors, user_error
from schema.inputs import OnBehalf, given
from schema.labels import label_of
from schema.nodes import OfRow
from schema.previews import DryRunPayload, dry_run
from schema.relations import attribute, computed

Given = TypeVar("Given", bound=tuple[Any, ...])
Given_co = TypeVar("Given_co", bound=tuple[Any, ...], covariant=True)


class Item(Protocol[Given_co]):
    """Item of a bulk input, which checks itself."""

    def checked(self) -> Given_co:
        """Return the checked item; raise a group of refusals if it is invalid."""


@strawberry.input
class BulkInput(OnBehalf):
    """Input of many items."""

    mode: BulkMode = strawberry.field(
        default=BulkMode.ALL_OR_NOTHING, description="Whether the items are done one by one, or together."
    )
    dry_run: bool = dry_run()
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "A text of at most 255 characters that the caller chooses for this request, stored for 24 hours. Each item "
            "has a key of its own, made of this one and its index: a retry does the items that are not done yet, and "
            "returns the others in their current state. An item with a different input than the one that was done is "
            "refused with IDEMPOTENCY_CONFLICT, and nothing is done."
        ),
    )


def _errors(context: Context, result: Result) -> list[UserError]:
    return [user_error(refusal, context.language) for refusal in result.refusals]


@strawberry.type
class BulkResult(OfRow):
    """What was done with one item."""

    index: int = computed(
        lambda _, result: result.item_index,
        reads=("item_index",),
        description="The index of the item in the input, or among what a filter matches. 0 is the first.",
    )
    status: BulkStatus = attribute("What was done with the item.")
    status_label: str = label_of("status", BulkStatus)
    user_errors: list[UserError] = computed(
        _errors,
        reads=("refusals",),
        description="The errors because of which the item was not done, with paths in the input. Empty if it was done.",
    )


AnyPayload = TypeVar("AnyPayload", bound=DryRunPayload)


def entries(items: Sequence[Item[Given]], checks: Checks, name: str = "items") -> list[Entry[Given]]:
    """Return the items of an input, each of which may be refused alone; add a refusal if they are too many."""
    if not checks.count(len(items), name, lowest=1, highest=BULK_MAX):
        return []
    return [_entry((name, str(index)), item) for index, item in enumerate(items)]


def _entry(path: Path, item: Item[Given]) -> Entry[Given]:
    refusals: list[Refusal] = []
    try:
        return Entry(path, item.checked())
    except* Refusal as group:
        refusals.extend(flat(group))
    refused: Entry[Given] = Entry(path, None)
    return Entry(path, None, [refused.refused(refusal) for refusal in refusals])


async def settle(
    payload: type[AnyPayload],
    context: Context,
    wanted: BulkInput,
    checked: Callable[[], Bulk[Given]],
    work: BulkMutation[Given, Any],
) -> AnyPayload:
    """Check the input, do its items, and return the payload with the result of each.

    If one refused item has undone all, its refusals are those of the payload too.
    """
    named = number("Partner", wanted.partner_id)
    run = partial(work, context, key=given(wanted.idempotency_key), named=named, dry_run=wanted.dry_run)

    def made(*, outcome: Any = None, user_errors: Iterable[UserError] = ()) -> AnyPayload:  # noqa: ANN401 — of `run`.
        if outcome is None:
            return payload(dry_run=wanted.dry_run, user_errors=list(user_errors))
        refusals = outcome.refusals
        context.refusals |= {refusal.code.value for refusal in refusals}
        of_all = refusals if wanted.mode is BulkMode.ALL_OR_NOTHING else []
        return payload(
            partner_id=context.acting_for(named),
            dry_run=wanted.dry_run,
            preview=None if of_all else outcome.preview,
            results=outcome.results,  # type: ignore[call-arg]  # Each has results.
            user_errors=first_errors(of_all, context.language, most=BULK_MAX),
        )

    return await answer(made, context, lambda: run(checked()))
