"""Who sends a request: nobody, a user with a token, or somebody with a bad one."""

from datetime import timedelta
from http import HTTPStatus

import httpx
import pytest

from db import access
from domain.access import TokenKind
from resolvers.portal import Portal
from tests.clock import Clock
from tests.server.conftest import Caller, sign_up
from tests.server.requests import ANSWERED, VIEWER, ask, code


async def test_nobody_is_signed_in_without_a_token(http: httpx.AsyncClient) -> None:
    answer = await ask(http, VIEWER, {})

    assert (answer.status_code, answer.json()) == (HTTPStatus.OK, {"data": {"viewer": None}})


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer ç", "Bearer ppt_unknown", f"Bearer {'a' * 600}"],
)
@pytest.mark.parametrize("body", [f'{{"query": "{VIEWER}"}}', "5"])
async def test_a_bad_token_is_401_before_the_body_is_read(
    http: httpx.AsyncClient, authorization: str, body: str
) -> None:
    answer = await http.post("/graphql", content=body, headers={b"Authorization": authorization.encode()})

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "data" not in answer.json()


async def test_a_client_is_told_that_it_is_the_token_that_is_bad(http: httpx.AsyncClient) -> None:
    answer = await ask(http, VIEWER, {"Authorization": "Bearer ppt_unknown"})

    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_two_tokens_are_as_bad_as_none_that_is_good(http: httpx.AsyncClient, caller: Caller) -> None:
    headers = [("Authorization", f"Bearer {caller.secret}")] * 2

    answer = await http.post("/graphql", json={"query": VIEWER}, headers=headers)

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")


async def test_the_scheme_of_a_token_is_read_in_any_case(http: httpx.AsyncClient, caller: Caller) -> None:
    answer = await ask(http, VIEWER, {"Authorization": f"bearer {caller.secret}"})

    assert answer.json() == ANSWERED


async def test_a_token_is_401_once_it_has_expired(http: httpx.AsyncClient, portal: Portal, clock: Clock) -> None:
    caller = await sign_up(portal, expires_at=clock.now + timedelta(seconds=3))
    before = await ask(http, VIEWER, caller.headers)

    clock.forward(seconds=3)
    after = await ask(http, VIEWER, caller.headers)

    assert (before.status_code, after.status_code) == (HTTPStatus.OK, HTTPStatus.UNAUTHORIZED)


async def test_a_token_that_another_process_revoked_is_401_within_five_seconds(
    http: httpx.AsyncClient, portal: Portal, caller: Caller, clock: Clock
) -> None:
    await ask(http, VIEWER, caller.headers)
    async with portal.database.write() as tx:
        await access.revoke(tx, caller.partner_id, caller.token_id, TokenKind.API, at=clock.now)

    clock.forward(seconds=5)
    answer = await ask(http, VIEWER, caller.headers)

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
