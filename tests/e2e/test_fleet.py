"""Three processes behind nginx, with the documented configuration, are one portal."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from http import HTTPStatus
from time import monotonic
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from db.engine import Database
from db.tables import clients
from domain.access import Role
from resolvers import ids
from resolvers.portal import Portal
from resolvers.viewers import REMEMBERED_SECONDS
from server.graphql.trusted_documents import QUERY_INTERVAL_SECONDS
from server.http.transport_ws import SUBPROTOCOL, CloseCode
from tests import cnpjs, plain
from tests.api import Api, Json
from tests.databases import Databases
from tests.e2e.fleet import Fleet, Member, Site, fleet
from tests.eventually import eventually
from tests.factories import new_caller, new_partner, new_vendor
from tests.nginx import ADDRESS
from tests.units import fetch_values, reading

PASSWORD = "correct horse"
REFILL_SECONDS = 3600
"""Seconds whose points a bucket has: in 36 of them, a hundredth comes back."""

SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { code } } }"
REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
EVENTS = "subscription ($after: String) { events(after: $after) { number cursor client { name } } }"
PAGE = "{ clients(first: 5) { nodes { name } } }"
COUNTS = f"{{ {' '.join(f'a{number}: orders(first: 1) {{ totalCount }}' for number in range(10))} }}"


@pytest.fixture(scope="module")
def database_url(databases: Databases) -> str:
    return databases.migrated("postgresql")


@pytest.fixture(scope="module")
def processes(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Fleet of all tests of the module, in which a test starts again what it stops."""
    given = {
        "DATABASE_URL": database_url.replace("+asyncpg", ""),
        "SECRET_KEY": uuid4().hex,
        "RATE_LIMIT_SECONDS": str(REFILL_SECONDS),
        "RATE_LIMIT_TOKEN_PERCENT": "100",
    }
    with fleet({**os.environ, **given}, tmp_path_factory.mktemp("fleet")) as processes:
        yield processes


@pytest.fixture
async def site(processes: Fleet, database_url: str) -> AsyncIterator[Site]:
    database = Database(database_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(processes.client())
        direct = [
            await stack.enter_async_context(plain.AsyncClient(base_url=each.url, timeout=60))
            for each in processes.members
        ]
        yield Site(processes, Portal(database, b"s" * 32), http, direct)


def registration(**more: object) -> Json:
    return {"cnpj": cnpjs.another(), "name": "Padaria São João", **more}


async def is_refused(api: Api) -> bool:
    errors = (await api.post(PAGE)).get("errors", [])
    return [each["extensions"]["code"] for each in errors] == ["UNAUTHENTICATED"]


async def test_a_session_works_everywhere_and_ends_everywhere_within_five_seconds(site: Site) -> None:
    email, password_hash = f"{uuid4()}@alfa.example", PasswordHasher(1, 8, 1).hash(PASSWORD)
    partner = await new_partner(site.portal)
    user = await new_caller(site.http, site.portal, partner, email=email, password_hash=password_hash)
    signed_in = await replace(user, token=None).data(SIGN_IN, input={"email": email, "password": PASSWORD})
    callers = site.at_each(replace(user, token=signed_in["signIn"]["token"]))

    for each in callers:
        await each.data(PAGE)
    await callers[0].data("mutation { signOut { signedOut } }")
    until = monotonic() + REMEMBERED_SECONDS
    late = []
    for each in callers:
        refused = False
        while not refused:
            is_late = monotonic() > until
            refused = await is_refused(each)
            late.append(is_late and not refused)

    assert not any(late)


async def test_all_processes_together_allow_what_one_bucket_has(site: Site) -> None:
    api, vendor = await site.manager(), await new_vendor(site.portal)
    administrator = await new_caller(site.http, site.portal, vendor, role=Role.VENDOR_ADMIN)
    policy = {"partnerId": ids.encode("Partner", api.partner_id), "pointsPerSecond": 3}
    await administrator.done("setPartnerPolicy", "partner { id }", policy)
    bucket, allowed, refused_by = 3 * REFILL_SECONDS, 0, set[str]()
    headers = {"Authorization": f"Bearer {api.token}", "GraphQL-Cost": "report"}

    since = monotonic()
    while len(refused_by) < len(site.fleet.members):
        answer = await site.http.post("/graphql", json={"query": COUNTS}, headers=headers)
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            refused_by.add(answer.headers["X-Upstream"])
        else:
            allowed += answer.json()["extensions"]["cost"]["requested"]

    come_back = 3 * (monotonic() - since)
    assert bucket * 0.95 <= allowed <= bucket + come_back
    assert answer.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_a_document_that_one_process_registers_is_known_to_all(site: Site) -> None:
    vendor = await new_caller(site.http, site.portal, await new_vendor(site.portal), role=Role.VENDOR_ADMIN)
    name = f"x-test:{uuid4()}"
    headers = {"Authorization": f"Bearer {vendor.token}"}

    async def known() -> list[bool]:
        params = {"documentId": name}
        answers = [await http.get("/graphql", params=params, headers=headers) for http in site.direct]
        return ["data" in each.json() for each in answers]

    async def is_known_to_none() -> bool:
        return not any(await known())

    # An unknown id makes a process look, and it looks again after an interval.
    before = await known()
    await vendor.done("registerDocuments", "registeredCount", {"manifest": json.dumps({name: "{ viewer { role } }"})})
    await asyncio.sleep(QUERY_INTERVAL_SECONDS)
    after = await known()
    await vendor.done("removeDocuments", "removedCount", {"ids": [name]})
    await eventually(is_known_to_none)

    assert (before, after) == ([False] * 3, [True] * 3)


async def test_an_answer_has_the_same_etag_and_age_in_each_process(site: Site) -> None:
    api, vendor = await site.manager(), await new_vendor(site.portal)
    name, text = f"x-test:{uuid4()}", "query Page { clients(first: 5) { nodes { name } } }"
    administrator = await new_caller(site.http, site.portal, vendor, role=Role.VENDOR_ADMIN)
    await administrator.done("registerDocuments", "registeredCount", {"manifest": json.dumps({name: text})})
    await api.client()
    headers = {"Authorization": f"Bearer {api.token}"}

    async def has_tag(http: httpx.AsyncClient) -> bool:
        return "ETag" in (await http.get("/graphql", params={"documentId": name}, headers=headers)).headers

    for http in site.direct:
        await eventually(lambda http=http: has_tag(http))  # type: ignore[misc]  # It is called within the turn.
    answers = [await http.get("/graphql", params={"documentId": name}, headers=headers) for http in site.direct]
    conditional = headers | {"If-None-Match": answers[0].headers["ETag"]}
    again = [await http.get("/graphql", params={"documentId": name}, headers=conditional) for http in site.direct]

    told = {tuple(each.headers[name] for name in ("ETag", "Cache-Control", "Vary")) for each in answers}
    assert [cache for _, cache, _ in told] == ["private, no-cache"]
    assert [each.status_code for each in again] == [HTTPStatus.NOT_MODIFIED] * 3


async def test_a_key_is_replayed_by_the_other_processes(site: Site) -> None:
    given = registration(idempotencyKey=str(uuid4()))
    callers = site.at_each(await site.manager())

    answers = [(await each.data(REGISTER, input=given))["registerClient"] for each in callers]
    conflict = await callers[1].codes("registerClient", {**given, "name": "Padaria"})

    assert answers[0]["userErrors"] == []
    assert answers == answers[:1] * 3
    assert conflict == ["IDEMPOTENCY_CONFLICT"]


async def test_the_proxy_alone_says_who_calls(site: Site) -> None:
    claimed = {"X-Forwarded-For": "203.0.113.9"}
    member = site.fleet.members[0]

    async def address_seen(http: httpx.AsyncClient) -> str:
        request_id = str(uuid4())
        answer = await http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={**claimed, "X-Request-Id": request_id}
        )
        seen_by = site.fleet.member_of(answer.headers["X-Upstream"]) if "X-Upstream" in answer.headers else member
        (line,) = await lines_of(seen_by, request_id)
        return str(line["client_address"])

    from_nginx = httpx.AsyncHTTPTransport(local_address=ADDRESS)
    async with (
        site.fleet.client(address="127.0.0.5") as through,
        httpx.AsyncClient(base_url=member.url, transport=from_nginx) as as_nginx,
    ):
        found = [await address_seen(http) for http in (through, site.direct[0], as_nginx)]
        secure = await through.get("/healthz")

    assert found == ["127.0.0.5", "127.0.0.1", "203.0.113.9"]
    assert "Strict-Transport-Security" in secure.headers


async def lines_of(member: Member, request_id: str) -> list[Json]:
    """Return the lines of a request in a process's log, once there are any."""

    async def is_there() -> bool:
        return request_id in member.log.read_text()

    await eventually(is_there)
    return [json.loads(line) for line in member.log.read_text().splitlines() if request_id in line]


async def test_a_stream_passes_the_proxy_and_continues_in_another_process(site: Site) -> None:
    api = await site.manager()
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {api.token}"}

    async with site.http.stream("POST", "/graphql", json={"query": EVENTS}, headers=headers) as answer:
        one = site.fleet.member_of(answer.headers["X-Upstream"])
        coming = events_of(answer)
        await api.client()
        first = await anext(coming)
        # The stream is open: nginx has passed the event on before its end.
        stopping = asyncio.create_task(asyncio.to_thread(one.stop))
        rest = [event async for event in coming]
        await stopping
    await api.client()
    headers["Last-Event-ID"] = first["cursor"]
    async with site.http.stream("POST", "/graphql", json={"query": EVENTS}, headers=headers) as answer:
        other = site.fleet.member_of(answer.headers["X-Upstream"])
        second = await anext(events_of(answer))
    await asyncio.to_thread(one.start)

    assert rest == []
    assert second["number"] == first["number"] + 1
    assert other is not one


async def events_of(answer: httpx.Response) -> AsyncIterator[Json]:
    """Yield the events of an answer while it comes."""
    async for line in answer.aiter_lines():
        kind, _, rest = line.partition(": ")
        if kind == "data" and rest:
            yield json.loads(rest)["data"]["events"]


async def test_a_websocket_passes_the_proxy_and_continues_in_another_process(site: Site) -> None:
    api = await site.manager()

    async with await connected(site, api) as connection:
        assert connection.response is not None
        one = site.fleet.member_of(connection.response.headers["X-Upstream"])
        # What happens before another process has begun the subscription would be no event of it.
        await subscribe(connection, await latest_cursor(api))
        await api.client()
        first = await event(connection)
        stopping = asyncio.create_task(asyncio.to_thread(one.stop))
        with pytest.raises(ConnectionClosed) as closed:
            await event(connection)
        await stopping
    await api.client()
    async with await connected(site, api) as connection:
        await subscribe(connection, first["cursor"])
        second = await event(connection)
    await asyncio.to_thread(one.start)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CloseCode.RESTART
    assert second["number"] == first["number"] + 1


async def connected(site: Site, api: Api) -> ClientConnection:
    """Return an acknowledged connection through nginx."""
    url = f"{site.fleet.proxy.url.replace('https', 'wss')}/graphql"
    connection = await connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], ssl=site.fleet.tls)
    begin = {"type": "connection_init", "payload": {"Authorization": f"Bearer {api.token}"}}
    await connection.send(json.dumps(begin))
    assert json.loads(await connection.recv())["type"] == "connection_ack"
    return connection


async def latest_cursor(api: Api) -> str:
    """Return the cursor of a new event."""
    await api.client()
    (node,) = (await api.data("{ events(last: 1) { nodes { cursor } } }"))["events"]["nodes"]
    return str(node["cursor"])


async def subscribe(connection: ClientConnection, after: str) -> None:
    payload = {"query": EVENTS, "variables": {"after": after}}
    await connection.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))


async def event(connection: ClientConnection) -> Json:
    """Return the next event of the subscription."""
    while (message := json.loads(await connection.recv()))["type"] == "ping":
        continue
    return message["payload"]["data"]["events"]


async def test_a_killed_process_costs_posts_in_flight_and_no_get(site: Site) -> None:
    api = await site.manager()
    for each in site.at_each(api):
        await each.data(PAGE)
    given = [registration(idempotencyKey=str(uuid4())) for _ in range(6)]
    killed = site.fleet.members[0]

    async with site.fleet.client(api.token) as http, asyncio.TaskGroup() as group:
        gets, posts = list[asyncio.Task[httpx.Response]](), list[asyncio.Task[httpx.Response]]()
        with site.fleet.frozen():
            # nginx takes turns, so that each process has got some of both before one is killed.
            for some in (given[:3], given[3:]):
                gets += [group.create_task(http.get("/graphql", params={"query": PAGE})) for _ in some]
                await site.fleet.until_received(len(gets) + len(posts))
                bodies = [{"query": REGISTER, "variables": {"input": each}} for each in some]
                posts += [group.create_task(http.post("/graphql", json=each)) for each in bodies]
                await site.fleet.until_received(len(gets) + len(posts))
            killed.process.kill()
    read, written = [each.result() for each in gets], [each.result() for each in posts]
    lost = [each for each in written if each.status_code == HTTPStatus.BAD_GATEWAY]
    before = await registered(site, api)
    again = [await api.post(REGISTER, input=each) for each in given]
    await asyncio.to_thread(killed.stop)
    await asyncio.to_thread(killed.start)

    assert {each.status_code for each in read} == {HTTPStatus.OK}
    assert {each.status_code for each in written} == {HTTPStatus.OK, HTTPStatus.BAD_GATEWAY}
    assert {each.json()["errors"][0]["extensions"]["outcome"] for each in lost} == {"UNKNOWN"}
    assert {each.headers["Retry-After"] for each in lost} == {"1"}
    # Nothing was sent to another process, and the retries find what is done.
    done = [each["cnpj"] for each, answer in zip(given, written, strict=True) if answer.is_success]
    assert before == set(done)
    assert all(each["data"]["registerClient"]["userErrors"] == [] for each in again)
    assert await registered(site, api) == {each["cnpj"] for each in given}


async def registered(site: Site, api: Api) -> set[str]:
    """Return the CNPJs of the partner's clients."""
    statement = sa.select(clients.c.cnpj).where(clients.c.partner_id == api.partner_id)
    async with reading(site.portal.database) as connection:
        return set(await fetch_values(connection, statement))


async def test_restarts_of_one_process_after_the_other_cost_no_request(site: Site) -> None:
    api = await site.manager()
    asked, failed, over = set[str](), list[httpx.Response](), asyncio.Event()

    async def call(http: httpx.AsyncClient) -> None:
        while not over.is_set():
            given = registration()
            answer = await http.post("/graphql", json={"query": REGISTER, "variables": {"input": given}})
            asked.add(given["cnpj"])
            if answer.status_code != HTTPStatus.OK or "errors" in answer.json():
                failed.append(answer)

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(call(await stack.enter_async_context(site.fleet.client(api.token))))
        for member in site.fleet.members:
            await asyncio.to_thread(member.stop)
            enough = len(asked) + 60

            async def are_answered(enough: int = enough) -> bool:
                return len(asked) >= enough

            # Each process is asked for and missed several times.
            await eventually(are_answered)
            await asyncio.to_thread(member.start)
        over.set()

    assert failed == []
    assert await registered(site, api) == asked
