"""Terms: numbers that depend on an operation's variables, with their bounds."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

SATURATED = 2**31 - 1
"""Maximum of a bound: GraphQL's highest Int."""

Variables = Mapping[str, Any]
"""Coerced values of an operation's variables."""


class Term(NamedTuple):
    """Number between two bounds; `of` computes it for a request, and is not called if the bounds are equal."""

    lowest: int
    highest: int
    of: Callable[[Variables], int]

    @property
    def constant(self) -> bool:
        """Return whether no variable changes the number."""
        return self.lowest == self.highest


class Recorder(Mapping[str, Any]):
    """Values of variables, which notes the names of those that a term reads: it reads the same ones each time."""

    def __init__(self, variables: Variables) -> None:
        """Take the values."""
        self._variables = variables
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 — of any type.
        """Return a value, and note its name."""
        self.names.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names of all values."""
        return iter(self._variables)

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self._variables)


def constant(number: int) -> Term:
    """Return a number that no variable changes."""
    bounded = min(number, SATURATED)
    return Term(bounded, bounded, lambda _: bounded)


def varying(lowest: int, highest: int, of: Callable[[Variables], int]) -> Term:
    """Return a number that a request's variables decide, clamped to its bounds."""
    return Term(lowest, highest, lambda variables: max(lowest, min(highest, of(variables))))


def total(terms: Iterable[Term]) -> Term:
    """Return the sum of the terms."""
    fixed, others = _parted(terms)
    number = sum(fixed)
    if not others:
        return constant(number)
    return Term(
        min(number + sum(each.lowest for each in others), SATURATED),
        min(number + sum(each.highest for each in others), SATURATED),
        lambda variables: number + sum(each.of(variables) for each in others),
    )


def product(one: Term, other: Term) -> Term:
    """Return the product of the terms."""
    if one.constant and other.constant:
        return constant(one.lowest * other.lowest)
    return Term(
        min(one.lowest * other.lowest, SATURATED),
        min(one.highest * other.highest, SATURATED),
        lambda variables: one.of(variables) * other.of(variables),
    )


def largest(terms: Iterable[Term]) -> Term:
    """Return the largest of the terms; 0 if there are none."""
    fixed, others = _parted(terms)
    number = max(fixed, default=0)
    others = [each for each in others if each.highest > number]
    if not others:
        return constant(number)
    return Term(
        max(number, *(each.lowest for each in others)),
        max(each.highest for each in others),
        lambda variables: max(number, *(each.of(variables) for each in others)),
    )


def _parted(terms: Iterable[Term]) -> tuple[list[int], list[Term]]:
    fixed: list[int] = []
    others: list[Term] = []
    for term in terms:
        if term.constant:
            fixed.append(term.lowest)
        else:
            others.append(term)
    return fixed, others
