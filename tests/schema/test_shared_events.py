"""Subscriptions that share the execution of an event: each gets what its own would have been."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from db import event_log
from db.engine import Database, Transaction
from domain.access import Permission, TokenKind
from domain.events import Event, EventType
from resolvers import ids
from resolvers.portal import Portal
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests import cnpjs, streams, websockets
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.factories import NOON, new_caller
from tests.schema.following import Streaming

pytestmark = pytest.mark.stock

Opened = streams.Stream | websockets.SocketStream

SELECTIONS = (
    "number message",
    "number cursor type typeLabel client { id name status }",
    "number message order { id number viewerCanApprove viewerCanCancel } actor { name }",
    "number message @include(if: $more) client @include(if: $more) { name city }",
)
LESSER = (
    None,
    frozenset({Permission.EVENTS_READ}),
    frozenset({Permission.EVENTS_READ, Permission.CLIENTS_READ}),
    frozenset({Permission.EVENTS_READ, Permission.ORDERS_READ}),
)
FILTERS = (None, {"types": ["CLIENT_REGISTERED", "ORDER_CREATED"]}, {"types": ["CLIENT_UPDATED"]})


async def register(api: Api, _client: str, _product: str) -> None:
    await api.client()


async def order(api: Api, _client: str, product: str) -> None:
    await api.order((product, 3))


async def update(api: Api, client: str, _product: str) -> None:
    await api.done("updateClient", "client { id }", {"clientId": client, "city": cnpjs.another()})


WRITES = {"CLIENT_REGISTERED": register, "ORDER_CREATED": order, "CLIENT_UPDATED": update}
SUBSCRIBERS = st.lists(
    st.fixed_dictionaries(
        {
            "permissions": st.sampled_from(LESSER),
            "language": st.sampled_from(["en", "pt-BR"]),
            "selection": st.sampled_from(SELECTIONS),
            "filter": st.sampled_from(FILTERS),
            "more": st.booleans(),
            "resumes": st.booleans(),
        }
    ),
    min_size=2,
    max_size=7,
)


@pytest.fixture(autouse=True)
def _kept_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep results as long as a slow machine may take."""
    monkeypatch.setattr("server.graphql.shared_results.KEPT_SECONDS", 60)


@pytest.fixture
def app(portal: Portal, documents: Documents) -> ASGIApp:
    """Application whose subscribers are those of one test."""
    return create_app(portal, Settings(), documents=documents)


async def last(caller: Api, selection: str, **variables: object) -> Any:  # noqa: ANN401 — JSON.
    """Return the caller's last event as a query lists it, which shares nothing."""
    query = f"""query ($more: Boolean = true, $filter: EventFilter) {{
        events(last: 1, filter: $filter) {{ nodes {{ {selection} __typename @skip(if: $more) }} }} }}"""
    (node,) = (await caller.data(query, **variables))["events"]["nodes"]
    return node


def subscription(selection: str) -> str:
    return f"""subscription ($more: Boolean = true, $filter: EventFilter, $after: String) {{
        events(after: $after, filter: $filter) {{ {selection} __typename @skip(if: $more) }} }}"""


async def next_event(stream: Opened) -> Any:  # noqa: ANN401 — JSON.
    sent = await stream.next()
    assert sent is not None
    assert "errors" not in sent.data, sent
    return sent.data["data"]["events"]


async def caller_of(api: Api, wanted: Mapping[str, Any]) -> Api:
    """Return a user of the partner with a token of its own."""
    kind = TokenKind.SESSION if wanted["permissions"] is None else TokenKind.API
    made = await new_caller(api.http, api.portal, api.partner_id, chosen=wanted["permissions"], kind=kind)
    return replace(made, language=wanted["language"])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=SUBSCRIBERS)
async def test_each_subscriber_gets_what_its_own_execution_gives(
    api: Api, streaming: Streaming, product: str, wanted: list[dict[str, Any]], documents: Documents
) -> None:
    app, client = create_app(api.portal, Settings(), documents=documents), await api.client()
    start = (await last(api, "cursor"))["cursor"]
    callers = [await caller_of(api, each) for each in wanted]
    variables = [{"more": each["more"], "filter": each["filter"]} for each in wanted]
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(
                streaming(
                    caller,
                    subscription(each["selection"]),
                    app=app,
                    after=start if each["resumes"] else None,
                    **given_variables,
                )
            )
            for caller, each, given_variables in zip(callers, wanted, variables, strict=True)
        ]
        for write in ("CLIENT_REGISTERED", "ORDER_CREATED", "CLIENT_UPDATED"):
            await WRITES[write](api, client, product)
            for stream, caller, each, given_variables in zip(opened, callers, wanted, variables, strict=True):
                if each["filter"] is None or write in each["filter"]["types"]:
                    assert await next_event(stream) == await last(caller, each["selection"], **given_variables)


async def test_subscriptions_of_one_kind_load_the_objects_once(level: Api, streaming: Streaming) -> None:
    colleague = await new_caller(level.http, level.portal, level.partner_id)
    counts = []
    for callers in ((level,), (level, level, colleague, colleague)):
        app, loaded = create_app(level.portal, Settings(), documents=DOCUMENTS), list[str]()
        async with AsyncExitStack() as stack:
            query = subscription("client { name }")
            opened = [await stack.enter_async_context(streaming(caller, query, app=app)) for caller in callers]
            level.portal.database.observers.append(loaded.append)
            await level.client()
            found = [await next_event(stream) for stream in opened]
            level.portal.database.observers.remove(loaded.append)
        assert found == [{"client": {"name": "Padaria São João"}}] * len(callers)
        counts.append(len([statement for statement in loaded if "FROM clients" in statement]))

    assert counts[0] == counts[1]


async def test_what_depends_on_the_person_is_not_shared(
    api: Api, vendor: Api, product: str, streaming: Streaming, app: ASGIApp
) -> None:
    partner = ids.encode("Partner", api.partner_id)
    await vendor.done("setPartnerPolicy", "partner { id }", {"partnerId": partner, "fourEyes": True})
    colleague = await new_caller(api.http, api.portal, api.partner_id)
    query, of_orders = subscription("order { viewerCanApprove }"), {"types": ["ORDER_CREATED"]}
    async with AsyncExitStack() as stack:
        callers = (api, colleague, colleague, api)
        opened = [
            await stack.enter_async_context(streaming(caller, query, app=app, filter=of_orders)) for caller in callers
        ]
        seen = []
        for _ in range(2):
            await api.order((product, 1))
            seen.append([(await next_event(stream))["order"]["viewerCanApprove"] for stream in opened])

    assert seen == [[False, True, True, False]] * 2


async def test_partners_with_events_of_one_number_share_nothing(
    api: Api, other_api: Api, vendor: Api, streaming: Streaming, app: ASGIApp
) -> None:
    query = subscription("number partner { id }")
    while (ahead := (await number(api)) - (await number(other_api))) != 0:
        await (other_api if ahead > 0 else api).client()
    partners = [ids.encode("Partner", each.partner_id) for each in (api, other_api)]
    async with AsyncExitStack() as stack:
        followed = [
            await stack.enter_async_context(streaming(vendor, query, app=app, filter={"partnerId": partner}))
            for partner in partners
        ]
        # A commit of this process would end all sharing.
        elsewhere = Database(api.portal.database.url.render_as_string(hide_password=False))
        await elsewhere.write(partial(happened, partner_ids=(api.partner_id, other_api.partner_id)))
        await elsewhere.close()
        first, second = [await next_event(stream) for stream in followed]

    assert first["number"] == second["number"]
    assert [first["partner"]["id"], second["partner"]["id"]] == partners


async def happened(tx: Transaction, *, partner_ids: Sequence[int]) -> None:
    for partner_id in partner_ids:
        await event_log.append(tx, partner_id, [Event(type=EventType.CLIENT_UPDATED)], actor_id=None, at=NOON)


async def number(api: Api) -> int:
    (node,) = (await api.data("{ events(last: 1) { nodes { number } } }"))["events"]["nodes"] or [{"number": 0}]
    return int(node["number"])


async def test_an_error_has_the_id_of_each_request(
    api: Api, client: str, streaming: Streaming, monkeypatch: pytest.MonkeyPatch, app: ASGIApp
) -> None:
    def fail(_erased: str) -> None:
        message = "secret"
        raise RuntimeError(message)

    monkeypatch.setattr("schema.events.counts", fail)
    query = subscription("number erased { __typename }")
    async with streaming(api, query, app=app) as first, streaming(api, query, app=app) as second:
        await api.done("cancelClient", "client { id }", {"clientId": client})
        sent = [await stream.next() for stream in (first, second)]
    errors = [each.data["errors"][0]["extensions"] for each in sent if each is not None]

    assert [error["code"] for error in errors] == ["INTERNAL", "INTERNAL"]
    assert errors[0]["requestId"] != errors[1]["requestId"]


async def test_what_a_viewer_may_not_read_is_withheld_from_it_alone(
    api: Api, streaming: Streaming, app: ASGIApp
) -> None:
    query = subscription("message client { name }")
    lesser = frozenset({Permission.EVENTS_READ})
    script = await new_caller(api.http, api.portal, api.partner_id, chosen=lesser, kind=TokenKind.API)
    async with streaming(api, query, app=app) as manager, streaming(script, query, app=app) as limited:
        await api.client()
        found = [await next_event(manager), await next_event(limited)]

    assert found == [
        {"message": "Padaria São João: client registered.", "client": {"name": "Padaria São João"}},
        {"message": "…: client registered.", "client": None},
    ]
