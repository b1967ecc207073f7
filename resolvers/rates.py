"""Accounts of callers: the cost points that this process has leased from their buckets, spent without I/O."""

from collections.abc import Callable
from typing import Literal

from domain.rates import Limit

Policy = Literal["partner", "vendor", "token", "address"]
"""Whose limit it is, as `RateLimit-Policy` names it."""

_SHARE = 50
"""A process leases a fiftieth of a bucket at a time."""

_UNUSED = 5
"""A fifth of a bucket is left out of what one operation pays at most: other processes may have leased it."""

_LEAST_PAID = 2
"""An operation that returns less than it could pays at least for half: what it reads to find that costs too."""


class Lease:
    """Points of one bucket that this process may spend."""

    __slots__ = (
        "asked",
        "bucket",
        "chunk",
        "gone",
        "header",
        "idle",
        "known",
        "known_at",
        "left",
        "limit",
        "low",
        "most",
        "per_second",
        "policy",
        "seen",
    )

    def __init__(self, bucket: str, policy: Policy, limit: Limit) -> None:
        """Start with none."""
        self.bucket, self.policy = bucket, policy
        self.left = self.seen = 0
        self.known, self.known_at = limit.points, 0
        """Points that the bucket had beyond the lease, and when."""
        self.idle = 0
        self.asked = self.gone = False
        self.set_limit(limit)

    def set_limit(self, limit: Limit) -> None:
        """Count by a new limit from now on."""
        self.limit = limit
        self.most, self.per_second = limit.points, limit.per_second
        self.header = f'"{self.policy}";r=%d;t=%d'.encode()
        self.chunk = max(1, limit.points // _SHARE)
        self.low = self.chunk // 2

    @property
    def remaining(self) -> int:
        """Return the points that the caller has left, as far as this process knows."""
        return min(self.known + self.left, self.limit.points)


class Account:
    """Leases that pay for the requests of one token, or of one address."""

    __slots__ = ("_on_low", "most", "owner", "policies", "token", "viewer")

    def __init__(self, owner: Lease, token: Lease | None, on_low: Callable[[Lease], None]) -> None:
        """Take the leases of the partner and of its token; those without a token have an address, which pays alone."""
        self.owner, self.token = owner, token
        self.viewer: object = None
        """Viewer whose limits these are."""
        self._on_low = on_low
        self.count()

    def count(self) -> None:
        """Compute what depends on the limits."""
        leases = self.leases
        points = min(lease.limit.points for lease in leases)
        self.most = points - points // _UNUSED
        texts = (f'"{lease.policy}";q={lease.limit.points};w={lease.limit.seconds}' for lease in leases)
        self.policies = b"ratelimit-policy", ", ".join(texts).encode()

    @property
    def leases(self) -> tuple[Lease, ...]:
        """Return the leases, the partner's first."""
        return (self.owner,) if self.token is None else (self.owner, self.token)

    def spend(self, points: int) -> bool:
        """Spend points of every lease, or none if one has too few."""
        owner, token = self.owner, self.token
        left = owner.left - points
        if left < 0:
            return False
        if token is not None:
            of_token = token.left - points
            if of_token < 0:
                return False
            token.left = of_token
            if of_token < token.low and not token.asked:
                self._on_low(token)
        owner.left = left
        if left < owner.low and not owner.asked:
            self._on_low(owner)
        return True

    def give_back(self, points: int) -> None:
        """Return points that were spent and not used."""
        for lease in self.leases:
            lease.left += points

    @property
    def tightest(self) -> Lease:
        """Return the lease with the fewest points left."""
        owner, token = self.owner, self.token
        return owner if token is None or token.known + token.left >= owner.known + owner.left else token

    def headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """Return RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10).

        `t` is the number of seconds after which the bucket is full of points again.
        """
        lease, token = self.owner, self.token
        remaining = lease.known + lease.left
        if token is not None and token.known + token.left < remaining:
            lease, remaining = token, token.known + token.left
        lacking = lease.most - remaining
        if lacking <= 0:
            return self.policies, (b"ratelimit", lease.header % (lease.most, 0))
        return self.policies, (b"ratelimit", lease.header % (remaining, -(-lacking // lease.per_second)))


class Charge:
    """What a request has spent, and what its caller has left."""

    # Values of the class, because most requests have no others.
    kept = 0
    """Points that were spent and are not given back."""
    spent = 0
    selected: Callable[[], int] | None = None
    """Returns how many objects the operation can select."""
    has_run = False
    """Whether something of the operation was executed."""

    def __init__(self, account: Account, points: int) -> None:
        """Take the points that are asked for."""
        self.account, self.requested = account, points

    def pay(self) -> bool:
        """Spend what is asked for of the points that this process has leased; return whether it has as many."""
        wanted = self.requested - self.spent
        if wanted > 0:
            if not self.account.spend(wanted):
                return False
            self.spent = self.requested
        return True

    @property
    def limit(self) -> int:
        """Return the points that a full bucket has."""
        return self.account.tightest.limit.points

    @property
    def remaining(self) -> int:
        """Return the points that the caller has left."""
        return self.account.tightest.remaining

    @property
    def restore_rate(self) -> int:
        """Return the points that the caller gets back in a second."""
        return self.account.tightest.limit.per_second

    def settle(self, returned: int) -> None:
        """Give back the unused points of an operation that returned so many of the objects that it can select."""
        selected = 0 if self.selected is None else self.selected()
        if returned < selected:
            used = self.spent - self.kept
            least = max(-(-used * returned // selected), -(-used // _LEAST_PAID))
            self.account.give_back(used - least)
            self.spent -= used - least

    def cancel(self) -> None:
        """Give everything back, unless something of the operation was executed."""
        if self.spent > self.kept and not self.has_run:
            self.account.give_back(self.spent - self.kept)
            self.spent = self.kept
