"""Log lines of requests, with viewer, operation and outcome, and of sign-ins."""

import asyncio
from http import HTTPStatus
from json import loads
from uuid import uuid4

import httpx
import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from db.engine import Database
from resolvers.passwords import hash_password
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.api import Api
from tests.factories import new_caller, new_partner, new_product
from tests.server.conftest import Caller, sign_up
from tests.server.log import Line, Log
from tests.server.requests import VIEWER, ask

SECRET = "geheim"
CALLER = "192.0.2.7"
REGISTER = """mutation Register($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"
SIGN_IN_WRONGLY = 'mutation { signIn(input: {email: "unknown@alfa.example", password: "x"}) { token } }'
CLIENT_BY_ID = "query ($id: ID!) { client(id: $id) { name } }"
SEARCH = '{ clients(filter: {search: "padaria"}) { totalCount nodes { name activations { nodes { id } } } } }'


@pytest.fixture(autouse=True)
def _from_one_address(http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http._transport, "client", (CALLER, 50_000))  # noqa: SLF001 — httpx shows it by no other name.


async def asked(log: Log, api: Api, query: str, **variables: object) -> Line:
    """Return the log line of a request."""
    log.read()
    await api.post(query, **variables)
    return only(log, "request")


def only(log: Log, event: str) -> Line:
    (line,) = [line for line in log.lines() if line["event"] == event]
    return line


async def test_a_request_is_one_line_with_viewer_and_operation_without_values(
    http: httpx.AsyncClient, caller: Caller, log: Log
) -> None:
    query = 'query Mine($name: String) { clients(filter: {name: $name, ecfSerialNumber: "geheim"}) { totalCount } }'
    parameters = {"query": query, "operationName": "Mine", "variables": f'{{"name": "{SECRET}"}}'}
    headers = {"X-Request-Id": "r-1", **caller.headers}
    await ask(http, VIEWER, headers)
    log.read()

    await http.get("/graphql", params=parameters, headers=headers)

    text = log.read()
    assert SECRET not in text
    assert caller.secret not in text
    [line] = [loads(line) for line in text.splitlines()]
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "portal.http",
        "request_id": "r-1",
        "method": "GET",
        "path": "/graphql",
        "status": 200,
        "client_address": CALLER,
        "partner_id": caller.partner_id,
        "user_id": caller.user_id,
        "token_id": caller.token_id,
        "operation": "Mine",
        "operation_type": "query",
        "statements": 1,
    }


async def test_the_line_says_which_registered_document_was_asked_for(http: httpx.AsyncClient, log: Log) -> None:
    await http.get("/graphql", params={"documentId": "x-spa:Estoque"})
    await http.get("/graphql", params={"documentId": SECRET + " "})

    # The first request also logs the refresh of the registered documents.
    asked = [line.get("document") for line in log.lines() if line["event"] == "request"]
    assert asked == ["x-spa:Estoque", None]


async def test_the_log_names_an_operation_from_its_document(api: Api, log: Log) -> None:
    line = await asked(log, api, "query Names { clients { nodes { name } } }")

    assert (line["operation"], line["operation_type"]) == ("Names", "query")


async def test_a_long_name_of_an_operation_is_cut(api: Api, log: Log) -> None:
    line = await asked(log, api, f"query {'N' * 1000} {{ viewer {{ role }} }}")

    assert line["operation"] == "N" * 100


async def test_the_codes_of_refusals_stand_in_the_line_once_each(api: Api, log: Log) -> None:
    line = await asked(log, api, REGISTER, input={"cnpj": SECRET, "name": "", "state": "XX"})

    assert line["refusals"] == ["INVALID_CNPJ", "INVALID_INPUT"]
    assert "errors" not in line
    assert (line["operation"], line["operation_type"]) == ("Register", "mutation")


@pytest.mark.parametrize(
    ("query", "errors", "operation_type"),
    [
        ("{ viewer }", ["BAD_USER_INPUT"], None),
        ("query Q { client(id: 1.5) { id } }", ["UNAUTHENTICATED"], None),
        ("{ viewer { role } }", None, "query"),
        ("mutation { signOut { signedOut } }", None, "mutation"),
        ("query { licenseStock { available } }", ["UNAUTHENTICATED"], None),
    ],
)
async def test_the_codes_of_errors_stand_in_the_line(
    anonymous: Api, log: Log, query: str, errors: list[str] | None, operation_type: str | None
) -> None:
    line = await asked(log, anonymous, query)

    assert (line.get("errors"), line.get("operation_type")) == (errors, operation_type)
    assert "user_id" not in line


async def test_a_line_names_the_caller_of_a_request_that_is_turned_away(
    http: httpx.AsyncClient, caller: Caller, log: Log
) -> None:
    await http.post("/graphql", content="{}", headers=caller.headers | {"Content-Type": "text/plain"})
    await ask(http, "{ licenseStock { id } }", {"Authorization": f"Bearer ppt_{SECRET}"})

    bad_type, bad_token = log.lines()
    assert (bad_type["user_id"], bad_type["errors"]) == (caller.user_id, ["BAD_USER_INPUT"])
    assert (bad_token["status"], bad_token["errors"]) == (HTTPStatus.UNAUTHORIZED, ["UNAUTHENTICATED"])
    assert "user_id" not in bad_token


async def test_an_answer_that_is_too_long_is_counted_by_its_code(
    portal: Portal, settings: Settings, caller: Caller, log: Log
) -> None:
    app = create_app(portal, settings.model_copy(update={"max_answer_bytes": 1_024}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test") as http:
        await ask(http, "{ __schema { types { name fields { name } } } }", caller.headers)

    assert only(log, "request")["errors"] == ["COST_EXCEEDED"]


async def test_an_unexpected_error_is_counted_as_internal(portal: Portal, settings: Settings, log: Log) -> None:
    transport = httpx.ASGITransport(create_app(portal, settings), client=("::1", 1))
    portal.now = lambda: 1 / 0  # type: ignore[assignment, return-value]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        await ask(http, VIEWER, {"Authorization": f"Bearer ppt_{SECRET}"})

    line = only(log, "request")
    assert (line["status"], line["errors"]) == (HTTPStatus.INTERNAL_SERVER_ERROR, ["INTERNAL"])
    assert line["client_address"] == "::1"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("192.0.2.9:4711", "192.0.2.9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("fe80::9%eth0", "fe80::9"),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.9 OR 1=1", None),
        ("fe80::9%" + "x" * 100, None),
        (SECRET * 100, None),
        (", ,", "127.0.0.1"),
    ],
)
async def test_a_caller_is_named_by_an_address_and_by_nothing_else(
    portal: Portal, settings: Settings, log: Log, forwarded: str, address: str | None
) -> None:
    app = ProxyHeadersMiddleware(create_app(portal, settings))  # type: ignore[arg-type]  # uvicorn has its own types.
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        await ask(http, VIEWER, {"X-Forwarded-For": forwarded})
        await ask(http, SIGN_IN_WRONGLY, {"X-Forwarded-For": forwarded})

    addresses = [line.get("client_address") for line in log.lines()]
    assert addresses == [address] * 3


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_probe_that_succeeds_is_a_line_for_debugging_only(
    http: httpx.AsyncClient, settings: Settings, log: Log, path: str
) -> None:
    await http.get(path)
    quiet = log.lines()
    debugging = Log(settings.model_copy(update={"log_level": "DEBUG"}))
    await http.get(path)

    assert quiet == []
    line = only(debugging, "request")
    assert (line["level"], line["path"], line["status"]) == ("debug", path, 200)


async def test_a_probe_that_fails_is_a_line_at_every_level(settings: Settings, log: Log) -> None:
    portal = Portal(Database("sqlite+aiosqlite:///empty.db"), secret=b"s" * 32)
    transport = httpx.ASGITransport(create_app(portal, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        await http.get("/readyz")
    await portal.database.close()

    assert only(log, "request")["status"] == HTTPStatus.SERVICE_UNAVAILABLE


async def test_a_line_counts_the_statements_of_its_own_request_only(api: Api, log: Log) -> None:
    product = await new_product(api.portal, api.partner_id)
    client = await api.client()
    others = [await new_caller(api.http, api.portal, await new_partner(api.portal)) for _ in range(10)]
    for each in others:
        await each.post("{ viewer { role } }")

    def given() -> dict[str, object]:
        return {"cnpj": cnpjs.another(), "name": "Padaria"}

    kinds = (
        (CLIENT_BY_ID, lambda: {"id": client}),
        (SEARCH, dict),
        (REGISTER, lambda: {"input": given()}),
        ("query ($id: ID!) { licenseStock(productId: $id) { available } }", lambda: {"id": product}),
    )
    alone = {}
    for query, variables in kinds:
        line = await asked(log, api, query, **variables())
        alone[query] = line["statements"]
    log.read()

    # Reads in place, reads in threads and group commits, all at the same time. Changes of one partner would wait for
    # each other, and one that waits for long runs its statements twice.
    reads = [each for each in kinds if each[0] != REGISTER] * 10
    await asyncio.gather(
        *(api.post(query, **variables()) for query, variables in reads),
        *(each.post(REGISTER, input=given()) for each in others),
    )

    lines = log.lines()
    assert [line["statements"] for line in lines if line["operation_type"] == "mutation"] == [alone[REGISTER]] * 10
    assert sorted(line["statements"] for line in lines if line["operation_type"] == "query") == sorted(
        alone[query] for query, _ in reads
    )
    assert alone[CLIENT_BY_ID] == 1
    assert alone[REGISTER] > 1


async def test_a_request_that_runs_no_statement_has_no_count(anonymous: Api, log: Log) -> None:
    line = await asked(log, anonymous, "{ __typename }")

    assert "statements" not in line


async def signing_in(api: Api, password: str, email: str) -> None:
    await Api(api.http, api.portal).post(SIGN_IN, input={"email": email, "password": password})


@pytest.fixture
async def user(http: httpx.AsyncClient, portal: Portal) -> tuple[Api, str]:
    """User whose password is the secret, with the email."""
    email, partner = f"{uuid4()}@alfa.example", await new_partner(portal)
    password_hash = await hash_password(SECRET)
    return await new_caller(http, portal, partner, email=email, password_hash=password_hash), email


async def test_a_sign_ins_line_names_the_session_without_the_email(user: tuple[Api, str], log: Log) -> None:
    api, email = user

    await signing_in(api, SECRET, email)

    text = log.read()
    assert email not in text
    assert SECRET not in text
    line, request = (loads(line) for line in text.splitlines())
    assert (line["event"], line["level"], line["logger"]) == ("sign-in succeeded", "info", "portal.access")
    assert (line["partner_id"], line["user_id"]) == (api.partner_id, api.user_id)
    assert line["client_address"] == CALLER
    assert len(bytes.fromhex(line["email_hash"])) == 8
    same = ("request_id", "partner_id", "user_id", "token_id", "client_address")
    assert [line[each] for each in same] == [request[each] for each in same]


async def test_failed_sign_ins_are_warnings_with_a_keyed_email_and_address(user: tuple[Api, str], log: Log) -> None:
    api, email = user
    unknown = f"{uuid4()}@alfa.example"

    for _ in range(5):
        await signing_in(api, "wrong", email)
    await signing_in(api, SECRET, email)
    await signing_in(api, "wrong", unknown)

    text = log.read()
    assert email not in text
    assert unknown not in text
    lines = [line for line in map(loads, text.splitlines()) if line["event"] == "sign-in failed"]
    assert [line["code"] for line in lines] == ["INVALID_CREDENTIALS"] * 5 + ["RATE_LIMITED", "INVALID_CREDENTIALS"]
    assert {line["level"] for line in lines} == {"warning"}
    assert {line["client_address"] for line in lines} == {CALLER}
    assert len({line["request_id"] for line in lines}) == 7
    *his, other = [line["email_hash"] for line in lines]
    assert len(set(his)) == 1
    assert other not in his


async def test_a_sign_out_is_the_sessions_own(user: tuple[Api, str], log: Log) -> None:
    api, email = user
    data = await Api(api.http, api.portal).data(SIGN_IN, input={"email": email, "password": SECRET})
    session = Api(api.http, api.portal, token=data["signIn"]["token"])

    line = await asked(log, session, "mutation { signOut { signedOut } }")

    assert (line["partner_id"], line["user_id"]) == (api.partner_id, api.user_id)


async def test_two_callers_at_once_have_lines_of_their_own(http: httpx.AsyncClient, portal: Portal, log: Log) -> None:
    callers = [await sign_up(portal) for _ in range(10)]

    await asyncio.gather(*(ask(http, "{ clients { totalCount } }", caller.headers) for caller in callers))

    logged = {(line["partner_id"], line["user_id"], line["token_id"]) for line in log.lines()}
    assert logged == {(caller.partner_id, caller.user_id, caller.token_id) for caller in callers}
