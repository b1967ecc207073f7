"""Prices of operations: the points, objects and values of one with certain values of its variables."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from graphql import OperationType

from domain.limits import CostExceeded
from schema import weights
from server.graphql import cost_terms
from server.graphql.cost_terms import Term, Variables

OBJECTS_MAX = 50_000
VALUES_MAX = 1_000_000
SMALL_SIZE = 10_000
"""Maximum size of a small operation, which runs outside of the budget of large ones."""

SMALL_POINTS = 500
"""Maximum points of a small query: one that reads much is a large one too, though it selects few objects."""

SHORT_POINTS = 50
"""Maximum points of a short query, which runs without pauses: about 5 ms of processor time."""

_FEW = 10
"""Points of a query that are not worth counting what its answer has."""

_PRICES_MAX = 8
"""Prices that a count keeps: most callers ask for pages of few sizes."""


class Figures(NamedTuple):
    """Number of objects and values that an operation can select."""

    objects: int
    values: int

    @property
    def size(self) -> int:
        """Return the sum of objects and values."""
        return self.objects + self.values

    def complaint(self) -> CostExceeded | None:
        """Return the error of figures that exceed a limit; None if they don't."""
        if self.objects > OBJECTS_MAX:
            message = (
                f"This operation could select {written(self.objects)} objects, and may select at most "
                f"{OBJECTS_MAX:,}. Ask for fewer by “first” or “last”, or nest fewer lists."
            )
            return CostExceeded(message, objects=min(self.objects, cost_terms.SATURATED), maxObjects=OBJECTS_MAX)
        if self.values > VALUES_MAX:
            message = (
                f"This operation could select {written(self.values)} values, and may select at most {VALUES_MAX:,}. "
                "Select fewer fields, or ask for fewer objects by “first” or “last”."
            )
            return CostExceeded(message, values=min(self.values, cost_terms.SATURATED), maxValues=VALUES_MAX)
        return None


@dataclass(frozen=True, slots=True)
class Price:
    """What an operation costs with certain values of its variables: points, at least one, and figures."""

    points: int
    figures: Figures
    objects: int
    """Objects by which points are given back if fewer are returned; 0 of what is not given back."""
    may_wait: bool
    """Whether it is large or a subscription: it may be refused after it was paid, and gets all back then."""


class Prices:
    """Prices of a count, kept by what they depend on: numbers, and whether there is a text, whatever it says."""

    __slots__ = ("_kept", "_kind", "_names", "_objects", "_parts", "_values")

    def __init__(self, objects: Term, values: Term, parts: Term, kind: OperationType) -> None:
        self._objects, self._values, self._parts, self._kind = objects, values, parts, kind
        self._names: Sequence[str] | None = None
        """Names of the variables that the prices depend on; None before the first one."""
        self._kept: dict[Hashable, Price] = {}

    def of(self, variables: Variables) -> Price:
        """Return the price for the values of the variables."""
        names = self._names
        if names is None:
            recorder = cost_terms.Recorder(variables)
            first = self._counted(recorder)
            self._names = tuple(recorder.names)
            return first
        key = tuple([str if type(value := variables.get(name)) is str else value for name in names])
        try:
            found = self._kept.get(key)
        except TypeError:
            # Lists and input objects can't be keys.
            return self._counted(variables)
        if found is None:
            if len(self._kept) >= _PRICES_MAX:
                self._kept.clear()
            found = self._kept[key] = self._counted(variables)
        return found

    def _counted(self, variables: Variables) -> Price:
        figures = Figures(self._objects.of(variables), self._values.of(variables))
        points, kind = points_of(self._parts.of(variables)), self._kind
        objects = figures.objects if kind is OperationType.QUERY and points > _FEW else 0
        is_large = figures.size > SMALL_SIZE or (kind is OperationType.QUERY and points > SMALL_POINTS)
        return Price(points, figures, objects, kind is OperationType.SUBSCRIPTION or is_large)


def points_of(parts: int) -> int:
    """Return the points of so many parts, rounded up; no operation is free."""
    return max(1, -(-parts // weights.PARTS))


def written(number: int) -> str:
    """Return a number as a message has it."""
    return f"{number:,}" if number < cost_terms.SATURATED else f"more than {cost_terms.SATURATED - 1:,}"
