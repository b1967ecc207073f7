"""The form, the status and the language of an answer."""

from http import HTTPStatus

import httpx
import pytest

from domain.access import Permission
from resolvers.portal import Portal
from tests.server.conftest import Caller, sign_up
from tests.server.requests import ANSWERED, VIEWER, ask, code

NEWER = {"Accept": "application/graphql-response+json"}


@pytest.mark.parametrize(("language", "message_begins"), [("", "O CNPJ deve ter"), ("en-GB, pt;q=0.5", "A CNPJ has")])
async def test_messages_are_in_the_language_that_the_caller_prefers(
    http: httpx.AsyncClient, caller: Caller, language: str, message_begins: str
) -> None:
    query = 'mutation { registerClient(input: {cnpj: "1", name: "A"}) { userErrors { message } } }'

    answer = await ask(http, query, {"Accept-Language": language, **caller.headers})

    said = answer.json()["data"]["registerClient"]["userErrors"][0]["message"]
    assert said.startswith(message_begins)


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        (VIEWER, HTTPStatus.OK, None),
        ("{ orderByNumber(number: 1) { id } }", HTTPStatus.OK, None),
        ("{ viewer {", HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT"),
        ("{ nothing }", HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT"),
        ("query ($a: Int!) { orderByNumber(number: $a) { id } }", HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT"),
        ("{ clients { totalCount } }", HTTPStatus.FORBIDDEN, "FORBIDDEN"),
    ],
)
async def test_the_newer_form_has_a_status_that_says_how_the_request_went(
    http: httpx.AsyncClient, portal: Portal, query: str, status: HTTPStatus, expected: str | None
) -> None:
    caller = await sign_up(portal, chosen=frozenset({Permission.ORDERS_READ}))

    newer = await ask(http, query, {**NEWER, **caller.headers})
    plain = await ask(http, query, caller.headers)

    assert newer.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert newer.status_code == status
    assert expected is None or code(newer) == expected
    assert (plain.status_code, plain.json()) == (HTTPStatus.OK, newer.json())


async def test_the_newer_form_asks_for_a_token_by_status(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "{ orderByNumber(number: 1) { id } }", NEWER)

    assert (answer.status_code, code(answer)) == (HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_sign_in_too_many_says_when_to_try_again(http: httpx.AsyncClient) -> None:
    query = 'mutation { signIn(input: {email: "%s", password: "wrong"}) { userErrors { code } } }'
    unknown = query % "nobody@limits.example"

    answers = [await ask(http, unknown, NEWER) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 5 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert code(answers[-1]) == "RATE_LIMITED"
    assert answers[-1].headers["retry-after"] == "60"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("application/json", "application/json"),
        ("application/json; charset=utf-8", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, application/json", "application/graphql-response+json"),
        ("application/json, application/graphql-response+json", "application/graphql-response+json"),
        ("application/graphql-response+json, */*", "application/graphql-response+json"),
        ("application/graphql-response+json;q=0.5, application/json;q=0.9", "application/json"),
        ("application/json;q=0.5, application/graphql-response+json;q=0.9", "application/graphql-response+json"),
        ("application/graphql-response+json;q=0, */*", "application/json"),
        ("application/json;q=high, */*;q=0.1", "application/graphql-response+json"),
    ],
)
async def test_the_answer_has_the_form_that_the_caller_likes_best(
    http: httpx.AsyncClient, caller: Caller, accept: str | None, form: str
) -> None:
    http.headers.pop("accept")

    answer = await ask(http, VIEWER, caller.headers if accept is None else {**caller.headers, "Accept": accept})

    assert answer.headers["content-type"] == f"{form}; charset=utf-8"
    assert answer.json() == ANSWERED


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0", "application/json; charset=latin-1", "*/*;q=7", "text/event-stream"]
)
async def test_a_caller_that_accepts_neither_form_is_told_so(http: httpx.AsyncClient, accept: str) -> None:
    answer = await ask(http, VIEWER, {"Accept": accept})

    assert (answer.status_code, code(answer)) == (HTTPStatus.NOT_ACCEPTABLE, "BAD_USER_INPUT")
