"""Charges of requests that are refused, and the headers that say what is left."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from domain.errors import UnusableToken
from domain.limits import TooFewPoints
from resolvers.context import Context
from resolvers.rates import Account
from server.http.errors import Rejected
from server.http.headers import Header
from server.rates.limiter import Limiter

FREE_BYTES = 10_000
"""Number of bytes that are parsed without a charge."""

_BYTES_OF_A_POINT = 2_000

E = TypeVar("E", bound=Exception)


def cancel(context: Context | None) -> None:
    """Give back the points of an operation of which nothing was executed."""
    if context is not None and context.charge is not None:
        context.charge.cancel()


async def parse(limiter: Limiter, context: Context, size: int) -> None:
    """Charge for parsing a body or a message of so many bytes; raise TooFewPoints if the caller has too few left.

    A point is 0.1 ms, in which 1 to 20 KB of JSON are parsed: 1 KB of empty lists, and 20 KB of numbers.
    """
    if size >= FREE_BYTES + _BYTES_OF_A_POINT:
        context.parsing = (size - FREE_BYTES) // _BYTES_OF_A_POINT
        await limiter.charge_work(context, context.parsing)


async def refused(limiter: Limiter, state: Mapping[str, Any], address: str | None, error: E) -> E | TooFewPoints:
    """Charge a point for a request that is refused before it is known what it asks for, unless it has paid.

    Returns the error, or TooFewPoints in its place.
    """
    if isinstance(error, Rejected | UnusableToken) and _account_of(state) is None:
        try:
            await limiter.spend(state.get("viewer"), address)
        except TooFewPoints as too_few:
            return too_few
    return error


def headers(limiter: Limiter, state: Mapping[str, Any], address: str | None) -> Sequence[Header]:
    """Return the headers that say what the caller has left."""
    account = _account_of(state) or limiter.accounts.of(state.get("viewer"), address)
    return () if account is None else account.headers()


def _account_of(state: Mapping[str, Any]) -> Account | None:
    """Return the account that has paid for a request as far as it came."""
    context: Context | None = state.get("context")
    return None if context is None else context.account
