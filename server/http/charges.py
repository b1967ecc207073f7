"""Charges of requests: what is given back when the answer is known, and the headers that say what is left."""

from collections.abc import Sequence

from graphql import OperationType

from resolvers.context import Context
from server.graphql.operations import Answer
from server.http.bodies import Json
from server.http.headers import Header

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
            charge.settle(body.count(b"{"))


def cancel(context: Context | None) -> None:
    """Give back the points of an operation of which nothing was executed."""
    if context is not None and context.charge is not None:
        context.charge.cancel()


def headers(context: Context | None) -> Sequence[Header]:
    """Return the headers that say what the caller has left."""
    return () if context is None or context.charge is None else context.charge.headers()
