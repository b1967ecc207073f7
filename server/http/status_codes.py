"""Statuses of answers in application/graphql-response+json, by edition of the specification.

"2025" is GraphQL over HTTP as its drafts and its audit suite had it: a request that can't be executed is 400. "2026" is
the first edition, of September 2026: 400 is for a request that can't be parsed, JSON or document, 422 for one that is
parsed and can't be executed, and 294, “partial success”, for an answer with data and errors.
"""

from http import HTTPStatus
from typing import Literal

from server.graphql.answers import Answer
from server.http.errors import STATUSES, Malformed, Rejected

Edition = Literal["2025", "2026"]

PARTIAL_SUCCESS = 294


def of_answer(answer: Answer, edition: Edition) -> int:
    """Return the status of an answer."""
    if edition == "2026":
        if answer.executed:
            return PARTIAL_SUCCESS if answer.codes else HTTPStatus.OK
        otherwise = HTTPStatus.UNPROCESSABLE_ENTITY if answer.parsed else HTTPStatus.BAD_REQUEST
    else:
        if answer.body.get("data") is not None:
            return HTTPStatus.OK
        # Without any data, monitors and load balancers need the status of the cause, although something was executed.
        otherwise = HTTPStatus.OK if answer.executed else HTTPStatus.BAD_REQUEST
    return next((status for code, status in STATUSES.items() if code in answer.codes), otherwise)


def of_rejected(rejected: Rejected, edition: Edition) -> int:
    """Return the status of a refused request."""
    if edition == "2026" and isinstance(rejected, Malformed):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return rejected.status
