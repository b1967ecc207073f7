"""Media type, status and language of an answer."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest

from db.engine import Database
from domain.access import Permission
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.api import Api, transport
from tests.server.conftest import Caller, sign_up
from tests.server.requests import ANSWERED, VIEWER, ask, code

NEWER = {"Accept": "application/graphql-response+json"}
PLAIN = {"Accept": "application/json"}
PARTIAL = "query ($id: ID!) { viewer { role } client(id: $id) { activations(first: 1000) { totalCount } } }"
SIGN_IN = 'mutation { signIn(input: {email: "%s", password: "wrong"}) { userErrors { code } } }'


@pytest.fixture
async def newest(portal: Portal, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP client of the same portal, with the statuses of the first edition of GraphQL over HTTP."""
    app = create_app(portal, settings.model_copy(update={"status_codes": "2026"}))
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        yield http


@pytest.mark.parametrize(("language", "begins"), [("", "O CNPJ deve ter"), ("en-GB, pt;q=0.5", "The CNPJ must")])
async def test_messages_are_in_the_language_that_the_caller_prefers(
    http: httpx.AsyncClient, caller: Caller, language: str, begins: str
) -> None:
    query = 'mutation { registerClient(input: {cnpj: "1", name: "A"}) { userErrors { message } } }'

    answer = await ask(http, query, {"Accept-Language": language, **caller.headers})

    said = answer.json()["data"]["registerClient"]["userErrors"][0]["message"]
    assert said.startswith(begins)


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


@pytest.mark.usefixtures("clock")
async def test_a_sign_in_too_many_says_when_to_try_again(http: httpx.AsyncClient) -> None:
    unknown = SIGN_IN % "unknown@limits.example"

    answers = [await ask(http, unknown, NEWER) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 5 + [HTTPStatus.TOO_MANY_REQUESTS]
    assert code(answers[-1]) == "RATE_LIMITED"
    assert answers[-1].headers["retry-after"] == "60"


async def test_a_database_out_of_reach_says_when_to_try_again(
    http: httpx.AsyncClient, portal: Portal, caller: Caller
) -> None:
    await ask(http, VIEWER, caller.headers)
    working, portal.database = portal.database, Database("postgresql+asyncpg://portal@127.0.0.1:1/portal")

    newer = await ask(http, "{ products { id } }", {**NEWER, **caller.headers})
    plain = await ask(http, "{ products { id } }", {**PLAIN, **caller.headers})

    portal.database = working
    assert (newer.status_code, plain.status_code) == (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK)
    assert code(newer) == code(plain) == "UNAVAILABLE"
    assert newer.headers["retry-after"] == plain.headers["retry-after"] == "1"


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
    ("before", "status"),
    [
        ("a/b, " * 49, HTTPStatus.OK),
        ("a/b, " * 50, HTTPStatus.NOT_ACCEPTABLE),
        (f"a/{'b' * 1_900}, ", HTTPStatus.OK),
        (f"a/b, a/{'b' * 2_000}, ", HTTPStatus.NOT_ACCEPTABLE),
    ],
)
async def test_members_after_fifty_or_two_thousand_characters_are_not_read(
    http: httpx.AsyncClient, caller: Caller, before: str, status: int
) -> None:
    answer = await ask(http, VIEWER, {"Accept": f"{before}application/json", **caller.headers})

    assert answer.status_code == status


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/json;q=0", "application/json; charset=latin-1", "*/*;q=7", "text/event-stream;q=0"],
)
async def test_a_caller_that_accepts_neither_form_is_refused(http: httpx.AsyncClient, accept: str) -> None:
    answer = await ask(http, VIEWER, {"Accept": accept})

    assert (answer.status_code, code(answer)) == (HTTPStatus.NOT_ACCEPTABLE, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"query": "{ viewer { role } }"}', HTTPStatus.OK),
        ("{", HTTPStatus.BAD_REQUEST),
        ("", HTTPStatus.BAD_REQUEST),
        ("[]", HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"qeury": "{ viewer { role } }"}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"query": "{ viewer { role } }", "variables": [7]}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"query": "{ viewer {"}', HTTPStatus.BAD_REQUEST),
        ('{"query": "{ nothing }"}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"query": "{ viewer { role } }", "operationName": "Other"}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"query": "query ($a: Int!) { orderByNumber(number: $a) { id } }"}', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('{"query": "{ clients { totalCount } }"}', HTTPStatus.FORBIDDEN),
    ],
)
async def test_the_first_edition_has_two_statuses_for_unparsed_and_unexecuted_requests(
    newest: httpx.AsyncClient, portal: Portal, body: str, status: HTTPStatus
) -> None:
    caller = await sign_up(portal, chosen=frozenset({Permission.ORDERS_READ}))
    headers = {"Content-Type": "application/json", **caller.headers}

    answer = await newest.post("/graphql", content=body, headers={**headers, **NEWER})
    plain = await newest.post("/graphql", content=body, headers={**headers, **PLAIN})

    assert answer.status_code == status
    assert plain.status_code in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
    assert plain.json() == answer.json()
    assert ("errors" in answer.json()) is (status != HTTPStatus.OK)


async def test_the_first_edition_still_refuses_mutations_by_get_and_other_types(
    newest: httpx.AsyncClient, api: Api
) -> None:
    signed_in = {**NEWER, "Authorization": f"Bearer {api.token}"}
    by_get = await newest.get("/graphql", params={"query": "mutation { __typename }"}, headers=signed_in)
    text = await newest.post("/graphql", content=b"{}", headers={"Content-Type": "text/plain", **NEWER})

    assert (by_get.status_code, by_get.headers["allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "POST")
    assert text.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


async def test_data_beside_errors_is_a_partial_success_in_the_first_edition_only(
    newest: httpx.AsyncClient, api: Api, client: str
) -> None:
    request = {"query": PARTIAL, "variables": {"id": client}}
    headers = {"Authorization": f"Bearer {api.token}"}

    answer = await newest.post("/graphql", json=request, headers={**headers, **NEWER})
    plain = await newest.post("/graphql", json=request, headers={**headers, **PLAIN})
    before = await api.http.post("/graphql", json=request, headers={**headers, **NEWER})

    assert (answer.status_code, plain.status_code, before.status_code) == (294, 200, 200)
    assert answer.json() == plain.json() == before.json()
    assert answer.json()["data"] == {"viewer": {"role": "MANAGER"}, "client": None}
    assert code(answer) == "BAD_USER_INPUT"


@pytest.mark.usefixtures("clock")
async def test_errors_that_leave_no_data_are_a_partial_success_too(newest: httpx.AsyncClient) -> None:
    unknown = SIGN_IN % "unknown@partial.example"

    answers = [await ask(newest, unknown, NEWER) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [294]
    assert answers[-1].json()["data"] is None
    assert answers[-1].headers["retry-after"] == "60"
