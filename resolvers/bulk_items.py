"""Items of a bulk mutation: those of its input, or those that a filter finds."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from db.engine import Connection
from domain.bulk import BulkMode
from domain.refusals import IdempotencyConflict, Path, Refusal
from resolvers.context import Context
from resolvers.mutations import Work

Given = TypeVar("Given", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True)
class Entry(Generic[Given]):
    """Item of a bulk input, and its path there; without a use case's input, its form is refused.

    A `lone` item is a value without fields, whose path every refusal of it has.
    """

    path: Path
    given: Given | None
    refusals: Sequence[Refusal] = ()
    lone: bool = False

    def refused(self, refusal: Refusal) -> Refusal:
        """Return a refusal of the use case with its path in the bulk input."""
        if not isinstance(refusal, IdempotencyConflict):
            refusal.path = self.path if self.lone else (*self.path, *refusal.path)
        return refusal


@dataclass(frozen=True, slots=True)
class Bulk(Generic[Given]):
    """Items to do, and how; by a filter, `found` are the arguments of what finds them."""

    entries: Sequence[Entry[Given]]
    mode: BulkMode
    found: tuple[Any, ...] | None = None


class Found(NamedTuple):
    """Ids of the objects that a filter matches."""

    ids: list[int]


class Sought(NamedTuple):
    """Arguments of a filter, and the ids of the objects that it matched before the transaction."""

    given: Any
    ids: Sequence[int]


class Filtered(NamedTuple):
    """How a bulk mutation finds its items by a filter.

    The search is a read, since it may look at all rows of a partner; the transaction looks at what was found only.
    """

    search: Callable[[Context, Connection, int, Any], Awaitable[list[int]]]
    """Returns the ids that match; raises the refusals of the filter."""

    still: Callable[[Work, Any, Sequence[int]], Awaitable[list[int]]]
    """Locks the objects with these ids, and returns those that match now."""

    entry: Callable[[Any, int], Entry[Any]]
    """Makes the item of an object."""

    changed: Callable[[int, int], Refusal]
    """Makes the refusal from the numbers of objects that were expected and that match now."""
