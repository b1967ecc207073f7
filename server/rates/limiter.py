"""Limiter of the requests of a process, and the task that leases points for their accounts."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from time import time_ns
from typing import NamedTuple

import structlog

from db.engine.deadline import Deadline
from domain import rates
from domain.deadlines import CallerGone, ChangeTimedOut, ReadTimedOut
from domain.limits import TooFewPoints
from domain.rates import SECOND, Claim, Grant
from resolvers.context import Context as Request
from resolvers.rates import Charge, Lease
from resolvers.viewers import Viewer
from server.graphql.cost_prices import Price
from server.rates.accounts import Accounts, Limits
from server.rates.buckets import Buckets, MemoryBuckets

EVERY_SECONDS = 5.0
"""How often the state of the buckets in use is read again."""

_IDLE_ROUNDS = 2
_EMPTY_ROUNDS = 12
"""After how many rounds buckets that are empty are deleted."""

_CLAIM_SECONDS = 2.0
"""How long a claim may take, before the process limits by itself."""

_PROBE = Claim("probe", 0, 0, SECOND)
"""Claim of nothing, by which a process finds that the store answers again."""

_MUCH = 3
"""How many shares a process keeps of what its operations gave back."""

log = structlog.get_logger("portal.rates")


class _Wish(NamedTuple):
    """Points that requests wait for: those of all together, and the fewest of one."""

    points: int = 0
    least: int = 0


class Limiter:
    """Limiter of the requests of a process, whose buckets it shares with others."""

    def __init__(
        self,
        limits: Limits,
        buckets: Buckets | None = None,
        *,
        digest: Callable[[str, bytes], bytes],
        now: Callable[[], int] = time_ns,
    ) -> None:
        """Take the limits, the shared buckets, and the hash by which addresses are named in them."""
        self._now = now
        self._buckets: Buckets = buckets or MemoryBuckets()
        self._own = MemoryBuckets()
        self._is_alone = False
        """Whether the shared buckets can't be reached: then the process's own are used, so that no request waits."""
        self.accounts = Accounts(limits, digest, on_low=self._on_low, on_forgotten=self._on_forgotten)
        self._wishes: dict[Lease, _Wish] = {}
        self._round: asyncio.Future[None] | None = None
        self._claiming: asyncio.Task[None] | None = None
        self._rounds = 0
        self.refused: Counter[str] = Counter()
        """Numbers of refused requests by the limit that was reached."""

    def charge(self, context: Request, price: Price, preparing: int) -> Awaitable[None] | None:
        """Spend the points of an operation, and of the preparation that the request has paid for before.

        At once, if this process has leased as many. Otherwise the awaitable does it, and raises TooFewPoints if the
        caller has too few left.
        """
        account, points = self.accounts.of_viewers.get(id(context.viewer)), price.points
        if account is None or points > account.left or preparing or price.may_wait:
            return self._charge(context, preparing + points, price.objects)
        account.left -= points
        context.account = account
        if price.objects:
            context.charge = Charge(account, points, price.objects, spent=points)
        return None

    def _charge(self, context: Request, points: int, objects: int) -> Awaitable[None] | None:
        """Spend the points of an operation that can select so many objects, of which some may be given back."""
        account = self.accounts.of(context.viewer, context.client_address)
        if account is None:
            return None
        kept = 0 if context.charge is None else context.charge.kept
        points = min(points + context.parsing, account.most)
        charge = Charge(account, points, objects, spent=kept, kept=kept)
        context.account, context.charge = account, charge
        return None if charge.pay() else self.pay(charge, context.deadline)

    async def spend(self, viewer: Viewer | None, address: str | None, points: int = 1) -> Charge | None:
        """Spend points that are not given back, None of a caller without a limit; raise TooFewPoints."""
        account = self.accounts.of(viewer, address)
        if account is None:
            return None
        charge = Charge(account, min(points, account.most))
        if not charge.pay():
            await self.pay(charge)
        charge.kept = charge.spent
        return charge

    async def hold(self, address: str | None) -> Charge | None:
        """Spend a point of an address, which is given back if the token that it sends turns out usable."""
        charge = await self.spend(None, address)
        if charge is not None:
            charge.kept, charge.can_cancel = 0, True
        return charge

    async def charge_work(self, context: Request, points: int) -> None:
        """Spend points for work that is done whatever comes of the request, and is not given back.

        Raises TooFewPoints if the caller has too few left.
        """
        account = self.accounts.of(context.viewer, context.client_address)
        if account is not None:
            kept = 0 if context.charge is None else context.charge.kept
            charge = Charge(account, min(kept + points, account.most), spent=kept, kept=kept)
            context.account, context.charge = account, charge
            if not charge.pay():
                await self.pay(charge, context.deadline)
            charge.kept = charge.spent

    async def pay(self, charge: Charge, until: Deadline | None = None) -> None:
        """Pay a charge after claiming points from the shared buckets.

        Raise TooFewPoints if they have too few, and TimedOut or CallerGone if the request must stop.
        """
        account = charge.account
        while not charge.pay():
            # The account has put its points back into the leases, which have too few with them.
            points = charge.requested - charge.spent
            for lease in account.leases:
                self._refuse_if_known(lease, points)
            claimed = [self._want(lease, points) for lease in account.leases if lease.left < points]
            await asyncio.wait(claimed[-1:], timeout=None if until is None else until.left)
            if until is not None and until.is_over and not charge.pay():
                raise stopped(until)

    async def run(self) -> None:
        """Look whether the store answers, and keep the leases up to date, until cancelled."""
        # A wrong address is in the log before the first caller comes.
        await self._granted([_PROBE], self._now())
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Read the state of the buckets in use again, and give back what is not used."""
        idle = []
        if self._is_alone:
            await self._probe()
        self.accounts.put_back()
        for lease in list(self.accounts.leases.values()):
            if lease.left != lease.seen:
                lease.seen, lease.idle = lease.left, 0
                self._wishes.setdefault(lease, _Wish())
            else:
                lease.idle += 1
                if lease.idle >= _IDLE_ROUNDS:
                    idle.append(lease)
        self.accounts.forget(idle)
        self._begin()
        self._rounds += 1
        if self._rounds % _EMPTY_ROUNDS == 0 and not self._is_alone:
            await self._drop_empty()
        if self._claiming is not None:
            await asyncio.shield(self._claiming)

    async def close(self) -> None:
        """Give back all that is leased."""
        if self._claiming is not None:
            await asyncio.shield(self._claiming)
        self.accounts.forget(list(self.accounts.leases.values()))
        self._begin()
        if self._claiming is not None:
            await asyncio.shield(self._claiming)
        await self._buckets.close()

    def _refuse_if_known(self, lease: Lease, points: int) -> None:
        """Raise TooFewPoints if the bucket had too few when this process looked, less than a second ago."""
        passed = self._now() - lease.known_at
        if not 0 <= passed < SECOND:
            return
        lack = points - (lease.known + lease.left + passed // lease.limit.point)
        if lack > 0:
            self.refused[lease.policy] += 1
            raise TooFewPoints(-(-lack // lease.limit.per_second), lease.policy)

    def _on_low(self, lease: Lease) -> None:
        lease.asked = True
        self._wishes.setdefault(lease, _Wish())
        self._begin()

    def _on_forgotten(self, lease: Lease) -> None:
        self._wishes[lease] = _Wish()

    def _want(self, lease: Lease, points: int) -> "asyncio.Future[None]":
        # A request still has the lease: what it is granted now and does not spend leaks away.
        lease.gone = False
        wish = self._wishes.get(lease, _Wish())
        least = min(points, wish.least) if wish.least else points
        self._wishes[lease] = _Wish(wish.points + points, least)
        return self._begin()

    def _begin(self) -> "asyncio.Future[None]":
        """Return what is done when the points that are wanted now were claimed."""
        if self._round is None:
            self._round = asyncio.get_running_loop().create_future()
        if self._claiming is None:
            # The claims are for other requests too, and have nothing of the context of this one.
            self._claiming = asyncio.create_task(self._claim_all(), context=Context())
        return self._round

    async def _claim_all(self) -> None:
        try:
            while self._round is not None:
                wishes, self._wishes = self._wishes, {}
                done, self._round = self._round, None
                try:
                    if wishes:
                        await self._claim(wishes)
                finally:
                    done.set_result(None)
        finally:
            self._claiming = None

    async def _claim(self, wishes: Mapping[Lease, _Wish]) -> None:
        now = self._now()
        claims = [_claim_of(lease, wish) for lease, wish in wishes.items()]
        for lease, claim in zip(wishes, claims, strict=True):
            # What is given back can't be spent while the claim is on its way.
            if claim.wanted < 0:
                lease.left += claim.wanted // lease.limit.point
        grants = await self._granted(claims, now)
        # Also a slow store's answer refuses those that waited for it, who would claim again and again.
        answered = self._now()
        for lease, claim, grant in zip(wishes, claims, grants, strict=True):
            if claim.wanted > 0:
                lease.left += grant.granted // lease.limit.point
            lease.known, lease.known_at = rates.left(grant.empties_at, now, lease.limit), answered
            lease.seen, lease.asked = lease.left, False

    async def _granted(self, claims: list[Claim], now: int) -> "Sequence[Grant]":
        if not self._is_alone:
            try:
                async with asyncio.timeout(_CLAIM_SECONDS):
                    return await self._buckets.claim(claims, now=now)
            except Exception as error:  # noqa: BLE001 — whatever a store raises, requests go on.
                self._is_alone = True
                log.warning("rates are limited by this process alone: the store is not available", error=repr(error))
        return await self._own.claim(claims, now=now)

    async def _probe(self) -> None:
        """Use the shared buckets again if the store answers; meanwhile requests don't wait for it."""
        try:
            async with asyncio.timeout(_CLAIM_SECONDS):
                await self._buckets.claim([_PROBE], now=self._now())
        except Exception:  # noqa: BLE001 — it was logged before.
            return
        self._is_alone = False
        log.info("rates are limited by all processes together again")

    async def _drop_empty(self) -> None:
        try:
            await self._buckets.drop_empty(now=self._now())
        except Exception:  # noqa: BLE001 — the next claim logs why.
            return


def stopped(until: Deadline) -> CallerGone | ChangeTimedOut | ReadTimedOut:
    """Return the error of a request that has waited until its deadline, or until its caller went away."""
    if until.gone:
        return CallerGone()
    return ChangeTimedOut(until.seconds) if until.for_change else ReadTimedOut(until.seconds)


def _claim_of(lease: Lease, wish: _Wish) -> Claim:
    """Return the claim for what requests wait for and a share for those that follow; negative for what is left over."""
    limit = lease.limit
    if lease.gone:
        back = -lease.left * limit.point
        return Claim(lease.bucket, back, back, limit.window)
    wanted = min(wish.points + lease.chunk - lease.left, limit.points)
    if wanted < 0 and lease.left < _MUCH * lease.chunk:
        wanted = 0
    least = min(wish.least - lease.left, wanted) if wish.least else min(0, wanted)
    return Claim(lease.bucket, least * limit.point, wanted * limit.point, limit.window)
