"""What is kept of a refused document keeps nothing of the requests that sent it."""

import gc
from dataclasses import replace
from itertools import count

import pytest

from resolvers.context import Context
from server.graphql.operation_requests import OperationRequest
from server.http.headers import Headers
from tests.api import Api

OF_A_REQUEST = (Context, OperationRequest, Headers)

_numbers = count()

REFUSED = {
    "no text": "",
    "a wrong syntax": "{ clients { x",
    "a wrong escape": r'{ client(id: "\q") { id } }',
    "a text without an end": '{ client(id: "a) { id } }',
    "a wrong literal": '{ clients(first: "a") { totalCount } }',
    "a wrong literal of a public field": "{ viewer { role(a: 1.5) } __type(name: 1.5) { name } }",
    "a wrong id": "{ node(id: 1.5) { id } }",
    "a wrong time": '{ clients(filter: { registeredAt: { from: "a" } }) { totalCount } }',
    "an unknown value of an enum": "{ clients(sort: { by: NOPE }) { totalCount } }",
    "a wrong default": 'query ($first: Int = "a") { clients(first: $first) { totalCount } }',
    "an unknown field": "{ clients { nodes { nam } } }",
    "an unknown argument": "{ clients(frist: 1) { totalCount } }",
    "too deep": "{ a" * 200 + " }" * 200,
    "too many fields": "{" + "viewer { role } " * 400 + "}",
    "fragments that never end": "{ ...A } fragment A on Query { ...A }",
    "a directive with a wrong condition": "{ clients @include(if: 1) { totalCount } }",
}
"""Texts with an error, by what is wrong."""

EXECUTED = {
    "a wrong variable": "query ($first: Int) { clients(first: $first) { totalCount } }",
    "a wrong condition": "query ($first: Boolean!) { clients @include(if: $first) { totalCount } }",
    "a variable of no type": "query ($first: Client) { clients { totalCount } }",
    "a wrong cursor": '{ clients(after: "a") { totalCount } }',
}
"""Texts whose variables or execution have an error."""


def _of_requests() -> list[object]:
    return [each for each in gc.get_objects() if type(each) in OF_A_REQUEST]


@pytest.mark.parametrize("signed_in", [True, False], ids=["with a token", "without one"])
@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
async def test_the_error_of_a_document_keeps_nothing_of_its_request(api: Api, query: str, signed_in: object) -> None:
    caller = api if signed_in else replace(api, token=None)
    # Each text is a new one, which no test before has had prepared.
    text = f"{query} # {next(_numbers)}"
    gc.freeze()

    answer = await caller.post(text)

    assert answer["errors"]
    assert _of_requests() == []


@pytest.mark.parametrize("query", EXECUTED.values(), ids=EXECUTED)
async def test_no_plan_keeps_anything_of_a_request_that_failed(api: Api, query: str) -> None:
    text = f"{query} # {next(_numbers)}"
    gc.freeze()

    # Some things of a plan are made when it is used again.
    answers = [await api.post(text, first="a") for _ in range(3)]

    assert all(answer["errors"] for answer in answers)
    # An error refers to the frames that refer to it.
    gc.collect()
    assert _of_requests() == []
