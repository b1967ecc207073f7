"""Limiter: the accounts of a process, and the task that leases points for them."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from contextvars import Context
from time import time_ns
from typing import NamedTuple

import structlog

from domain import rates
from domain.attempts import network
from domain.errors import TooFewPoints
from domain.rates import SECOND, Claim, Grant, Limit
from resolvers.context import Context as Request
from resolvers.rates import Account, Charge, Lease, Policy
from resolvers.viewers import Viewer
from server.rates.buckets import Buckets, MemoryBuckets

EVERY_SECONDS = 5.0
"""How often the state of the buckets in use is read again."""

_IDLE_ROUNDS = 2
_ADDRESSES_MAX = 10_000
_ACCOUNTS_MAX = 20_000
_EMPTY_ROUNDS = 12
"""After how many rounds buckets that are empty are deleted."""

_PERCENT = 100
_UNKNOWN_ADDRESS = "unknown"
_MUCH = 3
"""How many shares a process keeps of what its operations gave back."""

log = structlog.get_logger("portal.rates")


class Limits(NamedTuple):
    """Limits in cost points per second; 0 for none. A bucket has the points of `seconds`."""

    partner: int = 10_000
    vendor: int = 40_000
    address: int = 2_000
    token_percent: int = 80
    """Part of the partner's or vendor's limit that one token may use."""
    seconds: int = 50

    def of(self, per_second: int) -> Limit:
        """Return the limit of a rate."""
        return Limit(per_second, self.seconds)


NO_LIMITS = Limits(partner=0, vendor=0, address=0)


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
        self.limits, self._digest, self._now = limits, digest, now
        self._buckets: Buckets = buckets or MemoryBuckets()
        self._alone: MemoryBuckets | None = None
        """Buckets of this process, while the shared ones can't be reached."""
        self._accounts: dict[tuple[int, int], Account] = {}
        self._addresses: OrderedDict[str, Account] = OrderedDict()
        self._leases: dict[str, Lease] = {}
        self._wishes: dict[Lease, _Wish] = {}
        self._round: asyncio.Future[None] | None = None
        self._claiming: asyncio.Task[None] | None = None
        self._rounds = 0
        self.refused: Counter[str] = Counter()
        """Numbers of refused requests by the limit that was reached."""

    def account(self, viewer: Viewer | None, address: str | None) -> Account | None:
        """Return the account of a caller; None if it has no limit."""
        if viewer is None:
            return self._of_address(address)
        # A token of the identity provider has no id: all of a user's count as one.
        key = viewer.partner_id, viewer.token_id or -viewer.user_id
        account = self._accounts.get(key)
        if account is None or account.viewer is not viewer:
            return self._of_viewer(key, viewer)
        return account

    async def charge(self, context: Request, points: int) -> None:
        """Spend the points of an operation; raise TooFewPoints if the caller has too few left."""
        account = self.account(context.viewer, context.client_address)
        if account is not None:
            points = min(points, account.most)
            before = context.charge
            context.charge = charge = Charge(account, points, 0 if before is None else before.kept)
            if not charge.pay():
                await self.pay(charge)

    async def spend(self, viewer: Viewer | None, address: str | None, points: int = 1) -> Charge | None:
        """Spend points that are not given back, None of a caller without a limit; raise TooFewPoints."""
        account = self.account(viewer, address)
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
            charge.kept = 0
        return charge

    async def charge_work(self, context: Request, points: int) -> None:
        """Spend points for work that is done whatever comes of the request, and is not given back.

        Raises TooFewPoints if the caller has too few left.
        """
        account = self.account(context.viewer, context.client_address)
        if account is not None:
            kept = 0 if context.charge is None else context.charge.kept
            context.charge = charge = Charge(account, min(kept + points, account.most), kept)
            if not charge.pay():
                await self.pay(charge)
            charge.kept = charge.spent

    async def pay(self, charge: Charge) -> None:
        """Pay a charge after claiming points from the shared buckets; raise TooFewPoints if they have too few."""
        account = charge.account
        while not charge.pay():
            points = charge.requested - charge.spent
            for lease in account.leases:
                self._refuse_if_known(lease, points)
            claimed = [self._want(lease, points) for lease in account.leases if lease.left < points]
            await asyncio.shield(claimed[-1])

    async def run(self) -> None:
        """Keep the leases up to date, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Read the state of the buckets in use again, and give back what is not used."""
        idle = []
        for lease in list(self._leases.values()):
            if lease.left != lease.seen:
                lease.seen, lease.idle = lease.left, 0
                self._wishes.setdefault(lease, _Wish())
            else:
                lease.idle += 1
                if lease.idle >= _IDLE_ROUNDS:
                    idle.append(lease)
        self._forget(idle)
        self._begin()
        self._rounds += 1
        if self._rounds % _EMPTY_ROUNDS == 0:
            await self._drop_empty()
        if self._claiming is not None:
            await asyncio.shield(self._claiming)

    async def close(self) -> None:
        """Give back all that is leased."""
        if self._claiming is not None:
            await asyncio.shield(self._claiming)
        self._forget(list(self._leases.values()))
        self._begin()
        if self._claiming is not None:
            await asyncio.shield(self._claiming)
        await self._buckets.close()

    def _of_viewer(self, key: tuple[int, int], viewer: Viewer) -> Account | None:
        limits = self.limits
        policy: Policy = "vendor" if viewer.of_vendor else "partner"
        per_second = limits.vendor if viewer.of_vendor else limits.partner
        if per_second and viewer.points_per_second is not None:
            per_second = viewer.points_per_second
        if not per_second:
            return None
        owner = self._lease(f"{policy}:{viewer.partner_id}", policy, limits.of(per_second))
        token = None
        if limits.token_percent < _PERCENT:
            of_token = limits.of(max(1, per_second * limits.token_percent // _PERCENT))
            token = self._lease(f"token:{key[0]}:{key[1]}", "token", of_token)
        account = self._accounts.get(key)
        if account is None or account.owner is not owner or account.token is not token:
            account = self._accounts[key] = Account(owner, token, self._on_low)
            if len(self._accounts) > _ACCOUNTS_MAX:
                self._forget([*self._accounts.pop(next(iter(self._accounts))).leases[1:]])
        account.viewer = viewer
        account.count()
        return account

    def _of_address(self, address: str | None) -> Account | None:
        if not self.limits.address:
            return None
        name = network(address) or _UNKNOWN_ADDRESS
        account = self._addresses.get(name)
        if account is not None:
            self._addresses.move_to_end(name)
            return account
        # The store need not know who calls.
        bucket = f"address:{self._digest('rate of address', name.encode()).hex()[:32]}"
        lease = self._lease(bucket, "address", self.limits.of(self.limits.address))
        account = self._addresses[name] = Account(lease, None, self._on_low)
        if len(self._addresses) > _ADDRESSES_MAX:
            self._forget([self._addresses.popitem(last=False)[1].owner])
        return account

    def _lease(self, bucket: str, policy: Policy, limit: Limit) -> Lease:
        lease = self._leases.get(bucket)
        if lease is None:
            lease = self._leases[bucket] = Lease(bucket, policy, limit)
        elif lease.limit != limit:
            lease.set_limit(limit)
        return lease

    def _forget(self, leases: list[Lease]) -> None:
        """Drop leases and their accounts, and give back what they have left."""
        if not leases:
            return
        for lease in leases:
            lease.gone = True
            self._leases.pop(lease.bucket, None)
            self._wishes[lease] = _Wish()
        for key in [key for key, each in self._accounts.items() if any(lease.gone for lease in each.leases)]:
            del self._accounts[key]
        for name in [name for name, each in self._addresses.items() if each.owner.gone]:
            del self._addresses[name]

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
        for lease, claim, grant in zip(wishes, claims, await self._granted(claims, now), strict=True):
            if claim.wanted > 0:
                lease.left += grant.granted // lease.limit.point
            lease.known, lease.known_at = rates.left(grant.empties_at, now, lease.limit), now
            lease.seen, lease.asked = lease.left, False

    async def _granted(self, claims: list[Claim], now: int) -> "list[Grant]":
        try:
            found = list(await self._buckets.claim(claims, now=now))
        except Exception as error:  # noqa: BLE001 — whatever a store raises, requests go on.
            if self._alone is None:
                self._alone = MemoryBuckets()
                log.warning("rates are limited by this process alone: the store is not available", error=repr(error))
            return list(await self._alone.claim(claims, now=now))
        if self._alone is not None:
            self._alone = None
            log.info("rates are limited by all processes together again")
        return found

    async def _drop_empty(self) -> None:
        try:
            await self._buckets.drop_empty(now=self._now())
        except Exception:  # noqa: BLE001 — the next claim logs why.
            return


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
