"""Charges of requests: what is given back when the answer is known, and the headers that say what is left."""

from collections.abc import Sequence

from graphql import OperationType

from resolvers.rates import Charge
from server.graphql.operations import Answer
from server.http.bodies import Json
from server.http.headers import Header

_FEW = 10
"""Points that are not worth counting what an answer has."""


def settle(charge: Charge | None, answer: Answer, body: Json) -> Sequence[Header]:
    """Give back the points that the answer's operation has not used, and return the headers."""
    if charge is None:
        return ()
    operation = answer.operation
    if not answer.executed:
        charge.cancel()
    elif charge.spent > _FEW and operation is not None and operation.ast.operation is OperationType.QUERY:
        if answer.body.get("data") is None and "UNAVAILABLE" in answer.codes:
            charge.cancel()
        else:
            # An object begins with a brace; a text that has one too lets less be given back.
            charge.settle(body.count(b"{"))
    return charge.headers()


def cancel(charge: Charge | None) -> Sequence[Header]:
    """Give back the points of an operation that was not executed, and return the headers."""
    if charge is None:
        return ()
    charge.cancel()
    return charge.headers()
