"""Results that subscriptions share: while nothing has changed, and without what is one viewer's own."""

import asyncio
from collections.abc import Sequence

import pytest
from graphql import ExecutionResult, OperationDefinitionNode, parse

from db import events
from db.engine.deadline import Deadline
from db.events import EventFilter, EventRow
from domain.deadlines import ReadTimedOut
from domain.languages import Language
from resolvers import access
from resolvers.context import Context
from resolvers.viewers import Viewer
from server.graphql.event_batches import event_variables
from server.graphql.operation_facts import Operation
from server.graphql.root_fields import fragments_of
from server.graphql.shared_results import Cost, Kind, Result, SharedResults
from tests.api import Api
from tests.executors import DOCUMENTS
from tests.factories import new_caller
from tests.units import reading

DOCUMENT = "subscription { events { number client { city } order { viewerCanApprove } } }"


@pytest.fixture(autouse=True)
def _kept_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep results as long as a slow machine may take."""
    monkeypatch.setattr("server.graphql.shared_results.KEPT_SECONDS", 60)


def operation() -> Operation:
    (found,) = DOCUMENTS.get(DOCUMENT, None, None).operations.values()
    return found


class Subscriber:
    """Subscription that counts its executions, which wait until they are let go."""

    def __init__(self, shared: SharedResults, api: Api, cost: Cost | None = None) -> None:
        self._shared, self._api, self._cost = shared, api, cost
        self._operation = operation()
        self.executions = 0
        self.deadline: Deadline | None = None
        self.begun, self.may_run = asyncio.Event(), asyncio.Event()
        self.may_run.set()
        shared.enter()

    async def results(self, rows: Sequence[EventRow], until: Deadline | None = None) -> list[Result] | None:
        """Return the results as a subscription asks for them."""
        kind = Kind(self._operation.prepared, b"{}", Language.ENGLISH, self._api.partner_id, self._cost)
        return await self._shared.results(kind, await viewer_of(self._api), rows, self._execute, until)

    async def _execute(self, context: Context, rows: Sequence[EventRow]) -> ExecutionResult:
        self.executions += 1
        self.deadline = context.deadline
        self.begun.set()
        await self.may_run.wait()
        prepared = self._operation.prepared
        variables = prepared.coerced({})
        assert not isinstance(variables, list)
        found = prepared.execute_with(variables, root_value=rows, context_value=context)
        return found if isinstance(found, ExecutionResult) else await found


async def viewer_of(api: Api) -> Viewer:
    found = await access.viewer_of(api.portal, str(api.token), None)
    assert found is not None
    return found


async def rows_of(api: Api, count: int = 1) -> Sequence[EventRow]:
    """Return the last events of the partner."""
    async with reading(api.portal.database) as connection:
        rows = list(await events.between(connection, api.partner_id, EventFilter(), after=0, last=1_000))
    return rows[-count:]


def cities(found: list[Result] | None) -> list[object]:
    assert found is not None
    return [each.body["data"]["events"]["client"]["city"] for each in found]  # type: ignore[index]  # JSON.


async def test_a_commit_ends_the_sharing_of_what_was_read_before(api: Api) -> None:
    client, shared = await api.client(city="Olinda"), SharedResults(api.portal)
    rows, subscribers = await rows_of(api), [Subscriber(shared, api) for _ in range(3)]

    before = [cities(await each.results(rows)) for each in subscribers]
    await api.done("updateClient", "client { id }", {"clientId": client, "city": "Recife"})
    after = [cities(await each.results(rows)) for each in subscribers]

    assert (before, after) == ([["Olinda"]] * 3, [["Recife"]] * 3)
    assert [each.executions for each in subscribers] == [2, 0, 0]


async def test_the_next_that_waits_executes_what_a_caller_left(api: Api) -> None:
    await api.client(city="Olinda")
    shared = SharedResults(api.portal)
    rows, subscribers = await rows_of(api), [Subscriber(shared, api) for _ in range(3)]
    subscribers[0].may_run.clear()

    running = [asyncio.create_task(each.results(rows)) for each in subscribers]
    await subscribers[0].begun.wait()
    running[0].cancel()
    found = await asyncio.gather(*running[1:])

    assert [cities(each) for each in found] == [["Olinda"]] * 2
    assert sum(each.executions for each in subscribers) == 2


async def test_subscriptions_with_the_same_report_share_it(api: Api) -> None:
    await api.client()
    shared = SharedResults(api.portal)
    rows, costs = await rows_of(api), [None, Cost(2, 5_000), Cost(2, 5_000), Cost(3, 5_000)]
    subscribers = [Subscriber(shared, api, cost) for cost in costs]

    found = [await each.results(rows) for each in subscribers]

    assert [each.executions for each in subscribers] == [1, 1, 0, 1]
    assert [results and results[0].body.get("extensions") for results in found] == [
        cost and {"cost": {"requested": cost.requested, "limit": cost.limit}} for cost in costs
    ]


async def test_a_subscription_alone_shares_nothing(api: Api) -> None:
    await api.client()
    shared = SharedResults(api.portal)

    assert await Subscriber(shared, api).results(await rows_of(api)) is None


async def test_an_old_batch_is_not_kept_for_others(api: Api) -> None:
    for _ in range(11):
        await api.client()
    shared = SharedResults(api.portal)
    subscriber, _ = Subscriber(shared, api), Subscriber(shared, api)

    assert await subscriber.results(await rows_of(api, 11)) is None
    assert await subscriber.results(await rows_of(api, 10)) is not None


async def test_what_reads_more_of_a_viewer_is_shared_by_equal_ones(api: Api, product: str) -> None:
    await api.order((product, 1))
    shared, colleague = SharedResults(api.portal), await new_caller(api.http, api.portal, api.partner_id)
    rows = await rows_of(api)
    mine, same, other = Subscriber(shared, api), Subscriber(shared, api), Subscriber(shared, colleague)

    first = await mine.results(rows)
    found = [await each.results(rows) for each in (mine, same, other)]

    # The first finds out, and every caller then executes by itself what was shared by no one.
    assert first is None
    assert found[0] is not None
    assert found[0] is found[1]
    assert found[2] is not None
    assert found[2] is not found[0]


async def test_nothing_is_left_of_the_last_subscription(api: Api) -> None:
    await api.client()
    shared = SharedResults(api.portal)
    before = list(api.portal.database.after_commit)
    subscribers = [Subscriber(shared, api) for _ in range(2)]
    await subscribers[0].results(await rows_of(api))
    for _ in subscribers:
        shared.leave()

    assert (shared._entries, api.portal.database.after_commit) == ({}, before)  # noqa: SLF001 — it shows nowhere else.


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("subscription ($a: String, $f: EventFilter) { events(after: $a, filter: $f) { number } }", set()),
        ("subscription ($a: String, $b: Boolean!) { events(after: $a) { number @include(if: $b) } }", {"b"}),
        ("subscription ($b: Boolean!) { events @include(if: $b) { number } }", {"b"}),
        ("subscription ($n: Int!) { events { client { activations(first: $n) { nodes { id } } } } }", {"n"}),
        ("subscription ($b: Boolean!) { events { ...F } } fragment F on Event { type @skip(if: $b) }", {"b"}),
        ("subscription ($a: String) { ...S } fragment S on Subscription { events(after: $a) { number } }", {"a"}),
    ],
)
def test_a_result_depends_on_the_variables_below_the_events(document: str, names: set[str]) -> None:
    ast = parse(document)
    (operation_node,) = [each for each in ast.definitions if isinstance(each, OperationDefinitionNode)]

    assert event_variables(operation_node, fragments_of(ast)) == names


async def test_a_shared_execution_has_the_deadline_of_a_request(api: Api) -> None:
    await api.client()
    shared = SharedResults(api.portal)
    first, second = Subscriber(shared, api), Subscriber(shared, api)
    rows = await rows_of(api)
    first.may_run.clear()

    running = asyncio.create_task(first.results(rows, Deadline(3_600)))
    await first.begun.wait()
    with pytest.raises(ReadTimedOut):
        await second.results(rows, Deadline(0))
    first.may_run.set()

    assert await running
    assert first.deadline is not None
    assert first.deadline.seconds == 3_600
    assert not second.executions
