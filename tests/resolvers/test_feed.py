"""The feed: whatever happens to a follower, it gets the log of its filter."""

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import events
from db.engine import Database
from db.events import EventFilter, EventRow
from domain.events import Event, EventType
from resolvers.feed import Feed, Follower, matching
from resolvers.portal import Portal
from tests import factories
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
        st.tuples(st.just("read"), st.integers(0, 2)),
        st.tuples(st.just("reconnect"), st.integers(0, 2)),
    ),
    max_size=14,
)


async def commit(database: Database, partner_id: int, types: Sequence[EventType], minute: int) -> None:
    happened, at = [Event(type=each) for each in types], factories.NOON + timedelta(minutes=minute)
    await database.write(lambda tx: events.append(tx, partner_id, happened, actor_id=None, at=at))


async def log_of(database: Database, partner_id: int, chosen: EventFilter) -> list[int]:
    async with reading(database) as connection:
        found = await events.between(connection, partner_id, chosen, after=0, last=1_000)
    return [row.number for row in found]


async def drained(follower: Follower, last: int) -> list[EventRow]:
    """Return what a follower gets until it has passed the last number."""
    found: list[EventRow] = []
    while follower.position < last:
        batch = asyncio.ensure_future(follower.batch())
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
    database: Database, filters: list[EventFilter], steps: list[tuple[str, object]]
) -> None:
    partner_id = await factories.new_partner(Portal(database, b""))
    # So few are kept that followers fall behind what is kept.
    of_process = Feed(database, kept=4, poll_seconds=0.01)
    got: list[list[int]] = [[], [], []]
    followers = [of_process.follow(partner_id, 0, chosen) for chosen in filters]
    last = 0
    for minute, (step, value) in enumerate(steps):
        if step.startswith("commit"):
            assert isinstance(value, list)
            wakes = list(database.after_commit)
            if step.endswith("unnoticed"):
                database.after_commit.clear()
            await commit(database, partner_id, value, minute)
            database.after_commit[:] = wakes
            last += len(value)
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
