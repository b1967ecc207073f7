"""Budget of large operations: shares in order, as long as they are held."""

import asyncio

import pytest

from db.engine.deadline import Deadline
from domain.deadlines import ChangeTimedOut, ReadTimedOut, TimedOut
from domain.errors import Unavailable
from server.graphql.budget import Budget


async def hold(budget: Budget, size: int, held: list[int], until: asyncio.Event) -> None:
    """Hold a share until the event, and record that it is held."""
    async with budget.share(size):
        held.append(size)
        await until.wait()


async def turns() -> None:
    """Run the loop until nothing is ready, pauses between shares included."""
    await asyncio.sleep(0.05)


async def test_shares_are_held_together_within_the_budget_and_then_in_order() -> None:
    budget, held, first, others = Budget(10), list[int](), asyncio.Event(), asyncio.Event()
    sizes = [4, 5, 7, 1]
    tasks = [asyncio.create_task(hold(budget, size, held, first if size == 4 else others)) for size in sizes]
    await turns()
    assert held == [4, 5]

    first.set()
    await turns()
    assert held == [4, 5]

    others.set()
    await asyncio.gather(*tasks)
    assert held == sizes


async def test_an_operation_larger_than_the_budget_runs_alone() -> None:
    budget, held, done = Budget(10), list[int](), asyncio.Event()
    tasks = [asyncio.create_task(hold(budget, size, held, done)) for size in (50, 1)]
    await turns()
    assert held == [50]

    done.set()
    await asyncio.gather(*tasks)
    assert held == [50, 1]


async def test_a_small_operation_does_not_wait_for_large_ones() -> None:
    budget, held, done = Budget(10), list[int](), asyncio.Event()
    tasks = [asyncio.create_task(hold(budget, size, held, done)) for size in (10, 10, 0)]
    await turns()
    assert held == [10, 0]

    done.set()
    await asyncio.gather(*tasks)


async def test_an_operation_that_waits_too_long_is_refused_alone() -> None:
    budget, held, done = Budget(10, wait_max=0.01), list[int](), asyncio.Event()
    holding = asyncio.create_task(hold(budget, 10, held, done))
    await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="Try again"):
        await hold(budget, 10, held, done)

    done.set()
    await holding
    await turns()
    await hold(budget, 10, held, done)
    assert held == [10, 10]


@pytest.mark.parametrize("for_change", [False, True])
async def test_an_operation_that_waits_until_its_deadline_is_timed_out(*, for_change: bool) -> None:
    budget, held, done = Budget(10), list[int](), asyncio.Event()
    holding = asyncio.create_task(hold(budget, 10, held, done))
    await asyncio.sleep(0)
    until = Deadline(0.01)
    until.for_change = for_change

    with pytest.raises(TimedOut) as raised:
        async with budget.share(10, until=until):
            held.append(0)

    assert type(raised.value) is (ChangeTimedOut if for_change else ReadTimedOut)
    done.set()
    await holding
    assert held == [10]


async def test_an_operation_cancelled_while_waiting_leaves_its_share_to_others() -> None:
    budget, held, done = Budget(10), list[int](), asyncio.Event()
    tasks = [asyncio.create_task(hold(budget, size, held, done)) for size in (10, 9, 8)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.sleep(0)

    done.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert held == [10, 8]


async def hold_of(budget: Budget, key: str, held: list[str], until: asyncio.Event) -> None:
    """Hold a share of a partner until the event, and record that it is held."""
    async with budget.share(1, key):
        held.append(key)
        await until.wait()


async def test_a_partner_holds_one_share_and_partners_take_turns() -> None:
    budget, held, done = Budget(2), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(hold_of(budget, key, held, done)) for key in "aaabbc"]
    await turns()
    assert held == ["a", "b"]

    done.set()
    await asyncio.gather(*tasks)
    assert held == list("ababca")


async def test_a_partner_with_too_many_operations_is_refused_alone() -> None:
    budget, held, done = Budget(1, waiting_max=2), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(hold_of(budget, key, held, done)) for key in "aaaab"]
    await turns()

    with pytest.raises(Unavailable):
        await tasks[3]
    done.set()
    await asyncio.gather(*tasks[:3], tasks[4])

    assert sorted(held) == list("aaab")
