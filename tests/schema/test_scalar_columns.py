"""The portal's scalars serialize a column of values as they serialize one value."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from schema import schema
from tests.breadth.leaves import answers

_datetime: Any = schema._schema.type_map["DateTime"]  # noqa: SLF001 — Strawberry shows it under no other name.
MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(st.lists(MOMENTS | st.none()))
@example([datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)])
@example([datetime(2026, 11, 24, 12, 30, tzinfo=UTC), None, datetime(999, 1, 1, microsecond=1, tzinfo=UTC)])
def test_moments_are_written_alike(moments: list[datetime | None]) -> None:
    stock, level = answers(_datetime, moments)

    assert level == stock
