"""Charges of requests: what is given back when the answer is known, and the headers that say what is left."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from graphql import OperationType

from domain.errors import UnusableToken
from domain.limits import TooFewPoints
from resolvers.context import Context
from resolvers.rates import Charge
from server.graphql.answer_json import Json
from server.graphql.answers import Answer
from server.http.errors import Rejected
from server.http.headers import Header
from server.rates.limiter import Limiter

E = TypeVar("E", bound=Exception)

_FEW = 10
"""Points that are not worth counting what an answer has."""


def settle(context: Context, answer: Answer, body: Json, *, longest: int) -> None:
    """Give back the points that the operation has not used, by the answer before it is replaced by an error.

    The caller of a query who has gone pays for all of it, as for an answer with more bytes than `longest`, which is not
    complete.
    """
    charge, operation = context.charge, answer.operation
    if charge is None:
        return
    if not answer.executed:
        charge.cancel()
    elif charge.spent > _FEW and operation is not None and operation.ast.operation is OperationType.QUERY:
        has_gone = context.deadline is not None and context.deadline.gone
        if not has_gone and len(body) <= longest:
            # An object begins with a brace; a text that has one too lets less be given back.
            charge.settle(body.count(b"{") if answer.json is None else answer.braces)


def cancel(context: Context | None) -> None:
    """Give back the points of an operation of which nothing was executed."""
    if context is not None and context.charge is not None:
        context.charge.cancel()


async def refused(limiter: Limiter, state: Mapping[str, Any], address: str | None, error: E) -> E | TooFewPoints:
    """Charge a point for a request that is refused before it is known what it asks for, unless it has paid.

    Returns the error, or TooFewPoints in its place.
    """
    if isinstance(error, Rejected | UnusableToken) and _charge_of(state) is None:
        try:
            await limiter.spend(state.get("viewer"), address)
        except TooFewPoints as too_few:
            return too_few
    return error


def headers(limiter: Limiter, state: Mapping[str, Any], address: str | None) -> Sequence[Header]:
    """Return the headers that say what the caller has left."""
    charge = _charge_of(state)
    account = limiter.accounts.of(state.get("viewer"), address) if charge is None else charge.account
    return () if account is None else account.headers()


def _charge_of(state: Mapping[str, Any]) -> Charge | None:
    """Return what a request has paid as far as it came."""
    context: Context | None = state.get("context")
    charge: Charge | None = state.get("charge") if context is None else context.charge
    return charge
