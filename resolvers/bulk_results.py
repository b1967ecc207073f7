"""Results of bulk mutations: one for each item."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from domain.bulk import BulkStatus, ForbiddenAmongItems, SignedOutAmongItems
from domain.deadlines import AnswerTimedOut, ChangeTimedOut
from domain.errors import ApiError, Forbidden, KeyedOutcomeUnknown, NotChanged, OutcomeUnknown, Unauthenticated
from domain.refusals import Refusal
from resolvers.previews import Preview


class Result(NamedTuple):
    """What was done for an item: its outcome or refusals, or neither because others were refused."""

    item_index: int
    status: BulkStatus
    outcome: tuple[Any, ...] | None = None
    refusals: Sequence[Refusal] = ()

    def undone(self) -> "Result":
        """Return the result of the item if nothing is done because others are refused."""
        return self if self.refusals else Result(self.item_index, BulkStatus.NOT_DONE)

    def tried(self) -> "Result":
        """Return the result of a dry run: what it created is gone after its transaction."""
        return self._replace(outcome=None)

    @property
    def activation_id(self) -> int | None:
        """Id of the activation in the outcome; None without one."""
        return getattr(self.outcome, "activation_id", None)

    @property
    def previous_id(self) -> int | None:
        """Id of the activation that was moved; None without one."""
        return getattr(self.outcome, "previous_id", None)


class Results(NamedTuple):
    """Result of each item, in their order, and what a dry run would have changed."""

    results: Sequence[Result]
    preview: Preview | None = None

    @property
    def refusals(self) -> list[Refusal]:
        """Every refusal of an item."""
        return [refusal for result in self.results for refusal in result.refusals]


def error_among(results: Sequence[Result], error: ApiError, key: str | None) -> ApiError:
    """Return the error for all items when this one ended them, after those that have results.

    What it says of its item is not true of those that were done before. What they changed is not shown, because the
    viewer may have lost the rights to read it.
    """
    done = [result.item_index for result in results if result.status is BulkStatus.DONE]
    if not done:
        return error
    match error:
        case ChangeTimedOut(seconds=seconds):
            error = AnswerTimedOut(seconds)
        case NotChanged():
            error = OutcomeUnknown() if key is None else KeyedOutcomeUnknown()
        case Forbidden(missing=missing):
            error = ForbiddenAmongItems(missing)
        case Unauthenticated():
            error = SignedOutAmongItems()
    error.extensions |= {"outcome": "UNKNOWN", "itemsDone": done}
    return error
