"""Pauses of large operations let others run, no more often than after each slice of time."""

import asyncio

from server.graphql.pauses import Pauses


class Clock:
    """Clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


async def test_others_run_after_a_slice_and_not_before() -> None:
    clock, ran = Clock(), list[float]()
    pause = Pauses(clock)
    asyncio.get_running_loop().call_soon(lambda: ran.append(clock.now))
    for _ in range(3):
        clock.now += 0.0003
        await pause()
    assert ran == []

    clock.now += 0.001
    await pause()

    assert ran == [clock.now]


async def test_what_takes_several_iterations_runs_within_one_pause() -> None:
    clock, done = Clock(), asyncio.Event()

    async def other() -> None:
        for _ in range(5):
            clock.now += 0.001
            await asyncio.sleep(0)
        done.set()

    running = asyncio.ensure_future(other())
    pause = Pauses(clock)
    clock.now += 0.05
    await pause()

    assert done.is_set()
    await running
