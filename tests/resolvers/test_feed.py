"""The feed: whatever happens to a follower, it gets the log of its filter."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db import event_log, events
from db.engine import Database, hints
from db.engine.filters import value as value_of
from db.engine.hints import Listener
from db.engine.statement import Statement
from db.events import EventFilter, EventRow, matching
from domain.events import Event, EventType
from resolvers.feed import Feed, Follower
from resolvers.portal import Portal
from tests import factories
from tests.api import Api
from tests.eventually import eventually
from tests.units import reading

TYPES = (EventType.CLIENT_REGISTERED, EventType.CLIENT_UPDATED, EventType.CLIENT_CANCELLED)
FILTERS = st.builds(
    EventFilter,
    # Another test has events of clients; here no event is about one.
    client_id=st.none() | st.sampled_from([None, None, 1]),
    types=st.none() | st.frozensets(st.sampled_from(TYPES)),
    occurred_from=st.none() | st.just(factories.NOON + timedelta(minutes=3)),
    occurred_to=st.none() | st.just(factories.NOON + timedelta(minutes=9)),
)
COMMITS = st.lists(st.sampled_from(TYPES), min_size=1, max_size=6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), COMMITS),
        st.tuples(st.just("commit unnoticed"), COMMITS),
        st.tuples(st.just("commit elsewhere"), COMMITS),
        st.tuples(st.just("commit of another partner"), COMMITS),
        st.tuples(st.just("commit elsewhere with a hint"), COMMITS),
        st.tuples(st.just("hint for nothing"), st.just(0)),
        st.tuples(st.just("stop listening"), st.just(0)),
        st.tuples(st.just("read"), st.integers(0, 2)),
        st.tuples(st.just("reconnect"), st.integers(0, 2)),
    ),
    max_size=14,
)


async def commit(database: Database, partner_id: int, types: Sequence[EventType], minute: int) -> None:
    happened, at = [Event(type=each) for each in types], factories.NOON + timedelta(minutes=minute)
    await database.write(lambda tx: event_log.append(tx, partner_id, happened, actor_id=None, at=at))


async def log_of(database: Database, partner_id: int, chosen: EventFilter) -> list[int]:
    async with reading(database) as connection:
        found = await events.between(connection, partner_id, chosen, after=0, last=1_000)
    return [row.number for row in found]


LISTENERS: Statement[bool] = Statement(
    sa.select(sa.func.pg_terminate_backend(sa.column("pid", sa.Integer), type_=sa.Boolean))
    .select_from(sa.table("pg_stat_activity"))
    .where(
        sa.column("datname", sa.Text) == sa.func.current_database(),
        sa.column("query", sa.Text).like("LISTEN %"),
    ),
    value_of,
)


async def end_listeners(database: Database) -> int:
    """End all connections that listen, as a restarted server does; return how many there were."""
    if not database.sends_hints:
        return 0
    return len(await database.write(lambda tx: tx.fetch(LISTENERS)))


async def drained(follower: Follower, last: int) -> list[EventRow]:
    """Return what a follower gets until it has passed the last number."""
    found: list[EventRow] = []
    while follower.position < last:
        batch = asyncio.ensure_future(follower.batch(1 + last % 4))
        # Events that no filter lets through move the follower on, which then waits for others.
        while not batch.done() and follower.position < last:
            await asyncio.wait((batch,), timeout=0.005)
        if not batch.done():
            batch.cancel()
        await asyncio.wait((batch,))
        found += [] if batch.cancelled() else batch.result()
    return found


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters=st.lists(FILTERS, min_size=3, max_size=3), steps=STEPS)
async def test_each_follower_gets_exactly_the_filtered_log(
    database: Database, engine_url: str, filters: list[EventFilter], steps: list[tuple[str, object]]
) -> None:
    partner_id, neighbour_id = [await factories.new_partner(Portal(database, b"")) for _ in range(2)]
    mine, other = Database(engine_url, hints=True), Database(engine_url, hints=True)
    try:
        await follow_through((partner_id, neighbour_id), mine, other, filters, steps)
    finally:
        await mine.close()
        await other.close()


async def follow_through(
    partners: tuple[int, int],
    database: Database,
    other: Database,
    filters: list[EventFilter],
    steps: list[tuple[str, object]],
) -> None:
    partner_id, neighbour_id = partners
    # So few are kept that followers fall behind what is kept.
    of_process = Feed(database, kept=4, poll_seconds=0.01, poll_beside_hints=0.02)
    got: list[list[int]] = [[], [], []]
    followers = [of_process.follow(partner_id, 0, chosen) for chosen in filters]
    last = 0
    for minute, (step, value) in enumerate(steps):
        if step.startswith("commit"):
            assert isinstance(value, list)
            wakes = list(database.after_commit)
            if step.endswith("unnoticed"):
                database.after_commit.clear()
            of = neighbour_id if step.endswith("another partner") else partner_id
            await commit(other if "elsewhere" in step else database, of, value, minute)
            database.after_commit[:] = wakes
            last += len(value) if of == partner_id else 0
            if step.endswith("hint"):
                await other.hint()
        elif step == "hint for nothing":
            await other.hint()
        elif step == "stop listening":
            await end_listeners(other)
        else:
            assert isinstance(value, int)
            if step == "reconnect":
                followers[value].close()
                followers[value] = of_process.follow(partner_id, followers[value].position, filters[value])
            got[value] += [row.number for row in await drained(followers[value], last)]
    for place, follower in enumerate(followers):
        got[place] += [row.number for row in await drained(follower, last)]
        follower.close()

    assert got == [await log_of(database, partner_id, chosen) for chosen in filters]
    assert of_process.followers == 0


@pytest.mark.edge
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=FILTERS, types=COMMITS)
async def test_a_filter_chooses_the_same_events_as_its_statement(
    database: Database, chosen: EventFilter, types: list[EventType]
) -> None:
    partner_id = await factories.new_partner(Portal(database, b""))
    for minute, each in enumerate(types):
        await commit(database, partner_id, [each], 2 * minute)

    async with reading(database) as connection:
        everything = await events.between(connection, partner_id, EventFilter(), after=0, last=1_000)
    found = [row.number for row in everything if matching(chosen)(row)]

    assert found == await log_of(database, partner_id, chosen)


async def test_short_pages_of_the_feed_lose_nothing(database: Database) -> None:
    partner_id = await factories.new_partner(Portal(database, b""))
    await commit(database, partner_id, [*TYPES, *TYPES, *TYPES], 1)
    feed = Feed(database)
    for chosen in (EventFilter(), EventFilter(types=frozenset(TYPES[1:]))):
        for at_most in (1, 2, 4):
            found, after, sizes = list[int](), 0, set[int]()
            while after < 9:
                rows, after = await feed.page(partner_id, chosen, after=after, last=9, at_most=at_most)
                found += [row.number for row in rows]
                sizes.add(len(rows))

            assert found == await log_of(database, partner_id, chosen)
            assert max(sizes) == at_most


async def test_what_another_process_commits_is_found(database: Database, engine_url: str) -> None:
    partner_id = await factories.new_partner(Portal(database, b""))
    follower = Feed(database).follow(partner_id, 0, EventFilter())
    other = Database(engine_url)
    try:
        async with asyncio.timeout(20):
            await commit(other, partner_id, TYPES, 1)
            found = await follower.batch()
    finally:
        follower.close()
        await other.close()

    assert [row.type for row in found] == list(TYPES)


def test_an_event_has_each_field_of_a_filter_but_types_and_times() -> None:
    names = {each.name for each in fields(EventFilter)}

    assert names - set(EventRow._fields) == {"types", "occurred_from", "occurred_to"}


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


async def test_a_follower_ahead_of_a_replica_waits_between_looks(database: Database, engine_url: str) -> None:
    partner_id = await factories.new_partner(Portal(database, b""))
    mine = Database(engine_url)
    looks = list[str]()
    mine.observers.append(lambda statement: looks.append(statement) if "dropped_number" in statement else None)
    feed = Feed(mine, poll_seconds=600)
    # Its position says that there are events, which this database does not have yet.
    first, second = (feed.follow(partner_id, position, EventFilter()) for position in (3, 0))
    batch = asyncio.ensure_future(second.batch())

    async def has_looked() -> bool:
        return bool(looks)

    try:
        await eventually(has_looked)
        for _ in range(5):
            await feed.last_number(partner_id)
    finally:
        batch.cancel()
        await asyncio.wait((batch,))
        first.close()
        second.close()
        await mine.close()

    assert len(looks) == 1


async def test_followers_who_wait_share_no_future(database: Database) -> None:
    partner_id = await factories.new_partner(Portal(database, b""))
    feed = Feed(database)
    followers = [feed.follow(partner_id, 0, EventFilter()) for _ in range(50)]
    batches = [asyncio.ensure_future(each.batch()) for each in followers]
    try:
        await feed.last_number(partner_id)
        await asyncio.sleep(0)
        # A weak proxy whose object is gone raises an error when it is asked for its class.
        futures = [each for each in gc.get_objects() if issubclass(type(each), asyncio.Future)]
        # Cancelling the wait of one searches all callbacks of its future.
        shared = max(len(each._callbacks or ()) for each in futures if not each.done())  # noqa: SLF001 — it has no other sign.
        await commit(database, partner_id, TYPES, 1)
        async with asyncio.timeout(20):
            found = await asyncio.gather(*batches)
    finally:
        # A follower that is left reads on beside the tests that count statements.
        for each in followers:
            each.close()

    assert shared < len(followers)
    assert [len(rows) for rows in found] == [len(TYPES)] * len(followers)


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
