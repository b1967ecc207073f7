"""Limiter whose store fails, hangs or is slow."""

import asyncio
from collections.abc import Sequence

import pytest

from db.engine.deadline import Deadline
from domain.deadlines import ChangeTimedOut, ReadTimedOut
from domain.rates import Claim, Grant
from resolvers.rates import Charge
from server.rates import limiter as limiters
from server.rates.buckets import MemoryBuckets
from tests.eventually import settled
from tests.server.log import Log
from tests.server.rates.callers import FULL, Time, account_of, new_limiter, spend, spend_all, viewer


class Broken(MemoryBuckets):
    """Store that can be out of reach."""

    broken = False

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Return what the buckets grant, or fail."""
        if self.broken:
            raise ConnectionError
        return await super().claim(claims, now=now)


async def test_without_its_store_a_process_limits_by_itself(log: Log) -> None:
    store = Broken()
    limiter = new_limiter(Time(), store)
    await spend(limiter, viewer(), 1)
    store.broken = True

    spent = await spend_all(limiter, viewer(), 1)
    store.broken = False
    await limiter.look()

    assert FULL <= spent <= FULL * 1.05
    assert [line["event"] for line in log.lines() if line["logger"] == "portal.rates"] == [
        "rates are limited by this process alone: the store is not available",
        "rates are limited by all processes together again",
    ]


async def test_a_store_that_is_away_at_the_start_is_logged_at_once(log: Log) -> None:
    store = Broken()
    store.broken = True
    limiter = new_limiter(Time(), store)

    running = asyncio.create_task(limiter.run())
    await settled()

    assert not running.done()
    assert "the store is not available" in log.read()
    running.cancel()
    await asyncio.wait([running])


class Hanging(MemoryBuckets):
    """Store that answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.claims = 0
        self.may_answer = asyncio.Event()

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Wait, and return what the buckets grant."""
        self.claims += 1
        await self.may_answer.wait()
        return await super().claim(claims, now=now)


async def test_callers_do_not_wait_for_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiters, "_CLAIM_SECONDS", 0.01)
    store = Hanging()
    limiter = new_limiter(Time(), store)

    for number in range(5):
        assert await spend(limiter, viewer(partner_id=number + 1), 1)
    assert store.claims == 1
    await limiter.look()
    assert await spend(limiter, viewer(partner_id=6), 1)
    assert store.claims == 2

    store.may_answer.set()
    await limiter.look()
    await limiter.look()
    assert store.claims > 2


async def test_a_store_that_fails_often_gives_no_full_bucket_each_time() -> None:
    store = Broken()
    limiter = new_limiter(Time(), store)

    spent = 0
    for store.broken in (True, False) * 3:
        await limiter.look()
        spent += await spend_all(limiter, viewer(), 1)

    # The bucket of the store, and that of the process.
    assert spent <= 2 * FULL


class Slow(MemoryBuckets):
    """Store whose answers are a second old."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time
        self.claims = 0

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Return what the buckets grant, later."""
        self.claims += 1
        found = await super().claim(claims, now=now)
        self._time.move(1.2)
        return found


async def test_a_slow_store_refuses_by_its_first_answer() -> None:
    time = Time()
    store = Slow(time)
    await spend(new_limiter(time, store), viewer(), FULL * 4 // 5)

    assert not await spend(new_limiter(time, store), viewer(), FULL // 5 + 50)

    assert store.claims == 2


async def test_a_request_waits_for_points_until_its_deadline() -> None:
    store = Hanging()
    limiter = new_limiter(Time(), store)
    charge, change = Charge(account_of(limiter, viewer()), 1), Deadline(0)
    change.allow_change()

    with pytest.raises(ReadTimedOut):
        await limiter.pay(charge, Deadline(0))
    with pytest.raises(ChangeTimedOut):
        await limiter.pay(charge, change)

    store.may_answer.set()
    await limiter.pay(charge, Deadline(3_600))
