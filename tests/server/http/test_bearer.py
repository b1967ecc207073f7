"""Viewer of a request: anonymous, a user with a token, or a bad token, which some operations ignore."""

import json
from datetime import timedelta
from http import HTTPStatus

import httpx
import pytest

from db import access
from domain.access import TokenKind
from resolvers.portal import Portal
from tests.clock import Clock
from tests.server.conftest import Caller, sign_up
from tests.server.requests import ANSWERED, STOCK, VIEWER, ask, code
from tests.units import writing


async def test_a_caller_without_a_token_is_not_signed_in(http: httpx.AsyncClient) -> None:
    answer = await ask(http, VIEWER, {})

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"data": {"viewer": None}})


BAD = ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer ç", "Bearer ppt_unknown", f"Bearer {'a' * 600}"]
NOT_PUBLIC = [
    STOCK,
    "{ __schema { queryType { name } } viewer { role } }",
    "{ viewer { role } products { id } }",
    "{ ...A } fragment A on Query { viewer { role } ... { orders { totalCount } } }",
    "mutation { renewSession { token } }",
    # The operation of these is unknown.
    "{",
    "{ nothing }",
    "query A { viewer { role } } query B { viewer { role } }",
    "mutation { signOut { signedOut } again: signOut { signedOut } }",
]
PUBLIC = {
    "{ __typename }": {"__typename": "Query"},
    "{ viewer { role apiTokens { id } } }": {"viewer": None},
    "{ ...A } fragment A on Query { viewer { role } }": {"viewer": None},
    "mutation { signOut { signedOut } }": {"signOut": {"signedOut": False}},
    'mutation { __typename signIn(input: {email: "a@b.example", password: "a"}) { token } }': {
        "__typename": "Mutation",
        "signIn": {"token": None},
    },
}


@pytest.mark.edge
@pytest.mark.parametrize("authorization", BAD)
@pytest.mark.parametrize("body", [*(json.dumps({"query": query}) for query in NOT_PUBLIC), "5", "", "{"])
async def test_a_bad_token_is_401_whatever_else_is_wrong(
    http: httpx.AsyncClient, authorization: str, body: str
) -> None:
    headers = {b"Authorization": authorization.encode(), b"Content-Type": b"application/json"}

    answer = await http.post("/graphql", content=body, headers=headers)

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "data" not in answer.json()


@pytest.mark.parametrize("header", ["Content-Type", "Accept", "Content-Encoding"])
async def test_a_bad_token_is_401_before_any_other_header(http: httpx.AsyncClient, header: str) -> None:
    headers = {"Authorization": "Bearer ppt_unknown", header: "text/plain"}

    answer = await ask(http, VIEWER, headers)

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")


@pytest.mark.parametrize("authorization", BAD)
@pytest.mark.parametrize("query", PUBLIC)
async def test_an_operation_that_needs_no_token_ignores_a_bad_one(
    http: httpx.AsyncClient, authorization: str, query: str
) -> None:
    headers = {b"Authorization": authorization.encode(), b"Content-Type": b"application/json"}

    answer = await http.post("/graphql", content=json.dumps({"query": query}), headers=headers)

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"data": PUBLIC[query]})


async def test_invalid_variables_of_a_sign_in_are_reported_despite_a_bad_token(
    http: httpx.AsyncClient,
) -> None:
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"

    answer = await ask(http, query, {"Authorization": "Bearer ppt_unknown"})

    assert (answer.status_code, code(answer)) == (HTTPStatus.OK, "BAD_USER_INPUT")


async def test_a_mutation_by_get_is_401_for_a_bad_token(http: httpx.AsyncClient) -> None:
    parameters = {"query": 'mutation { registerClient(input: {name: "a", cnpj: "a"}) { client { id } } }'}

    answer = await http.get("/graphql", params=parameters, headers={"Authorization": "Bearer ppt_unknown"})

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")


async def test_the_challenge_says_that_the_token_is_invalid(http: httpx.AsyncClient) -> None:
    answer = await ask(http, STOCK, {"Authorization": "Bearer ppt_unknown"})

    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_two_tokens_are_as_bad_as_none_that_is_good(http: httpx.AsyncClient, caller: Caller) -> None:
    headers = [("Authorization", f"Bearer {caller.secret}")] * 2

    answer = await http.post("/graphql", json={"query": STOCK}, headers=headers)

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")


async def test_the_scheme_of_a_token_is_read_in_any_case(http: httpx.AsyncClient, caller: Caller) -> None:
    answer = await ask(http, VIEWER, {"Authorization": f"bearer {caller.secret}"})

    assert answer.json() == ANSWERED


async def test_a_token_is_401_once_it_has_expired(http: httpx.AsyncClient, portal: Portal, clock: Clock) -> None:
    caller = await sign_up(portal, expires_at=clock.now + timedelta(seconds=3))
    before = await ask(http, STOCK, caller.headers)

    clock.forward(seconds=3)
    after = await ask(http, STOCK, caller.headers)

    assert (before.status_code, after.status_code) == (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)


async def test_a_token_that_another_process_revoked_is_401_within_five_seconds(
    http: httpx.AsyncClient, portal: Portal, caller: Caller, clock: Clock
) -> None:
    await ask(http, STOCK, caller.headers)
    async with writing(portal.database) as tx:
        await access.revoke(tx, caller.partner_id, caller.token_id, TokenKind.API, at=clock.now)

    clock.forward(seconds=5)
    answer = await ask(http, STOCK, caller.headers)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED


async def test_a_revoked_token_ends_in_time_though_the_clock_is_set_back(
    http: httpx.AsyncClient, portal: Portal, caller: Caller, clock: Clock
) -> None:
    await ask(http, STOCK, caller.headers)
    async with writing(portal.database) as tx:
        await access.revoke(tx, caller.partner_id, caller.token_id, TokenKind.API, at=clock.now)

    clock.set_back(hours=1)
    clock.forward(seconds=4)
    before = await ask(http, STOCK, caller.headers)
    clock.forward(seconds=1)
    after = await ask(http, STOCK, caller.headers)

    assert (before.status_code, after.status_code) == (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)
