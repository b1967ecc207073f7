"""Limiter: what processes grant together, and what one keeps in memory."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from types import FrameType
from typing import TYPE_CHECKING, cast

import pytest

from db.engine.deadline import Deadline
from domain.access import Role, effective
from domain.deadlines import ChangeTimedOut, ReadTimedOut
from domain.limits import TooFewPoints
from domain.rates import SECOND, Claim, Grant
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.rates import Account, Charge
from resolvers.viewers import Viewer
from server.graphql.cost_prices import Figures, Price
from server.rates import accounts
from server.rates import limiter as limiters
from server.rates.accounts import NO_LIMITS, Limits
from server.rates.buckets import Buckets, MemoryBuckets
from server.rates.limiter import Limiter
from tests.server.log import Log

if TYPE_CHECKING:
    from _typeshed import TraceFunction

LIMITS = Limits(partner=100, vendor=400, address=50, token_percent=100, seconds=50)
FULL = 5_000


class Time:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        """Return the time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += int(seconds * SECOND)


def viewer(*, partner_id: int = 1, token_id: int = 1, points_per_second: int | None = None) -> Viewer:
    """Return an operator of a partner."""
    return Viewer(
        partner_id=partner_id,
        user_id=1,
        role=Role.OPERATOR,
        permissions=effective(Role.OPERATOR, None),
        token_id=token_id,
        token_kind=None,
        expires_at=None,
        scope=partner_id,
        points_per_second=points_per_second,
    )


def new_limiter(time: Time, buckets: Buckets | None = None, limits: Limits = LIMITS) -> Limiter:
    """Return the limiter of a process."""
    return Limiter(limits, buckets, digest=lambda purpose, value: sha256(purpose.encode() + value).digest(), now=time)


def account_of(limiter: Limiter, of: Viewer | None, address: str | None = None) -> Account:
    """Return an account that has a limit."""
    account = limiter.accounts.of(of, address)
    assert account is not None
    return account


async def charge(limiter: Limiter, request: Context, points: int) -> None:
    """Charge an operation."""
    paying = limiter.charge(request, Price(points, Figures(0, 0), 0, may_wait=True), 0)
    if paying is not None:
        await paying


async def spend(limiter: Limiter, of: Viewer | None, points: int, address: str | None = None) -> bool:
    """Return whether the caller could spend the points."""
    try:
        await limiter.pay(Charge(account_of(limiter, of, address), points))
    except TooFewPoints:
        return False
    return True


async def spend_all(limiter: Limiter, of: Viewer | None, points: int = 7, address: str | None = None) -> int:
    """Spend until a request is refused, and return how many points were spent."""
    spent = 0
    while await spend(limiter, of, points, address):
        spent += points
    return spent


def charged(request: Context) -> int:
    """Return what a request has spent."""
    assert request.charge is not None
    return request.charge.spent


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
