"""Metrics of a process: what it does is counted, by labels whose values are bounded."""

from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import NamedTuple

import httpx
import pytest
from prometheus_client import REGISTRY as DEFAULT
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from db.events import EventFilter
from resolvers.portal import Portal
from server.app import Application, create_app
from server.metrics.names import OTHER, Names
from server.settings import Settings
from tests.api import Api, transport
from tests.eventually import eventually
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner
from tests.streams import streaming
from tests.websockets import signed_in

TOKEN = "t" * 16
MANAGER = {"Authorization": f"Bearer {TOKEN}"}


class Measured(NamedTuple):
    """Caller of an application with metrics."""

    app: Application
    api: Api

    async def values(self) -> Callable[..., float]:
        """Return a function for the values of now, 0 for a series that does not exist."""
        page = (await self.api.http.get("/metrics", headers=MANAGER)).raise_for_status().text
        found = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }
        return lambda name, **labels: found.get((f"portal_{name}", frozenset(labels.items())), 0.0)


@pytest.fixture
async def measured(portal: Portal) -> AsyncIterator[Measured]:
    app = create_app(portal, Settings(metrics_token=SecretStr(TOKEN)), documents=DOCUMENTS)
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        yield Measured(app, await new_caller(http, portal, await new_partner(portal)))
    portal.database.meter = None


async def test_the_page_is_for_callers_with_its_token(measured: Measured, api: Api) -> None:
    statuses = []
    for given in (None, "Bearer wrong", TOKEN, f"Bearer {TOKEN}"):
        answer = await measured.api.http.get("/metrics", headers={} if given is None else {"Authorization": given})
        statuses.append(answer.status_code)

    assert statuses == [HTTPStatus.UNAUTHORIZED] * 3 + [HTTPStatus.OK]
    assert (await api.http.get("/metrics", headers=MANAGER)).status_code == HTTPStatus.NOT_FOUND


async def test_operations_are_counted_by_name_type_and_outcome(measured: Measured) -> None:
    before, api = await measured.values(), measured.api
    await api.data("query Clients { clients(first: 1) { nodes { name } } }")
    await api.error("query Clients($n: Int) { clients(first: $n) { nodes { name } } }", n=5000)
    await api.post('mutation Cancel { cancelClient(input: { clientId: "x" }) { userErrors { code } } }')
    await api.error("query Clients { nonsense }")
    after = await measured.values()

    def counted(operation: str, kind: str, outcome: str) -> float:
        labels = {"operation": operation, "type": kind, "outcome": outcome}
        return after("operation_seconds_count", **labels) - before("operation_seconds_count", **labels)

    assert counted("Clients", "query", "ok") == 1
    assert counted("Clients", "query", "error") == 1
    assert counted("Cancel", "mutation", "refused") == 1
    assert counted("", "unknown", "error") == 1
    assert after("errors_total", code="BAD_USER_INPUT") > before("errors_total", code="BAD_USER_INPUT")
    assert after("http_responses_total", status="200") - before("http_responses_total", status="200") == 5


async def test_operations_over_websocket_are_counted_too(measured: Measured) -> None:
    before = await measured.values()
    async with signed_in(measured.api, app=measured.app) as socket:
        socket.subscribe("1", "query Socket { viewer { user { name } } }")
        await socket.next()
        await socket.next()
        socket.subscribe("2", "subscription Live { events { number } }")

        async def has_begun() -> bool:
            return measured.api.portal.feed.followers == 1

        await eventually(has_begun)
        await measured.api.client()
        await socket.next()
        during = await measured.values()
    after = await measured.values()

    def counted(values: Callable[..., float], operation: str, kind: str) -> float:
        return values("operation_seconds_count", operation=operation, type=kind, outcome="ok")

    assert counted(after, "Socket", "query") - counted(before, "Socket", "query") == 1
    assert (during("subscribers", transport="websocket"), after("subscribers", transport="websocket")) == (1, 0)


async def test_statements_loaders_and_caches_are_counted(measured: Measured) -> None:
    query = "query Cached { clients(first: 1) { nodes { city activations(first: 1) { nodes { id } } } } }"
    await measured.api.client()
    before = await measured.values()
    await measured.api.data(query)
    await measured.api.data(query)
    after = await measured.values()

    for name in ("statement_seconds_count", "statement_seconds_sum", "loader_keys_count"):
        assert after(name) > before(name), name
    for cache in ("documents", "viewers"):
        assert after("cache_hits_total", cache=cache) > before("cache_hits_total", cache=cache), cache
    assert after("pool_in_use") == after("pool_waiting") == after("queued", queue="requests") == 0


async def test_subscribers_and_their_lag_are_shown(measured: Measured) -> None:
    async with streaming(measured.api, app=measured.app) as stream:
        await measured.api.client()
        await stream.numbers(1)
        # A follower that reads nothing is behind.
        late = measured.api.portal.feed.follow(measured.api.partner_id, 0, EventFilter())
        during = await measured.values()
        late.close()
    after = await measured.values()

    assert during("subscribers", transport="sse") == 1
    assert during("feed_lag_events") >= 1
    assert during("feed_lag_seconds") > 0
    assert (after("subscribers", transport="sse"), after("feed_lag_events")) == (0, 0)
    assert after("feed_events_total") >= 1


async def test_deliveries_are_counted_by_outcome(measured: Measured) -> None:
    before = await measured.values()
    measured.api.portal.counts.deliveries["delivered"] += 2
    after = await measured.values()

    delivered = [each("webhook_deliveries_total", outcome="delivered") for each in (before, after)]
    assert delivered[1] - delivered[0] == 2


def test_ten_thousand_names_have_two_hundred_values() -> None:
    names = Names()
    values = {names.value(f"Name{each}", trusted=False, signed_in=True) for each in range(10_000)}
    trusted = {names.value(f"Trusted{each}", trusted=True, signed_in=False) for each in range(10_000)}

    assert len(values - {OTHER}) == 200
    assert len(trusted - {OTHER}) == 500
    assert names.value("Name7", trusted=False, signed_in=False) == "Name7"


async def test_callers_without_token_make_no_new_names(measured: Measured, anonymous: Api) -> None:
    without = Api(measured.api.http, anonymous.portal)
    for each in range(20):
        await without.data(f"query Made{each} {{ __typename }}")
    await measured.api.data("query " + "Long" * 50 + " { __typename }")
    page = (await measured.api.http.get("/metrics", headers=MANAGER)).text

    assert "Made" not in page
    assert "LongLong" not in page


def test_no_metric_is_outside_of_the_registry_of_the_portal() -> None:
    assert not [each for each in DEFAULT.collect() if each.name.startswith("portal_")]
