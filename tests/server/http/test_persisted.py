"""Requests that name a registered document, by POST and by GET, on each engine."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest
import structlog
from graphql import get_introspection_query
from starlette.applications import Starlette
from structlog.testing import capture_logs

from db import documents as stored
from db.engine import Database
from domain.access import Permission
from domain.documents import hashed
from resolvers import documents
from resolvers.portal import Portal
from server.app import create_app
from server.background import document_refresh
from server.settings import Settings
from tests.clock import Clock
from tests.server.conftest import Caller, remove_documents, sign_up
from tests.server.requests import ANSWERED, VIEWER, ask, code, message

CLIENTS = "query Clients($first: Int) { clients(first: $first) { nodes { name } } }"
REGISTER = """mutation Register($input: RegisterClientInput!) {
    registerClient(input: $input) { client { name } userErrors { code } } }"""
NEWER = {"Accept": "application/graphql-response+json"}


Register = Callable[[str], Awaitable[str]]


@pytest.fixture
async def register(portal: Portal, clock: Clock) -> Register:
    """Factory that registers a document and returns its id; the server finds it at its first request."""
    await remove_documents(portal.database)

    async def registered(text: str) -> str:
        document_id = f"x-test:{uuid4()}"
        await documents.register(portal, {document_id: text})
        clock.forward(seconds=1)
        return document_id

    return registered


async def named(http: httpx.AsyncClient, caller: Caller, document_id: object, **members: object) -> httpx.Response:
    """Return the answer to a request that names a document, by POST."""
    return await http.post("/graphql", json={"documentId": document_id, **members}, headers=caller.headers)


async def got(
    http: httpx.AsyncClient, caller: Caller, document_id: str, variables: object = None, **headers: str
) -> httpx.Response:
    """Return the answer to a request that names a document, by GET."""
    parameters = {"documentId": document_id} | ({} if variables is None else {"variables": json.dumps(variables)})
    sent = caller.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.get("/graphql", params=parameters, headers=sent)


def older(hash_of_it: object, version: object = 1) -> dict[str, object]:
    """Return the extensions of Apollo's persisted queries."""
    return {"persistedQuery": {"version": version, "sha256Hash": hash_of_it}}


async def add_client(http: httpx.AsyncClient, register: Register, caller: Caller, name: str = "Padaria") -> None:
    document_id = await register(REGISTER)
    variables = {"input": {"cnpj": "16727230000197", "name": name}}
    answer = await named(http, caller, document_id, variables=variables)
    assert answer.json() == {"data": {"registerClient": {"client": {"name": name}, "userErrors": []}}}


async def test_a_registered_document_is_run_by_its_id(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    await add_client(http, register, caller)
    document_id = await register(CLIENTS)

    for variables, nodes in ({"first": 1}, [{"name": "Padaria"}]), ({"first": 0}, []):
        by_post = await named(http, caller, document_id, variables=variables)
        by_get = await got(http, caller, document_id, variables)

        assert by_post.json() == by_get.json() == {"data": {"clients": {"nodes": nodes}}}


async def test_an_operation_of_the_document_is_chosen_by_its_name(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register("query A { viewer { role } } query B { viewer { partner { name } } }")

    chosen = await named(http, caller, document_id, operationName="B")

    assert chosen.json() == ANSWERED
    assert code(await named(http, caller, document_id, operationName="C")) == "BAD_USER_INPUT"


@pytest.mark.parametrize("name", ["C", None])
async def test_a_stranger_learns_no_name_of_an_operation(
    http: httpx.AsyncClient, register: Register, name: str | None
) -> None:
    async def answer(document_id: object, operation: str | None) -> httpx.Response:
        return await http.post("/graphql", json={"documentId": document_id, "operationName": operation})

    private = await register("query A { clients { totalCount } } query B { orders { totalCount } }")
    mixed = await register("query A { viewer { role } } query B { clients { totalCount } }")

    assert [code(await answer(each, name)) for each in (private, mixed)] == ["UNAUTHENTICATED"] * 2
    assert (await answer(mixed, "A")).json() == {"data": {"viewer": None}}


@pytest.mark.parametrize("prefix", ["", "sha256:"])
async def test_the_older_form_is_answered_by_post_and_by_get(
    http: httpx.AsyncClient, register: Register, caller: Caller, prefix: str
) -> None:
    text = f"{VIEWER} # {uuid4()}"
    await register(text)
    extensions = older(prefix + hashed(text))

    by_post = await http.post("/graphql", json={"extensions": extensions}, headers=caller.headers)
    by_get = await http.get("/graphql", params={"extensions": json.dumps(extensions)}, headers=caller.headers)

    assert by_post.json() == by_get.json() == ANSWERED
    assert by_get.headers["cache-control"] == "private, no-cache"


async def test_the_error_of_an_unknown_document_makes_clients_send_the_text(
    http: httpx.AsyncClient, caller: Caller
) -> None:
    unknown = await named(http, caller, "nowhere")
    as_older = await http.post("/graphql", json={"extensions": older(hashed(VIEWER))}, headers=caller.headers)
    newer = await http.get("/graphql", params={"documentId": "nowhere"}, headers=caller.headers | NEWER)

    assert (unknown.status_code, newer.status_code) == (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)
    assert code(unknown) == code(as_older) == code(newer) == "PERSISTED_QUERY_NOT_FOUND"
    assert "“documentId”" in message(unknown)
    assert message(as_older) == "PersistedQueryNotFound"
    assert newer.headers["cache-control"] == "no-store"


async def test_a_text_with_its_hash_is_run_and_not_registered(http: httpx.AsyncClient, caller: Caller) -> None:
    text = f"{VIEWER} # {uuid4()}"
    both = {"query": text, "extensions": older(hashed(text))}

    assert (await http.post("/graphql", json=both, headers=caller.headers)).json() == ANSWERED

    alone = await http.post("/graphql", json={"extensions": older(hashed(text))}, headers=caller.headers)
    assert code(alone) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"documentId": 5}, "“documentId”"),
        ({"documentId": ""}, "“documentId”"),
        ({"documentId": "a b"}, "“documentId”"),
        ({"documentId": "md5:00"}, "“documentId”"),
        ({"documentId": "a" * 129}, "“documentId”"),
        ({"documentId": "a", "query": VIEWER}, "replaces “query”"),
        ({"documentId": "a", "extensions": older("a")}, "“extensions.persistedQuery”"),
        ({"documentId": "a", "variables": []}, "“variables”"),
        ({"documentId": "a", "operationName": 5}, "“operationName”"),
        ({"documentId": None}, "“query”"),
        ({"extensions": {}}, "“query”"),
        ({"extensions": {"persistedQuery": None}}, "“query”"),
        ({"extensions": {"persistedQuery": 5}}, "“extensions.persistedQuery”"),
        ({"extensions": older("a", version=2)}, "“version”: 1"),
        ({"extensions": older(5)}, "“sha256Hash”"),
        ({"extensions": older("a b")}, "“sha256Hash”"),
        ({"query": VIEWER, "extensions": older(hashed("other"))}, "not the SHA-256 of “query”"),
        ({"query": 5, "extensions": older("a")}, "“query”"),
        ({"query": f"{VIEWER} # \ud800", "extensions": older("a")}, "“query”"),
    ],
)
async def test_a_request_that_names_its_document_wrongly_is_refused(
    http: httpx.AsyncClient, body: dict[str, object], says: str
) -> None:
    answer = await http.post("/graphql", content=json.dumps(body), headers={"Content-Type": "application/json"})

    assert (answer.status_code, code(answer)) == (HTTPStatus.BAD_REQUEST, "BAD_USER_INPUT")
    assert says in message(answer)


async def test_a_parameter_of_a_url_may_not_be_repeated(http: httpx.AsyncClient) -> None:
    answer = await http.get("/graphql", params={"documentId": ["a", "b"]})

    assert (answer.status_code, message(answer)) == (400, "The parameter “documentId” must appear in the URL once.")


async def test_a_registered_mutation_is_not_run_by_get(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register(REGISTER)

    answer = await got(http, caller, document_id, {"input": {"cnpj": "16727230000197", "name": "A"}})

    assert (answer.status_code, answer.headers["allow"]) == (HTTPStatus.METHOD_NOT_ALLOWED, "POST")
    assert answer.headers["cache-control"] == "no-store"


async def test_permissions_are_those_of_the_caller(
    http: httpx.AsyncClient, portal: Portal, register: Register, caller: Caller
) -> None:
    document_id = await register(CLIENTS)
    other = await sign_up(portal, chosen=frozenset({Permission.ORDERS_READ}))

    assert "errors" not in (await got(http, caller, document_id)).json()
    assert code(await got(http, other, document_id)) == "FORBIDDEN"
    assert code(await http.get("/graphql", params={"documentId": document_id})) == "UNAUTHENTICATED"


async def test_an_answer_that_still_holds_is_not_sent_again(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register(VIEWER)
    first = await got(http, caller, document_id)
    tag = first.headers["etag"]

    again = await got(http, caller, document_id, If_None_Match=f'"another", {tag}')

    assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-cache"
    assert again.status_code == HTTPStatus.NOT_MODIFIED
    assert again.headers["etag"] == tag
    assert again.headers["vary"] == first.headers["vary"]
    assert {"Accept", "Accept-Encoding", "Accept-Language", "Authorization"} <= set(first.headers["vary"].split(", "))
    assert again.content == b""
    assert "content-type" not in again.headers


async def test_an_answer_that_says_its_cost_still_holds(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register(VIEWER)
    first = await got(http, caller, document_id, GraphQL_Cost="report")

    again = await got(http, caller, document_id, GraphQL_Cost="report", If_None_Match=first.headers["etag"])

    assert first.json()["extensions"]["cost"].keys() == {"requested", "limit"}
    assert again.status_code == HTTPStatus.NOT_MODIFIED


async def test_an_answer_that_has_changed_is_sent_with_another_tag(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register(CLIENTS)
    before = await got(http, caller, document_id)
    await add_client(http, register, caller)

    after = await got(http, caller, document_id, If_None_Match=before.headers["etag"])

    assert after.json() == {"data": {"clients": {"nodes": [{"name": "Padaria"}]}}}
    assert after.headers["etag"] != before.headers["etag"]


async def test_a_tag_of_another_callers_answer_is_useless(
    http: httpx.AsyncClient, portal: Portal, register: Register, caller: Caller
) -> None:
    await add_client(http, register, caller)
    document_id = await register(CLIENTS)
    other = await sign_up(portal)
    tag = (await got(http, caller, document_id)).headers["etag"]

    answer = await got(http, other, document_id, If_None_Match=tag)

    assert answer.json() == {"data": {"clients": {"nodes": []}}}
    refused = await http.get("/graphql", params={"documentId": document_id}, headers={"If-None-Match": tag})
    assert code(refused) == "UNAUTHENTICATED"


async def test_media_types_have_different_tags_and_encodings_have_the_same(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register(VIEWER + " " * 2_000)
    aliases = " ".join(f"a{number}: role" for number in range(100))
    long = await register(f"{{ viewer {{ {aliases} }} }}")

    plain, newer = await got(http, caller, document_id), await got(http, caller, document_id, **NEWER)
    whole = await got(http, caller, long, Accept_Encoding="identity")
    zipped = await got(http, caller, long, Accept_Encoding="gzip")

    assert plain.headers["etag"] != newer.headers["etag"]
    assert whole.headers["etag"] == zipped.headers["etag"]
    assert zipped.headers["content-encoding"] == "gzip"


async def test_an_answer_with_errors_is_not_cached(http: httpx.AsyncClient, register: Register, caller: Caller) -> None:
    document_id = await register(CLIENTS)

    wrong = await got(http, caller, document_id, {"first": 101})

    assert "errors" in wrong.json()
    assert wrong.headers["cache-control"] == "no-store"
    assert "etag" not in wrong.headers


async def test_nothing_else_is_kept(http: httpx.AsyncClient, register: Register, caller: Caller) -> None:
    document_id = await register(VIEWER)
    text = await http.get("/graphql", params={"query": VIEWER}, headers=caller.headers)

    for answer in (text, await named(http, caller, document_id)):
        assert answer.json() == ANSWERED
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


async def test_head_says_what_get_would(http: httpx.AsyncClient, register: Register, caller: Caller) -> None:
    document_id = await register(VIEWER)
    by_get = await got(http, caller, document_id)

    by_head = await http.head("/graphql", params={"documentId": document_id}, headers=caller.headers)

    assert (by_head.headers["etag"], by_head.content) == (by_get.headers["etag"], b"")


@pytest.fixture
def strict(portal: Portal, settings: Settings) -> Starlette:
    """Application that runs registered documents only."""
    return create_app(portal, settings.model_copy(update={"trusted_documents": "only"}))


async def test_where_only_registered_documents_are_run_nothing_else_is(
    strict: Starlette, register: Register, caller: Caller
) -> None:
    document_id = await register(VIEWER)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(strict), base_url="http://portal.test") as http:
        assert (await named(http, caller, document_id)).json() == ANSWERED
        assert (await got(http, caller, document_id)).json() == ANSWERED

        # Not even a registered text runs: the check is of the name in the request.
        for text in (VIEWER, "{ __typename }", get_introspection_query(), "not a document"):
            answers = [
                await ask(http, text, caller.headers),
                await http.get("/graphql", params={"query": text}, headers=caller.headers),
                await http.post(
                    "/graphql", json={"query": text, "extensions": older(hashed(text))}, headers=caller.headers
                ),
            ]
            assert {code(answer) for answer in answers} == {"DOCUMENT_NOT_TRUSTED"}
            assert all("Only registered documents are run" in message(answer) for answer in answers)
        assert code(await named(http, caller, "nowhere")) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_registered_document_that_is_not_valid_any_more_answers_why(
    http: httpx.AsyncClient, register: Register, caller: Caller
) -> None:
    document_id = await register("{ nothing }")

    answer = await named(http, caller, document_id)

    assert answer.json() == {
        "errors": [
            {
                "message": "Cannot query field 'nothing' on type 'Query'.",
                "locations": [{"line": 1, "column": 3}],
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ]
    }


async def test_a_server_knows_the_documents_from_its_start_and_follows_changes(
    portal: Portal, register: Register, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_refresh, "EVERY_SECONDS", 0.01)
    first, later = await register(VIEWER), f"x-test:{uuid4()}"
    of_a_server = Portal(Database(portal.database.url.render_as_string(hide_password=False)), portal.secret)
    app = create_app(of_a_server, settings)
    trusted = app.state.trusted

    async with app.router.lifespan_context(app), asyncio.timeout(60):
        assert trusted.get(first) is not None
        await documents.register(portal, {later: VIEWER})
        await documents.remove(portal, [first])
        while trusted.get(first) is not None or trusted.get(later) is None:
            # Each round waits for a statement, and lets the server run.
            await portal.database.read(stored.row_ids)


async def test_a_server_without_its_database_keeps_its_documents_and_logs_once(
    portal: Portal, register: Register, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger that was used before, as a server sets it up, writes to its old stream.
    monkeypatch.setattr(document_refresh, "log", structlog.get_logger("portal.documents"))
    trusted = create_app(portal, settings).state.trusted
    document_id = await register(VIEWER)
    await document_refresh.refresh(trusted)
    portal.database = Database("postgresql+asyncpg://portal@127.0.0.1:1/portal")
    clock.forward(seconds=10)

    with capture_logs() as logs:
        succeeded = [await document_refresh.refresh(trusted), await document_refresh.refresh(trusted, failing=True)]

    assert succeeded == [False, False]
    assert [line["log_level"] for line in logs] == ["warning"]
    assert trusted.get(document_id) is not None
