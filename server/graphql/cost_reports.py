"""What an answer says about its cost, if the caller asks by the header `GraphQL-Cost: report`."""

from collections.abc import Callable
from typing import Any, NamedTuple

from resolvers.context import Context

HEADER = b"graphql-cost"
REPORT = "report"
"""Value of the header, as Hot Chocolate's servers have it."""


class RateBudget(NamedTuple):
    """Points that a caller may still use: at most `limit`, restored by `restore_rate` a second."""

    limit: int
    remaining: int
    restore_rate: float


BudgetOf = Callable[[Context], RateBudget | None]
"""Returns the budget of a request's caller, after the request was counted; None if it has none."""


def wanted(values: list[str]) -> bool:
    """Return whether the values of the header ask for a report."""
    return any(value.strip().lower() == REPORT for value in values)


def report(requested: int, limit: int, budget: RateBudget | None = None) -> dict[str, Any]:
    """Return the value of `extensions.cost`, in points."""
    found: dict[str, Any] = {"requested": requested, "limit": limit}
    if budget is not None:
        found |= {"capacity": budget.limit, "remaining": budget.remaining, "restoreRate": budget.restore_rate}
    return found
