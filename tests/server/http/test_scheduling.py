"""Admission of requests: in order, while the event loop continues between them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from server.http.scheduling import Admission

SLICE = 2


class Requests:
    """Requests that need admission, with a clock that advances only during their execution."""

    def __init__(self) -> None:
        self.now = 0.0
        self.admission = Admission(SLICE, clock=lambda: self.now)
        self._iteration = 0
        self._executed: defaultdict[int, list[object]] = defaultdict(list)

    @property
    def executed(self) -> list[list[object]]:
        """Return the requests executed in each iteration of the loop, without empty iterations."""
        return list(self._executed.values())

    def ask(self, *names: object, takes: float) -> list[asyncio.Task[None]]:
        """Start requests that are ready in the next iteration of the loop."""

        async def execute(name: object) -> None:
            await self.admission.admit(name[0] if isinstance(name, str) else None)
            self.now += takes
            self._executed[self._iteration].append(name)

        return [asyncio.create_task(execute(name)) for name in names]

    async def count(self) -> None:
        """Count the iterations of the loop."""
        while True:
            self._iteration += 1
            await asyncio.sleep(0)


@pytest.fixture
async def requests() -> AsyncIterator[Requests]:
    made = Requests()
    counting = asyncio.create_task(made.count())
    yield made
    counting.cancel()


async def test_long_requests_are_executed_in_order_one_per_iteration(requests: Requests) -> None:
    await asyncio.gather(*requests.ask(1, 2, 3, 4, takes=SLICE))

    assert requests.executed == [[1], [2], [3], [4]]


async def test_an_iteration_executes_as_many_short_requests_as_fit(requests: Requests) -> None:
    await asyncio.gather(*requests.ask(1, 2, 3, 4, 5, takes=SLICE / 2))

    assert requests.executed == [[1, 2], [3, 4], [5]]


async def test_requests_that_take_next_to_nothing_are_executed_together(requests: Requests) -> None:
    await asyncio.gather(*requests.ask(*range(100), takes=0))

    assert requests.executed == [list(range(100))]


async def test_how_many_go_ahead_is_learnt_from_those_before(requests: Requests) -> None:
    long, short = requests.ask(1, 2, takes=SLICE * 5), requests.ask(*range(3, 12), takes=SLICE / 4)

    await asyncio.gather(*long, *short)

    assert requests.executed == [[1], [2], [3], [4, 5, 6, 7], [8, 9, 10, 11]]


async def test_after_short_ones_only_so_many_long_ones_go_ahead(requests: Requests) -> None:
    first, short, long = requests.ask(0, takes=SLICE), requests.ask(1, takes=0), requests.ask(*range(100), takes=SLICE)

    await asyncio.gather(*first, *short, *long)

    assert requests.executed[:2] == [[0], [1]]
    assert [len(together) for together in requests.executed[2:5]] == [16, 1, 1]


async def test_later_requests_are_admitted_later(requests: Requests) -> None:
    early = requests.ask(1, 2, 3, takes=SLICE)
    await early[0]
    late = requests.ask(4, 5, takes=0)

    await asyncio.gather(*early, *late)

    assert [name for together in requests.executed for name in together] == [1, 2, 3, 4, 5]


async def test_a_request_cancelled_while_waiting_is_skipped(requests: Requests) -> None:
    asked = requests.ask(1, 2, 3, 4, 5, takes=SLICE)
    await asyncio.sleep(0)

    for given_up in asked[1:3]:
        given_up.cancel()
    await asyncio.wait(asked)

    assert requests.executed == [[1], [4], [5]]


async def test_a_request_cancelled_after_its_admission_delays_no_other(requests: Requests) -> None:
    asked = requests.ask(1, 2, 3, takes=SLICE)
    await asked[0]

    asked[1].cancel()
    await asyncio.wait(asked)

    assert asked[1].cancelled()
    assert requests.executed == [[1], [3]]


async def test_after_all_that_waited_were_cancelled_the_next_ones_go_ahead(requests: Requests) -> None:
    asked = requests.ask(1, 2, 3, takes=SLICE)
    await asyncio.sleep(0)
    for given_up in asked[1:]:
        given_up.cancel()
    await asyncio.wait(asked)

    await asyncio.gather(*requests.ask(4, 5, takes=0))

    assert requests.executed == [[1], [4, 5]]


async def test_partners_take_turns(requests: Requests) -> None:
    await asyncio.gather(*requests.ask("a1", "a2", "a3", "a4", "b1", "b2", "c1", takes=SLICE))

    assert requests.executed == [["a1"], ["a2"], ["b1"], ["c1"], ["a3"], ["b2"], ["a4"]]
