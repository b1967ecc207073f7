"""Column types mean the same on both engines."""

from datetime import UTC, datetime, timedelta, timezone

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from db.engine import Database
from db.engine.column_types import Instant
from db.tables import clients
from tests.factories import add_client, add_partner
from tests.units import fetch_value, fetch_values, reading, writing

moments = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 — the strategy adds the time zone.
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001 — the same.
    timezones=st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours))),
)


@settings(max_examples=25)
@given(at=moments)
async def test_a_moment_is_read_as_it_was_written_and_in_utc(database: Database, at: datetime) -> None:
    async with reading(database) as connection:
        read = await fetch_value(connection, sa.select(sa.literal(at, Instant)))

    assert read == at
    assert read is not None
    assert read.tzinfo is UTC


@settings(max_examples=10)
@given(times=st.lists(moments, min_size=2, max_size=5))
async def test_moments_are_sorted_by_time(database: Database, times: list[datetime]) -> None:
    async with writing(database) as tx:
        partner_id = await add_partner(tx)
        for at in times:
            await add_client(tx, partner_id, at=at)
        statement = sa.select(clients.c.registered_at).where(clients.c.partner_id == partner_id)
        read = await fetch_values(tx, statement.order_by(clients.c.registered_at))

    assert read == sorted(times)
