"""The pauses between attempts to deliver a message."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.webhook_retries import ATTEMPTS_MIN, RETRIED_FOR, Failing, is_due, next_attempt

SINCE = datetime(2026, 11, 24, 12, tzinfo=UTC)
luck = st.floats(0, 1)


@given(attempts=st.integers(1, 10**6), after=st.timedeltas(timedelta(0), timedelta(days=10)), luck=luck)
def test_a_message_is_tried_for_three_days_and_no_longer(attempts: int, after: timedelta, luck: float) -> None:
    now = SINCE + after

    again = next_attempt(Failing(attempts, SINCE), now, luck=luck)

    if after < RETRIED_FOR:
        assert again is not None
        assert now < again <= min(SINCE + RETRIED_FOR, now + timedelta(hours=4))
    elif attempts >= ATTEMPTS_MIN:
        assert again is None
    else:
        # A clock that was days ahead for a moment suspends nothing.
        assert again is not None
        assert now < again <= now + timedelta(hours=4)


@given(attempts=st.integers(1, 30), luck=luck)
def test_a_pause_doubles_and_is_shortened_by_a_half_at_most(attempts: int, luck: float) -> None:
    again = next_attempt(Failing(attempts, SINCE), SINCE, luck=luck)

    longest = min(timedelta(seconds=5) * 2 ** (attempts - 1), timedelta(hours=4))
    assert again is not None
    assert longest / 2 <= again - SINCE <= longest


@given(wanted=st.timedeltas(timedelta(days=-1), timedelta(days=400)), luck=luck)
def test_a_receiver_chooses_a_pause_of_an_hour_at_most(wanted: timedelta, luck: float) -> None:
    again = next_attempt(Failing(1, SINCE), SINCE, luck=luck, wanted=wanted)

    assert again is not None
    assert min(wanted, timedelta(hours=1)) <= again - SINCE <= max(timedelta(seconds=5), timedelta(hours=1))


def test_all_attempts_together_are_some_thirty() -> None:
    now, attempts = SINCE, 1
    while (again := next_attempt(Failing(attempts, SINCE), now, luck=0.5)) is not None:
        now, attempts = again, attempts + 1

    assert now == SINCE + RETRIED_FOR
    assert 25 <= attempts <= 45


@given(ahead=st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_time_that_no_pause_reaches_counts_as_over(ahead: timedelta) -> None:
    is_within = timedelta(0) < ahead <= timedelta(hours=4, minutes=1)

    assert is_due(SINCE + ahead, SINCE) is not is_within
    assert is_due(None, SINCE)


@given(attempts=st.integers(1, 10**6), luck=luck, wanted=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_no_attempt_counts_as_due_before_its_pause_is_over(attempts: int, luck: float, wanted: timedelta) -> None:
    again = next_attempt(Failing(attempts, SINCE), SINCE, luck=luck, wanted=wanted)

    assert again is not None
    assert not is_due(again, SINCE - timedelta(minutes=1))
