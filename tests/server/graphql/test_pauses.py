"""Pauses of large operations let others run, no more often than after each slice of time."""

import asyncio

import pytest

from server.graphql.pauses import Pauses, ShortOperations, Turns


class Clock:
    """Clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def test_others_run_after_a_slice_and_not_before() -> None:
    clock, ran = Clock(), list[float]()
    pause = Pauses(ShortOperations(), Turns(), clock=clock)
    asyncio.get_running_loop().call_soon(lambda: ran.append(clock.now))
    for _ in range(3):
        clock.now += 0.0001
        await pause()
    assert ran == []

    clock.now += 0.001
    await pause()

    assert ran == [clock.now]


async def test_what_takes_several_iterations_runs_within_one_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, ran = Clock(), list[float]()

    async def other() -> None:
        while True:
            clock.now += 0.001
            ran.append(clock.now)
            await asyncio.sleep(0)

    pause = Pauses(ShortOperations(), Turns(), clock=clock)
    clock.now += 0.05
    with monkeypatch.context() as patched:
        # The pause ends by the time that the test moves, however long the machine takes.
        patched.setattr(asyncio.get_running_loop(), "time", clock)
        running = asyncio.ensure_future(other())
        await pause()
    running.cancel()

    assert len(ran) >= 5
    await asyncio.gather(running, return_exceptions=True)


async def test_a_pause_waits_for_short_operations_but_not_for_long() -> None:
    waits = list[float]()

    class Noting(ShortOperations):
        async def ended(self, *, at_most: float) -> None:
            waits.append(at_most)

    clock = Clock()
    pause = Pauses(Noting(), Turns(), clock=clock)
    for slice_seconds in (0.0002, 0.0018, 10.0):
        clock.now += slice_seconds
        await pause()

    assert waits == [pytest.approx(0.008), 0.05]


async def test_short_operations_that_have_begun_now_are_waited_for() -> None:
    short = ShortOperations(Clock())
    first, second = short.begin(), short.begin()
    waiting = [asyncio.ensure_future(short.ended(at_most=3_600)) for _ in range(2)]
    await asyncio.sleep(0)
    short.end(second)
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)

    short.end(first)

    await asyncio.gather(*waiting)


async def test_a_short_operation_that_goes_on_is_not_waited_for_any_longer() -> None:
    short = ShortOperations(Clock())
    short.begin()

    await short.ended(at_most=0)

    assert short.number == 1


async def test_a_short_operation_that_takes_long_is_not_waited_for() -> None:
    clock = Clock()
    short = ShortOperations(clock)
    short.begin()
    clock.now += 0.1

    await asyncio.wait_for(short.ended(at_most=3_600), 60)


async def test_one_that_takes_long_is_not_waited_for_with_new_ones() -> None:
    clock = Clock()
    short = ShortOperations(clock)
    stuck = short.begin()
    clock.now += 0.1
    new = short.begin()
    waiting = asyncio.ensure_future(short.ended(at_most=3_600))
    await asyncio.sleep(0)
    assert not waiting.done()

    short.end(new)

    await asyncio.wait_for(waiting, 60)
    short.end(stuck)
    assert short.number == 0


async def test_a_wait_that_is_cancelled_is_forgotten() -> None:
    short = ShortOperations(Clock())
    number = short.begin()
    waiting = asyncio.ensure_future(short.ended(at_most=3_600))
    await asyncio.sleep(0)
    waiting.cancel()
    short.end(number)

    with pytest.raises(asyncio.CancelledError):
        await waiting
    await short.ended(at_most=3_600)


async def _slices(turns: Turns, key: str, number: int, ran: list[str]) -> None:
    """Take a number of slices, one after the other."""
    for _ in range(number):
        await turns.turn(key)
        ran.append(key)


async def test_one_operation_has_its_slice_in_an_iteration_of_the_loop() -> None:
    turns, ran = Turns(), list[str]()
    tasks = [asyncio.create_task(_slices(turns, key, 3, ran)) for key in "abc"]
    numbers = []
    while not all(task.done() for task in tasks):
        before = len(ran)
        await asyncio.sleep(0)
        numbers.append(len(ran) - before)

    assert max(numbers) == 1
    assert sorted(ran) == [*"aaabbbccc"]


async def test_slices_of_a_partner_with_many_operations_alternate_with_others() -> None:
    turns, ran = Turns(), list[str]()
    tasks = [asyncio.create_task(_slices(turns, key, 1, ran)) for key in "aaaabb"]
    await turns.turn("first")

    await asyncio.gather(*tasks)

    assert ran == [*"ababaa"]


async def test_an_operation_that_was_cancelled_takes_no_turn() -> None:
    turns, ran = Turns(), list[str]()
    tasks = [asyncio.create_task(_slices(turns, key, 1, ran)) for key in "abc"]
    await turns.turn("first")
    await asyncio.sleep(0)
    tasks[1].cancel()

    await asyncio.gather(*tasks, return_exceptions=True)

    assert ran == ["a", "c"]
    await turns.turn("a")
