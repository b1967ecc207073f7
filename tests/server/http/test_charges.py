"""What is given back of the points of requests that were executed and could not be answered as they asked."""

from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from db.engine.deadline import Deadline
from domain.rates import Limit
from resolvers.context import Context
from resolvers.rates import Account, Charge, Lease
from server.app import create_app
from server.graphql.operations import Answer
from server.http import charges
from server.http.backlog import BACKLOG_MAX_BYTES, Backlog
from tests.api import Api, address
from tests.executors import DOCUMENTS
from tests.server.http.test_rates import VIEWER, ask, left, settings

LONG = f"{{ {' '.join(f'a{number}: viewer {{ user {{ id name email }} }}' for number in range(20))} }}"
POINTS = 100


@pytest.fixture
def charge() -> Charge:
    """Charge of an operation that could return many objects, and has begun."""
    lease = Lease("any", "address", Limit(POINTS, 50))
    lease.left = POINTS
    charge = Charge(Account(lease, None, lambda _: None), POINTS)
    assert charge.pay()
    charge.selected, charge.has_run = lambda: 1_000, True
    return charge


def settled(api: Api, charge: Charge, deadline: Deadline) -> int:
    """Return the points kept for a query that found the database not available."""
    body: dict[str, Any] = {"data": None, "errors": [{}]}
    operation = DOCUMENTS.get(VIEWER).operations[None]
    answer = Answer(body, executed=True, codes=frozenset({"UNAVAILABLE"}), operation=operation)
    charges.settle(Context(api.portal, deadline=deadline, charge=charge), answer, b'{"data":null}', longest=1_000)
    return charge.spent


def test_what_found_no_database_pays_for_half(api: Api, charge: Charge) -> None:
    assert settled(api, charge, Deadline(60)) == POINTS // 2


def test_a_caller_who_has_gone_pays_for_all(api: Api, charge: Charge) -> None:
    deadline = Deadline(60)
    deadline.abandon()

    assert settled(api, charge, deadline) == POINTS


def test_what_has_begun_is_not_cancelled(api: Api, charge: Charge) -> None:
    charges.cancel(Context(api.portal, charge=charge))

    assert charge.spent == POINTS


async def test_an_answer_that_is_too_long_is_paid_in_full(api: Api) -> None:
    app = create_app(api.portal, settings().model_copy(update={"max_answer_bytes": 1_024}), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.

    assert await _paid(api, app, LONG, "COST_EXCEEDED") == DOCUMENTS.get(LONG).operations[None].points({})


async def test_an_answer_without_room_in_the_backlog_is_paid(api: Api) -> None:
    query = "{ __schema { types { name description fields { name description args { name description } } } } }"
    app = create_app(api.portal, settings(partner=50_000), documents=DOCUMENTS)
    app.state.limiter._now = int  # noqa: SLF001 — nothing leaks.

    async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["backlog"] = Backlog(lambda: BACKLOG_MAX_BYTES)
        await app(scope, receive, send)

    points = DOCUMENTS.get(query).operations[None].points({})

    assert points / 2 <= await _paid(api, crowded, query, "UNAVAILABLE") <= points


async def _paid(api: Api, app: ASGIApp, query: str, code: str) -> int:
    """Return the points that a query was charged, whose answer was replaced by an error."""
    transport = httpx.ASGITransport(app, client=(address(), 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        DOCUMENTS.get(VIEWER)
        first, second = left(await ask(http, VIEWER, api.token)), left(await ask(http, VIEWER, api.token))
        response = await ask(http, query, api.token)
        third = left(await ask(http, VIEWER, api.token))
    assert response.json()["errors"][0]["extensions"]["code"] == code
    return second - third - (first - second)
