"""Price tables: which versions are listed, and how tables are named."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from domain import price_tables
from domain.price_tables import VERSIONS_MAX

NOON = datetime(2027, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class Version(NamedTuple):
    """Version of a price table."""

    number: int
    begins_at: datetime | None


def versions(*begins: datetime | None) -> list[Version]:
    """Return a version for each begin, newest first; None is that of a draft."""
    return [Version(number, begins_at) for number, begins_at in enumerate(begins, 1)][::-1]


def numbers(*begins: datetime | None) -> list[int]:
    return [each.number for each in price_tables.listed(versions(*begins), NOON)]


def test_all_versions_are_listed_if_there_are_few() -> None:
    assert numbers(NOON + DAY, NOON - DAY, NOON, None) == [4, 3, 2, 1]
    assert numbers() == []


def test_of_many_versions_the_newest_fill_the_list_up() -> None:
    listed = numbers(*[NOON - DAY] * 60, None)

    assert listed == list(range(61, 61 - VERSIONS_MAX, -1))


def test_the_draft_and_the_version_in_force_are_always_listed() -> None:
    later = [NOON + days * DAY for days in range(1, 61)]

    listed = numbers(NOON, *later, NOON - DAY, None)

    assert listed == [63, *range(VERSIONS_MAX - 1, 0, -1)]


def test_a_version_never_in_force_yields_to_one_that_will_be() -> None:
    replaced = [NOON + DAY] * 60

    listed = numbers(NOON + 2 * DAY, NOON, *replaced)

    assert listed == [*range(62, 62 - (VERSIONS_MAX - 2), -1), 2, 1]
