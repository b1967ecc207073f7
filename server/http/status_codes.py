"""The statuses of answers in the form application/graphql-response+json, by the edition that the portal goes by.

"2025" is the GraphQL over HTTP specification as its drafts had it until then, and as its audit suite has it: what can't
be executed is 400. "2026" is its first edition, of September 2026: 400 is for what can't be parsed, JSON or document,
422 for what is parsed and can't be executed, and 294, “partial success”, for an answer with data and errors.
"""

from http import HTTPStatus
from typing import Literal

from server.graphql.operations import Answer
from server.http.errors import STATUSES, Malformed, Rejected

Edition = Literal["2025", "2026"]

PARTIAL_SUCCESS = 294


def of_answer(answer: Answer, edition: Edition) -> int:
    """The status of what a request was answered with."""
    if edition == "2026":
        if answer.executed:
            return PARTIAL_SUCCESS if answer.codes else HTTPStatus.OK
        otherwise = HTTPStatus.UNPROCESSABLE_ENTITY if answer.parsed else HTTPStatus.BAD_REQUEST
    else:
        if answer.body.get("data") is not None:
            return HTTPStatus.OK
        # Without any data, whoever watches or balances servers is told why, although something was executed.
        otherwise = HTTPStatus.OK if answer.executed else HTTPStatus.BAD_REQUEST
    return next((status for code, status in STATUSES.items() if code in answer.codes), otherwise)


def of_rejected(rejected: Rejected, edition: Edition) -> int:
    """The status of a request that was turned away."""
    if edition == "2026" and isinstance(rejected, Malformed):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return rejected.status
