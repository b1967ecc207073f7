"""Answers of large operations are encoded within their deadline, and what they are made of is freed."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from time import perf_counter, sleep
from typing import Any

import orjson
import pytest
from graphql import Node

from breadth import BatchExecutor
from breadth.paths import Paths, PropagatingError
from db.engine import Database
from db.engine.deadline import Deadline, current
from domain.deadlines import CallerGone, ReadTimedOut
from domain.errors import ApiError
from resolvers.access import viewer_of
from resolvers.context import Context
from resolvers.portal import Portal
from server.graphql.answer_json import PartEncoder
from server.graphql.answers import Answer
from server.graphql.cost_prices import SHORT_POINTS, SMALL_POINTS, SMALL_SIZE, Price
from server.graphql.large_answers import written
from server.graphql.operation_requests import OperationRequest
from server.graphql.operations import Operations
from server.graphql.pauses import SLICE_SECONDS, Pauses, ShortOperations, Turns
from tests.api import Api, serving
from tests.databases import ENGINES, Databases
from tests.eventually import eventually
from tests.executors import DOCUMENTS
from tests.factories import new_manager

DATA = {"rows": [{"id": str(number)} for number in range(1_000)]}
LONGEST = 10**6
SMALL = "{ clients(first: 1) { nodes { id } } }"
LARGE = "{ clients(first: 100) { nodes { id activations(first: 100) { nodes { id } } } } }"
SCAN = """activations(first: 1, sort: {by: CLIENT_NAME}, filter: {activatedAt: {from: "2099-01-01T00:00:00Z"}}) {
    nodes { id } }"""
SCANS = f"{{ {' '.join(f'a{number}: {SCAN}' for number in range(4))} }}"
"""Query of few objects and many points."""

MANY = "{ " + " ".join(f"a{number}: clients(first: 5) {{ nodes {{ id name }} }}" for number in range(30)) + " }"
"""Query of many lists that is neither short nor large."""


async def _written(api: Api, until: Deadline, body: dict[str, Any]) -> Answer:
    context = Context(api.portal, viewer=None, deadline=until)
    answer = Answer(body, executed=True, codes=frozenset())
    return await written(context, answer, Pauses(ShortOperations(), Turns()), PartEncoder(LONGEST))


async def test_the_data_is_json_and_the_errors_stay(level: Api) -> None:
    body: dict[str, Any] = {"data": DATA, "errors": [{"message": "not there"}]}
    expected = orjson.dumps(body)

    answer = await _written(level, Deadline(60), body)

    assert answer.json == expected
    assert answer.body == {"errors": [{"message": "not there"}]}


async def test_a_query_is_not_encoded_after_its_deadline(level: Api) -> None:
    with pytest.raises(ReadTimedOut):
        await _written(level, Deadline(0), {"data": DATA})


async def test_a_query_of_a_caller_who_went_away_is_not_encoded(level: Api) -> None:
    until = Deadline(60)
    until.abandon()

    with pytest.raises(CallerGone):
        await _written(level, until, {"data": DATA})


async def test_the_answer_to_a_change_is_encoded_after_its_deadline(level: Api) -> None:
    until = Deadline(0, 0)
    until.allow_change()

    answer = await _written(level, until, {"data": DATA})

    assert answer.json == orjson.dumps({"data": DATA})


class Ending(Deadline):
    """Deadline that can pass at any time."""

    def end(self) -> None:
        """Let it pass now."""
        self._ends = perf_counter()


@pytest.mark.parametrize("ends_at", [1, 2])
@pytest.mark.parametrize(("end", "error"), [(Ending.abandon, CallerGone), (Ending.end, ReadTimedOut)])
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_large_query_that_is_stopped_makes_no_errors_of_objects(
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
    *,
    engine: str,
    end: Callable[[Ending], None],
    error: type[ApiError],
    ends_at: int,
) -> None:
    portal = Portal(Database(databases.shared(engine)), secret=b"s" * 32)
    # PostgreSQL reads without a transaction only before the time at which its server would end a statement.
    until, loop = Ending(50), asyncio.get_running_loop()
    made, statements = list[Exception](), list[str]()
    raising = BatchExecutor.raising

    def note(
        executor: BatchExecutor, error: Exception, nodes: Sequence[Node], paths: Paths, index: int
    ) -> PropagatingError:
        made.append(error)
        return raising(executor, error, nodes, paths, index)

    def stop(statement: str) -> None:
        statements.append(statement)
        if len(statements) == ends_at:
            # On SQLite, the read is in a thread.
            loop.call_soon_threadsafe(end, until)

    async with serving(portal, DOCUMENTS) as http:
        manager = await new_manager(http, portal)
        await manager.client()
        context = Context(portal, viewer=await viewer_of(portal, str(manager.token), None), deadline=until)
        monkeypatch.setattr(BatchExecutor, "raising", note)
        portal.database.observers.append(stop)
        before = current.set(until)
        try:
            try:
                found = (await Operations(portal, DOCUMENTS).execute(context, OperationRequest(LARGE))).codes
            except ReadTimedOut as late:
                found = frozenset({late.code})
        finally:
            current.reset(before)
            portal.database.observers.remove(stop)
    await portal.database.close()

    assert found == {error.code}
    assert not made
    assert len(statements) == ends_at


async def test_a_small_operation_is_short_while_it_waits_for_the_database(databases: Databases) -> None:
    portal = Portal(Database(databases.shared("postgresql")), secret=b"s" * 32)
    seen = set[int]()
    async with serving(portal, DOCUMENTS) as http:
        manager = await new_manager(http, portal)
        context = Context(portal, viewer=await viewer_of(portal, str(manager.token), None))
        operations = Operations(portal, DOCUMENTS)
        running = asyncio.ensure_future(operations.execute(context, OperationRequest(SMALL)))
        while not running.done():
            await asyncio.sleep(0)
            seen.add(operations.short.number)
        await running
    await portal.database.close()

    assert 1 in seen
    assert operations.short.number == 0


def _price(query: str) -> Price:
    (operation,) = DOCUMENTS.get(query, None, None).operations.values()
    return operation.price_of({})


async def test_a_query_of_many_points_waits_for_its_partners_large_one(level: Api) -> None:
    assert _price(SCANS).points > SMALL_POINTS
    assert _price(SCANS).figures.size < SMALL_SIZE
    operations = Operations(level.portal, DOCUMENTS)
    viewer = await viewer_of(level.portal, str(level.token), None)

    async def is_waiting() -> bool:
        return operations.waiting > 0

    async with operations.budget.share(1, level.partner_id):
        scans = asyncio.ensure_future(operations.execute(Context(level.portal, viewer=viewer), OperationRequest(SCANS)))
        await eventually(is_waiting)

        answer = await operations.execute(Context(level.portal, viewer=viewer), OperationRequest(SMALL))

        assert not answer.codes
        assert not scans.done()
    found = await scans
    assert found.json is not None
    assert orjson.loads(found.json) == {"data": {f"a{number}": {"nodes": []} for number in range(4)}}


async def test_a_query_that_is_not_short_makes_pauses_but_does_not_wait(level: Api) -> None:
    assert SHORT_POINTS < _price(MANY).points <= SMALL_POINTS
    operations = Operations(level.portal, DOCUMENTS)
    viewer = await viewer_of(level.portal, str(level.token), None)
    turns = list[Hashable]()

    class Noting(Turns):
        async def turn(self, key: Hashable) -> None:
            turns.append(key)
            await super().turn(key)

    operations.turns = Noting()
    # Each list has a unit of work, in which the slice ends.
    level.portal.database.observers.append(lambda _: sleep(2 * SLICE_SECONDS))
    async with operations.budget.share(1, level.partner_id):
        answer = await operations.execute(Context(level.portal, viewer=viewer), OperationRequest(MANY))

    assert answer.body == {"data": {f"a{number}": {"nodes": []} for number in range(30)}}
    assert set(turns) == {level.partner_id}
