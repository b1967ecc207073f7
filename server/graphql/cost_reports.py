"""What an answer says about its cost, if the caller asks by the header `GraphQL-Cost: report`."""

from typing import Any

from resolvers.rates import Account

HEADER = b"graphql-cost"
REPORT = "report"
"""Value of the header, as Hot Chocolate's servers have it."""


def wanted(values: list[str]) -> bool:
    """Return whether the values of the header ask for a report."""
    return any(value.strip().lower() == REPORT for value in values)


def report(requested: int, limit: int, account: Account | None = None) -> dict[str, Any]:
    """Return the value of `extensions.cost`, in points, with what the caller has left."""
    found: dict[str, Any] = {"requested": requested, "limit": limit}
    if account is not None:
        limit_of_rate = account.limit
        found |= {
            "capacity": limit_of_rate.points,
            "remaining": account.remaining,
            "restoreRate": limit_of_rate.per_second,
        }
    return found
