"""Price tables: which versions are listed, and how tables are named."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

import pytest

from domain import price_tables
from domain.price_tables import NAME_LENGTH, VERSIONS_MAX

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


@pytest.mark.parametrize("length", [1, 176, 177, 178, 200])
def test_default_names_differ_and_are_short_enough(length: int) -> None:
    names = list(islice(price_tables.default_names("A" * length, "16727230000197"), 100))

    assert len(set(names)) == 100
    assert max(map(len, names)) <= NAME_LENGTH
    assert {"16727230000197" in name for name in names} == {True}


def test_a_long_name_is_cut_at_its_end() -> None:
    short, long = [next(price_tables.default_names(name, "1")) for name in ("Gama", "Gama " * 60)]

    assert short == "Pauta Gama (1)"
    assert long == f"Pauta {'Gama ' * 37}Gama… (1)"
