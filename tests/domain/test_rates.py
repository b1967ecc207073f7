"""Leaky buckets: what they grant, and when they are empty."""

from hypothesis import given
from hypothesis import strategies as st

from domain import rates
from domain.rates import SECOND, Claim, Limit, granted

LIMIT = Limit(per_second=10, seconds=5)
NOW = 1_700_000_000 * SECOND


def claim(points: int, *, needed: int | None = None) -> Claim:
    """Return a claim of the limit's bucket."""
    least = points if needed is None else needed
    return Claim("b", least * LIMIT.point, points * LIMIT.point, LIMIT.window)


def test_a_full_bucket_has_the_points_of_its_seconds() -> None:
    assert (LIMIT.points, LIMIT.window) == (50, 5 * SECOND)
    assert rates.left(0, NOW, LIMIT) == 50


def test_a_claim_gets_all_or_what_is_left_or_nothing() -> None:
    all_of_it = granted(claim(30), 0, NOW)
    rest = granted(claim(30, needed=5), all_of_it.empties_at, NOW)
    nothing = granted(claim(1), rest.empties_at, NOW)

    assert [each.granted // LIMIT.point for each in (all_of_it, rest, nothing)] == [30, 20, 0]
    assert nothing.empties_at == rest.empties_at


def test_points_come_back_with_time_and_when_they_are_given_back() -> None:
    used = granted(claim(50), 0, NOW)

    later = granted(claim(20), used.empties_at, NOW + 2 * SECOND)
    given_back = granted(claim(-15), used.empties_at, NOW)

    assert later.granted // LIMIT.point == 20
    assert rates.left(given_back.empties_at, NOW, LIMIT) == 15


def test_a_clock_that_was_ahead_leaves_no_bucket_more_than_full() -> None:
    ahead = granted(claim(50), 0, NOW + 3600 * SECOND)

    assert granted(claim(10), ahead.empties_at, NOW + 1 * SECOND).granted == 0
    assert granted(claim(1), granted(claim(1), ahead.empties_at, NOW).empties_at, NOW + SECOND).granted > 0


@given(st.lists(st.tuples(st.integers(-20, 60), st.integers(0, SECOND)), max_size=30))
def test_no_more_is_granted_than_a_bucket_and_what_leaked(steps: list[tuple[int, int]]) -> None:
    now, empties_at, held = NOW, 0, 0
    for points, passed in steps:
        now += passed
        wanted = max(points, -(held // LIMIT.point))
        given_, empties_at = granted(claim(wanted, needed=min(wanted, 1)), empties_at, now)
        held += given_
        assert 0 <= held <= LIMIT.window + (now - NOW)
        assert empties_at <= now + LIMIT.window
