"""Limiter: what processes grant together, and what one keeps in memory."""

import asyncio
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, cast

import pytest

from domain.limits import TooFewPoints
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.rates import Account, Charge
from server.rates import accounts
from server.rates.accounts import NO_LIMITS
from server.rates.buckets import MemoryBuckets
from server.rates.limiter import Limiter
from tests.server.rates.callers import (
    FULL,
    LIMITS,
    Time,
    account_of,
    charge,
    charged,
    new_limiter,
    spend,
    spend_all,
    viewer,
)

if TYPE_CHECKING:
    from _typeshed import TraceFunction


async def test_processes_together_grant_what_the_bucket_has() -> None:
    time, shared, caller = Time(), MemoryBuckets(), viewer()
    processes = [new_limiter(time, shared) for _ in range(4)]

    spent = sum(await asyncio.gather(*(spend_all(process, caller) for process in processes)))

    assert FULL * 0.95 <= spent <= FULL


async def test_what_leaks_can_be_spent_again() -> None:
    time = Time()
    limiter, caller = new_limiter(time), viewer()
    await spend_all(limiter, caller, 1)

    time.move(2)

    assert await spend_all(limiter, caller, 1) == 200


async def test_a_refusal_says_how_long_to_wait_and_which_limit_it_is() -> None:
    time = Time()
    limiter, caller = new_limiter(time), viewer()
    await spend_all(limiter, caller, 1)
    account = account_of(limiter, caller)

    with pytest.raises(TooFewPoints) as refused:
        await limiter.pay(Charge(account, 250))

    assert refused.value.extensions == {"retryAfter": 3, "policy": "partner"}
    time.move(3)
    assert await spend(limiter, caller, 250)
    assert limiter.refused["partner"]


async def test_one_token_leaves_some_points_to_the_others() -> None:
    limiter = new_limiter(Time(), limits=LIMITS._replace(token_percent=80))

    first = await spend_all(limiter, viewer(token_id=1), 1)
    second = await spend_all(limiter, viewer(token_id=2), 1)

    assert (first, second) == (4_000, 1_000)
    assert set(limiter.refused) == {"token", "partner"}


async def test_partners_do_not_use_each_others_points() -> None:
    limiter = new_limiter(Time())

    spent = [await spend_all(limiter, viewer(partner_id=number), 1) for number in (1, 2)]

    assert spent == [FULL, FULL]


async def test_a_partner_s_policy_replaces_the_limit_within_a_request() -> None:
    limiter = new_limiter(Time())
    assert await spend_all(limiter, viewer(), 1) == FULL

    raised = viewer(points_per_second=200)

    assert account_of(limiter, raised).owner.limit.points == 2 * FULL
    assert account_of(limiter, viewer()).owner.limit.points == FULL


async def test_an_operation_dearer_than_a_bucket_runs_when_it_is_full() -> None:
    limiter = new_limiter(Time())
    request = Context(cast("Portal", None), viewer())

    await charge(limiter, request, 100 * FULL)

    assert FULL // 2 < charged(request) < FULL
    assert not await spend(limiter, viewer(), FULL // 2)


async def test_another_process_s_lease_stops_no_operation_dearer_than_a_bucket() -> None:
    time, shared, caller = Time(), MemoryBuckets(), viewer()
    limiter, other = new_limiter(time, shared), new_limiter(time, shared)
    await spend(other, caller, 1)
    request = Context(cast("Portal", None), caller)

    await charge(limiter, request, 100 * FULL)

    assert charged(request) > FULL // 2


async def test_no_limit_has_no_account() -> None:
    limiter = new_limiter(Time(), limits=NO_LIMITS)

    assert limiter.accounts.of(viewer(), None) is None
    assert limiter.accounts.of(None, "203.0.113.7") is None


async def test_addresses_of_one_ipv6_network_share_a_bucket() -> None:
    limiter = new_limiter(Time())

    spent = await spend_all(limiter, None, 1, "2001:db8:1:2::1")

    assert spent == 2_500
    assert not await spend(limiter, None, 1, "2001:db8:1:2:ffff::9")
    assert await spend(limiter, None, 1, "2001:db8:1:3::1")
    assert await spend(limiter, None, 1, "203.0.113.7")


async def test_what_is_idle_is_given_back_and_forgotten() -> None:
    time, shared = Time(), MemoryBuckets()
    limiter, other = new_limiter(time, shared), new_limiter(time, shared)
    await spend(limiter, viewer(), 1)
    await spend(limiter, None, 1, "203.0.113.7")

    for _ in range(4):
        await limiter.look()

    assert not limiter.accounts.leases
    assert not len(limiter.accounts)
    assert await spend_all(other, viewer(), 1) == FULL - 1


@pytest.mark.parametrize("token_percent", [80, 100])
@pytest.mark.parametrize("how", ["cancelled", "settled"])
async def test_what_a_request_gives_back_late_is_not_lost(token_percent: int, how: str) -> None:
    time, shared = Time(), MemoryBuckets()
    limits = LIMITS._replace(token_percent=token_percent)
    limiter, other = new_limiter(time, shared, limits), new_limiter(time, shared, limits)
    charge = Charge(account_of(limiter, viewer()), 400, 1)
    charge.can_cancel = True
    await limiter.pay(charge)
    for _ in range(4):
        await limiter.look()
    assert not len(limiter.accounts)

    if how == "cancelled":
        charge.cancel()
    else:
        charge.settle(0)
    await limiter.look()

    spent = charge.spent + await spend_all(other, viewer(), 1) + await spend_all(other, viewer(token_id=2), 1)
    assert charge.spent == (0 if how == "cancelled" else 200)
    assert spent == FULL


async def test_a_request_gives_back_to_a_lease_that_others_still_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_ACCOUNTS_MAX", 1)
    limiter = new_limiter(Time())
    charge = Charge(account_of(limiter, viewer()), 400)
    charge.can_cancel = True
    await limiter.pay(charge)
    await spend(limiter, viewer(token_id=2), 1)

    charge.cancel()

    assert await spend_all(limiter, viewer(token_id=2), 1) == FULL - 1


async def test_a_caller_who_spends_little_keeps_its_lease() -> None:
    limiter, caller = new_limiter(Time()), viewer()

    for _ in range(10):
        await spend(limiter, caller, 1)
        await limiter.look()

    assert limiter.accounts.leases


async def test_tokens_of_a_partner_spend_all_that_it_has() -> None:
    limits = LIMITS._replace(token_percent=50)
    limiter = new_limiter(Time(), limits=limits)
    tokens = [viewer(token_id=number) for number in range(1, 5)]

    spent = 0
    for token in tokens * 2:
        spent += await spend_all(limiter, token, 3)

    assert FULL * 0.95 <= spent <= FULL


async def test_a_stopping_process_gives_back_what_it_has_leased() -> None:
    time, shared = Time(), MemoryBuckets()
    limiter = new_limiter(time, shared)
    await spend(limiter, viewer(), 1)

    await limiter.close()

    assert await spend_all(new_limiter(time, shared), viewer(), 1) == FULL - 1


async def test_addresses_have_so_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_ADDRESSES_MAX", 10)
    limiter = new_limiter(Time())

    for number in range(50):
        assert await spend(limiter, None, 1, f"203.0.113.{number}")
    await limiter.look()

    assert len(limiter.accounts) == len(limiter.accounts.leases) == 10


async def test_accounts_have_so_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_ACCOUNTS_MAX", 10)
    limiter = new_limiter(Time(), limits=LIMITS._replace(token_percent=80))

    for number in range(50):
        assert await spend(limiter, viewer(token_id=number + 1), 1)
    await limiter.look()

    assert len(limiter.accounts) == 10
    # One is the partner's.
    assert len(limiter.accounts.leases) == 11


@pytest.mark.parametrize("of", ["address", "token"])
async def test_a_new_caller_takes_no_longer_with_many_others(monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    callers = iter(range(1, 10_000))

    def new_caller(limiter: Limiter) -> Account:
        number = next(callers)
        if of == "address":
            return account_of(limiter, None, f"2001:db8:{number:x}::1")
        return account_of(limiter, viewer(token_id=number))

    def instructions(others: int) -> int:
        monkeypatch.setattr(accounts, "_ADDRESSES_MAX", others)
        monkeypatch.setattr(accounts, "_ACCOUNTS_MAX", others)
        limiter = new_limiter(Time(), limits=LIMITS._replace(token_percent=80))
        for _ in range(others):
            new_caller(limiter)
        return counted_instructions(lambda: new_caller(limiter))

    assert instructions(1_000) < 1.2 * instructions(10)


def counted_instructions(work: Callable[[], object]) -> int:
    """Return the number of Python's instructions that are run."""
    number = 0

    def count(frame: FrameType, event: str, _argument: object) -> "TraceFunction | None":
        nonlocal number
        frame.f_trace_opcodes = True
        number += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return number


async def test_a_lease_is_filled_before_it_is_empty() -> None:
    limiter, caller = new_limiter(Time()), viewer()
    account = account_of(limiter, caller)
    await limiter.pay(Charge(account, 1))

    waited = 0
    for _ in range(500):
        if not account.spend(1):
            waited += 1
            await limiter.pay(Charge(account, 1))
        await asyncio.sleep(0)

    assert not waited
