"""How long a server waits before it starts a process again, place by place."""

from hypothesis import given
from hypothesis import strategies as st

from server.pause import Pause


def test_the_pause_doubles_with_each_failed_start_up_to_its_maximum() -> None:
    pause = Pause()

    seconds = [pause.begin(now=0, has_served=False) for _ in range(2_000)]

    assert seconds[:8] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert set(seconds[8:]) == {30}


def test_a_process_that_served_is_replaced_at_once() -> None:
    pause = Pause()

    assert pause.begin(now=10, has_served=True) == 0
    assert pause.is_over(now=10)


@given(failed=st.integers(1, 2_000))
def test_the_count_begins_anew_when_a_process_has_served(failed: int) -> None:
    pause = Pause()
    for _ in range(failed):
        pause.begin(now=0, has_served=False)

    pause.begin(now=0, has_served=True)

    assert pause.begin(now=0, has_served=False) == 0.5


@given(failed=st.integers(1, 2_000), now=st.integers(0, 1 << 40))
def test_no_process_starts_in_a_place_before_its_pause_is_over(failed: int, now: int) -> None:
    pause = Pause()
    for _ in range(failed):
        seconds = pause.begin(now=now, has_served=False)

    assert not pause.is_over(now=now)
    assert not pause.is_over(now=now + seconds - 0.125)
    assert pause.is_over(now=now + seconds)
