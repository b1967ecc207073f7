"""The feed: whatever happens to a follower, it gets the log of its filter."""

import asyncio
import gc
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import events
from db.engine import Database
from db.events import EventFilter, EventRow, matching
from domain.events import EventType
from resolvers.feed import Feed
from resolvers.portal import Portal
from tests import factories
from tests.eventually import eventually
from tests.resolvers.feeds import TYPES, commit, drained, end_listeners
from tests.units import reading

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


async def log_of(database: Database, partner_id: int, chosen: EventFilter) -> list[int]:
    async with reading(database) as connection:
        found = await events.between(connection, partner_id, chosen, after=0, last=1_000)
    return [row.number for row in found]


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
    # What earlier tests made is not looked through.
    gc.freeze()
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
