"""Hints of new events between processes, and the looks that are left without them."""

import asyncio

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db.engine import Database, hints, row_scope
from db.engine.hints import Listener
from db.events import EventFilter, EventRow
from domain.events import EventType
from resolvers.feed import Feed
from resolvers.portal import Portal
from tests import factories
from tests.api import Api
from tests.eventually import eventually
from tests.resolvers.feeds import TYPES, commit, end_listeners


async def test_a_hint_of_another_process_needs_no_look(
    database: Database, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "_AGAIN_SECONDS", 0.01)
    partner_id = await factories.new_partner(Portal(database, b""))
    mine, other = Database(engine_url, hints=True), Database(engine_url, hints=True)
    # On SQLite, the version of the file is looked at instead.
    feed = Feed(mine, poll_seconds=0.01 if not mine.sends_hints else 600, poll_beside_hints=600)
    follower = feed.follow(partner_id, 0, EventFilter())

    async def hears() -> bool:
        return not mine.sends_hints or (feed._listener is not None and feed._listener.is_heard)  # noqa: SLF001 — it has no other sign.

    found: list[EventRow] = []
    try:
        for minute in (1, 2):
            await eventually(hears)
            await commit(other, partner_id, TYPES, minute)
            await other.hint()
            async with asyncio.timeout(20):
                found += await follower.batch()
            # The second time, by a connection that was opened again.
            await end_listeners(other)
    finally:
        follower.close()
        await mine.close()
        await other.close()

    assert [row.type for row in found] == [*TYPES, *TYPES]


async def test_hints_that_a_pooler_drops_are_not_relied_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_ECHO_SECONDS", 0.05)
    monkeypatch.setattr(hints, "_CHECK_SECONDS", 0.01)
    checks = asyncio.Queue[str]()
    if database.url.get_backend_name() == "sqlite":
        assert database.listener(lambda: None) is None
        return
    listener = Listener(database.url, checks.put, lambda: None)
    async with asyncio.timeout(20):
        for _ in range(3):
            await checks.get()
    is_heard = listener.is_heard
    await listener.close()

    assert not is_heard


async def test_a_listener_that_fails_is_not_relied_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(hints, "_CHECK_SECONDS", 0.01)
    if database.url.get_backend_name() == "sqlite":
        assert database.listener(lambda: None) is None
        return
    outcomes = iter([None, PoolTimeoutError("the pool is full"), None, RuntimeError("unexpected"), None])
    was_heard: list[bool] = []
    ended = asyncio.Event()

    async def notify(text: str) -> None:
        was_heard.append(listener.is_heard)
        failure = next(outcomes, None)
        if failure is not None:
            raise failure
        await database.write(lambda tx: hints.notify(tx, text))
        if len(was_heard) > 5:
            ended.set()

    listener = Listener(database.url, notify, lambda: None)
    async with asyncio.timeout(20):
        await ended.wait()
    await listener.close()

    assert was_heard[:6] == [False, True, False, True, False, True]


async def test_a_listener_that_is_heard_no_longer_connects_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(hints, "_CHECK_SECONDS", 0.01)
    if database.url.get_backend_name() == "sqlite":
        assert database.listener(lambda: None) is None
        return
    calls, seen = list[None](), list[tuple[bool, int]]()
    ended = asyncio.Event()

    async def notify(text: str) -> None:
        seen.append((listener.is_heard, len(calls)))
        is_lost = len(seen) == 2
        monkeypatch.setattr(hints, "_ECHO_SECONDS", 0.01 if is_lost else 20)
        if not is_lost:
            await database.write(lambda tx: hints.notify(tx, text))
        if len(seen) > 3:
            ended.set()

    listener = Listener(database.url, notify, lambda: calls.append(None))
    async with asyncio.timeout(20):
        await ended.wait()
    await listener.close()

    # It calls when it connects, and when it has lost a connection.
    assert seen[:4] == [(False, 1), (True, 1), (False, 3), (True, 3)]


async def test_a_listener_keeps_no_scope_of_the_request_that_starts_it(database: Database) -> None:
    if database.url.get_backend_name() == "sqlite":
        assert database.listener(lambda: None) is None
        return
    scopes, notified = list[str](), asyncio.Event()

    async def notify(text: str) -> None:
        del text
        scopes.append(row_scope.value())
        notified.set()

    with row_scope.of_partner(1):
        listener = Listener(database.url, notify, lambda: None)
    async with asyncio.timeout(20):
        await notified.wait()
    await listener.close()

    assert set(scopes) == {row_scope.NOTHING}


async def test_a_feed_on_sqlite_runs_no_statement_while_nothing_is_committed(level: Api) -> None:
    database, statements = level.portal.database, list[str]()
    feed = Feed(database, poll_seconds=0.001)
    follower = feed.follow(level.partner_id, 0, EventFilter())
    await level.client()
    found = await follower.batch()
    database.observers.append(statements.append)
    # The commit may be seen before its hint, which causes one more look.
    for _ in range(5):
        statements.clear()
        with pytest.raises(TimeoutError):
            await follower.batch(within=0.1)
        if not statements:
            break
    database.observers.clear()
    follower.close()

    assert len(found) == 1
    assert statements == []


async def test_commits_of_partners_without_followers_are_looked_for_ever_more_rarely(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.feed._PAUSE_MAX_SECONDS", 3_600)
    partner_id, neighbour_id = [await factories.new_partner(Portal(database, b"")) for _ in range(2)]
    of_process, commits = Feed(database), 60
    follower = of_process.follow(partner_id, 0, EventFilter())
    statements: list[str] = []
    database.observers.append(statements.append)

    for minute in range(commits):
        await commit(database, neighbour_id, [EventType.CLIENT_REGISTERED], minute)

    follower.close()
    looks = [each for each in statements if each.startswith("SELECT") and "event_number" in each]
    # A pause that doubles 20 times takes more than an hour.
    assert 0 < len(looks) < 20 < commits


async def test_an_event_among_commits_of_other_partners_is_delivered(database: Database) -> None:
    partner_id, neighbour_id = [await factories.new_partner(Portal(database, b"")) for _ in range(2)]
    follower, has_arrived = Feed(database).follow(partner_id, 0, EventFilter()), asyncio.Event()

    async def write_on() -> None:
        while not has_arrived.is_set():
            await commit(database, neighbour_id, [EventType.CLIENT_REGISTERED], 1)

    writing = asyncio.create_task(write_on())
    try:
        for number in (1, 2, 3):
            await commit(database, partner_id, [EventType.CLIENT_UPDATED], number)
            assert [row.number for row in await follower.batch()] == [number]
    finally:
        has_arrived.set()
        await writing
        follower.close()
