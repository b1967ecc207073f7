"""Errors while the database is unavailable: never INTERNAL, and never that a good token is bad."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from time import monotonic

import httpx
import pytest

from db.engine import Database
from resolvers.portal import Portal
from server.app import create_app
from server.background import cleanup, document_refresh
from server.settings import Settings
from tests.api import Api
from tests.clusters import Cluster, Fault, Proxy, proxied
from tests.databases import Databases
from tests.disks import read_only
from tests.factories import new_caller, new_partner, new_product
from tests.schema.second_factors import PASSWORD, new_person
from tests.server.requests import code

NOWHERE = (
    "postgresql+asyncpg://portal@127.0.0.1:1/portal",
    "postgresql+asyncpg://portal@nowhere.invalid/portal",
    "postgresql+asyncpg://portal@127.0.0.1:1,nowhere.invalid/portal",
)
"""A connection that is refused, a host that has no address, and a list of both."""
SIGN_IN = 'mutation { signIn(input: {email: "ana@alfa.example", password: "secret"}) { token } }'
REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""

ACTIVATE = """mutation ($input: ActivateLicensesInput!) {
    activateLicenses(input: $input) { results { status } userErrors { code } } }"""


@pytest.fixture(params=NOWHERE)
async def away(request: pytest.FixtureRequest, portal: Portal) -> AsyncIterator[Portal]:
    """Portal whose database can't be reached."""
    database = Database(request.param)
    yield Portal(database, portal.secret)
    await database.close()


@pytest.fixture
async def http(away: Portal, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(away, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield http


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
@pytest.mark.parametrize("query", ["{ viewer { role } }", SIGN_IN])
async def test_a_token_is_not_taken_for_a_bad_one(http: httpx.AsyncClient, accept: str, query: str) -> None:
    headers = {"Authorization": "Bearer ppt_any", "Accept": accept}

    answer = await http.post("/graphql", json={"query": query}, headers=headers)

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert code(answer) == "UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_signing_in_has_to_wait(http: httpx.AsyncClient, accept: str) -> None:
    answer = await http.post("/graphql", json={"query": SIGN_IN}, headers={"Accept": accept})

    assert code(answer) == "UNAVAILABLE"
    assert answer.headers["retry-after"] == "1"
    assert "Nada foi alterado" in answer.json()["errors"][0]["message"]


async def test_what_runs_beside_requests_goes_on(away: Portal, settings: Settings) -> None:
    app = create_app(away, settings)

    await cleanup.delete_expired(away)

    assert not await document_refresh.refresh(app.state.trusted)


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with proxied(cluster) as proxy:
        yield proxy


@asynccontextmanager
async def calling(proxy: Proxy, settings: Settings) -> AsyncIterator[Api]:
    """Yield the manager of a portal whose connections to PostgreSQL may break."""
    portal = Portal(Database(proxy.url), secret=b"s" * 32)
    transport = httpx.ASGITransport(create_app(portal, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        caller = await new_caller(http, portal, await new_partner(portal))
        # The token is looked up now, not while the proxy waits for a COMMIT.
        await caller.data("{ viewer { role } }")
        yield caller
    await portal.database.close()


@pytest.fixture
async def api(proxy: Proxy, settings: Settings) -> AsyncIterator[Api]:
    async with calling(proxy, settings) as api:
        yield api


FAULTS = pytest.mark.parametrize("fault", [Fault.COMMIT_IS_LOST, Fault.REPLY_IS_LOST])
GIVEN = {"cnpj": "12ABC34501DE35", "name": "Padaria"}
NEVER = 1_000_000
"""More connections than any test opens."""


async def names(api: Api) -> list[str]:
    listed = await api.data("{ clients { nodes { name } } }")
    return [node["name"] for node in listed["clients"]["nodes"]]


@FAULTS
async def test_without_a_key_the_outcome_of_a_lost_commit_is_unknown(api: Api, proxy: Proxy, fault: Fault) -> None:
    proxy.fault = fault

    error = await api.error(REGISTER, input=GIVEN)

    assert error["extensions"] == {"code": "UNAVAILABLE", "outcome": "UNKNOWN"}
    assert error["message"].endswith("Check before you repeat it.")


@FAULTS
@pytest.mark.parametrize("refuses", [0, 3])
async def test_with_a_key_a_lost_commit_is_looked_up_and_done_once(
    api: Api, proxy: Proxy, fault: Fault, refuses: int, recovered: Callable[[float], None]
) -> None:
    proxy.fault, proxy.refuses = fault, refuses
    begun_at = monotonic()

    payload = (await api.data(REGISTER, input={**GIVEN, "idempotencyKey": "once"}))["registerClient"]
    recovered(monotonic() - begun_at)
    again = (await api.data(REGISTER, input={**GIVEN, "idempotencyKey": "once"}))["registerClient"]

    assert proxy.fault is Fault.NONE
    assert payload["userErrors"] == []
    assert again == payload
    assert await names(api) == ["Padaria"]


def fail_at_commit(api: Api, proxy: Proxy, fault: Fault) -> None:
    """Let the commit fail of the next mutation with a key: bulk mutations read before, and a read ends by one too."""

    def fail(statement: str) -> None:
        if "INSERT INTO idempotency_keys" in statement:
            api.portal.database.observers.clear()
            proxy.fault = fault

    api.portal.database.observers.append(fail)


@FAULTS
@pytest.mark.parametrize("mode", ["EACH", "ALL_OR_NOTHING"])
async def test_with_a_key_a_lost_bulk_commit_is_looked_up(api: Api, proxy: Proxy, fault: Fault, mode: str) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 10)
    client = await api.client()
    items = [{"clientId": client, "productId": product, "activationKey": f"KEY-{number}"} for number in range(3)]

    fail_at_commit(api, proxy, fault)

    payload = (await api.data(ACTIVATE, input={"items": items, "mode": mode, "idempotencyKey": "once"}))[
        "activateLicenses"
    ]

    assert (api.portal.database.observers, proxy.fault) == ([], Fault.NONE)
    assert [result["status"] for result in payload["results"]] == ["DONE"] * 3
    assert (await api.stock(product))["available"] == 7


@FAULTS
@pytest.mark.parametrize("mode", [None, "EACH", "ALL_OR_NOTHING"])
async def test_what_follows_a_commit_is_done_if_its_answer_is_lost(
    api: Api, proxy: Proxy, fault: Fault, mode: str | None
) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 1)
    client = await api.client()
    activation = await api.activation(client, product, note="Maria", ecfSerialNumber="BE01", activationKey="KEY-1")
    printer = {"toClientId": client, "activationKey": "KEY-1", "ecfSerialNumber": "BE02", "note": "Caixa 1"}
    moved = {"activationId": activation, **printer}
    fail_at_commit(api, proxy, fault)

    if mode is None:
        await api.done("moveActivation", "activation { id }", {**moved, "idempotencyKey": "once"})
    else:
        given = {"items": [moved], "mode": mode, "idempotencyKey": "once"}
        await api.done("moveActivations", "results { status }", given)

    assert (api.portal.database.observers, proxy.fault) == ([], Fault.NONE)
    assert api.portal.database.has_erased


async def test_with_a_key_the_outcome_is_unknown_if_the_database_stays_away(proxy: Proxy, settings: Settings) -> None:
    quick = settings.model_copy(update={"mutation_timeout_seconds": 1.0})
    async with calling(proxy, quick) as api:
        proxy.fault, proxy.refuses = Fault.REPLY_IS_LOST, NEVER
        error = await api.error(REGISTER, input={**GIVEN, "idempotencyKey": "once"})
        proxy.refuses = 0
        payload = (await api.data(REGISTER, input={**GIVEN, "idempotencyKey": "once"}))["registerClient"]

        assert error["extensions"] == {"code": "UNAVAILABLE", "outcome": "UNKNOWN"}
        assert "Repeat it with the same idempotency key" in error["message"]
        assert payload["userErrors"] == []
        assert await names(api) == ["Padaria"]


async def test_a_lost_answer_of_a_mutation_is_not_reported_as_unchanged(api: Api, cluster: Cluster) -> None:
    def stop(statement: str) -> None:
        # The first statement that reads the answer comes after the commit.
        if "FROM clients" in statement and "INSERT" not in statement:
            api.portal.database.observers.clear()
            cluster.stop("immediate")

    api.portal.database.observers.append(stop)

    error = await api.error(REGISTER, input={"cnpj": "11222333000181", "name": "Padaria"})

    assert error["extensions"] == {"code": "UNAVAILABLE", "outcome": "CHANGED"}
    assert "could not be read" in error["message"]
    assert "Nothing was changed" not in error["message"]


@pytest.mark.parametrize("name", ["signIn", "renewSession"])
async def test_a_new_session_that_is_not_read_is_a_change(
    api: Api, cluster: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine, PostgreSQL takes longer to stop than a token is looked up.
    monkeypatch.setattr(api.portal, "token_seconds", 60)
    person = await new_person(api.http, api.portal, api.partner_id)
    begun = list[str]()

    def stop(statement: str) -> None:
        begun.append(statement)
        # The session is read after the commit.
        if "FROM tokens" in statement and any("INSERT INTO tokens" in each for each in begun):
            api.portal.database.observers.clear()
            cluster.stop("immediate")

    api.portal.database.observers.append(stop)
    given = {"email": person.email, "password": PASSWORD}

    if name == "signIn":
        anonymous = replace(api, token=None)
        error = await anonymous.error("mutation ($of: SignInInput!) { signIn(input: $of) { token } }", of=given)
    else:
        error = await person.api.error("mutation { renewSession { token } }")

    assert error["extensions"] == {"code": "UNAVAILABLE", "outcome": "CHANGED"}


@asynccontextmanager
async def serving(url: str, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Portal(Database(url), b"s" * 32), settings)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://p") as http:
        yield http


async def test_a_portal_on_a_standby_is_not_ready(cluster: Cluster, settings: Settings) -> None:
    async with serving(cluster.url, settings) as http:
        before = await http.get("/readyz")
        cluster.demote()
        # The connection of the pool was lost with the former primary.
        demoted = await http.get("/readyz")
        cluster.promote()
        after = await http.get("/readyz")

    assert [each.status_code for each in (before, demoted, after)] == [200, 503, 200]
    assert demoted.json() == {"status": "unavailable", "failed": "writes"}


async def test_a_portal_on_a_read_only_file_is_not_ready(settings: Settings, databases: Databases) -> None:
    url = databases.migrated("sqlite")
    async with serving(url, settings) as http:
        before = await http.get("/readyz")
        with read_only(Path(url.removeprefix("sqlite+aiosqlite:///"))):
            refused = await http.get("/readyz")
        after = await http.get("/readyz")

    assert [each.status_code for each in (before, refused, after)] == [200, 503, 200]
    assert refused.json() == {"status": "unavailable", "failed": "writes"}
