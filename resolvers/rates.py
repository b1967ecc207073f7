"""Accounts of callers: the cost points that this process has leased from their buckets, spent without I/O."""

from collections.abc import Callable
from typing import Literal

from domain.rates import Limit

Policy = Literal["partner", "vendor", "token", "address"]
"""Whose limit it is, as `RateLimit-Policy` names it."""

_SHARE = 50
"""A process leases a fiftieth of a bucket at a time."""

_TAKEN = 16
"""A token or an address takes a sixteenth of that at a time, beyond what its request needs."""

_UNUSED = 5
"""A fifth of a bucket is left out of what one operation pays at most: other processes may have leased it."""

_MOST_BACK = 2
"""An operation that returns less than it could gets at most half back: what it reads to find that costs too."""


class Lease:
    """Points of one bucket that this process may spend."""

    __slots__ = (
        "asked",
        "bucket",
        "chunk",
        "full",
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
        "seconds",
        "seen",
        "top",
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
        self.top = limit.points + limit.per_second - 1
        """Number that rounds up the seconds until the bucket is full, in a division by the rate."""
        self.full = b"ratelimit", f'"{self.policy}";r={limit.points};t=0'.encode()
        self.tell(0)
        self.chunk = max(1, limit.points // _SHARE)
        self.low = self.chunk // 2

    def tell(self, seconds: int) -> None:
        """Let `header` say so many seconds until the bucket is full, as for most of the following requests."""
        self.seconds = seconds
        self.header = f'"{self.policy}";r=%d;t={seconds}'.encode()


class Account:
    """Points that pay for the requests of one token, or of one address, and the leases that they are taken from."""

    __slots__ = ("_on_late", "_on_low", "_reported", "_share", "left", "most", "owner", "policies", "token", "viewer")

    def __init__(self, owner: Lease, token: Lease | None, on_low: Callable[[Lease], None]) -> None:
        """Take the leases of the partner and of its token; those without a token have an address, which pays alone."""
        self.owner, self.token = owner, token
        self.viewer: object = None
        """Viewer whose limits these are."""
        self.left = 0
        """Points that were taken from every lease, so that most requests look at nothing else."""
        self._reported = owner
        """Lease that the headers tell of: the one with the fewest points when some were taken last."""
        self._on_low = on_low
        self._on_late: Callable[[Lease], None] | None = None
        self.count()

    def count(self) -> None:
        """Compute what depends on the limits."""
        leases = self.leases
        points = min(lease.limit.points for lease in leases)
        self.most = points - points // _UNUSED
        self._share = min(lease.chunk for lease in leases) // _TAKEN
        texts = (f'"{lease.policy}";q={lease.limit.points};w={lease.limit.seconds}' for lease in leases)
        self.policies = b"ratelimit-policy", ", ".join(texts).encode()

    @property
    def leases(self) -> tuple[Lease, ...]:
        """Return the leases, the partner's first."""
        return (self.owner,) if self.token is None else (self.owner, self.token)

    def spend(self, points: int) -> bool:
        """Spend points, or none if there are too few."""
        if points > self.left and not self._take(points):
            return False
        self.left -= points
        return True

    def put_back(self) -> None:
        """Return all points to the leases."""
        for lease in self.leases:
            lease.left += self.left
        self.left = 0

    def give_back(self, points: int) -> None:
        """Add what a request has not used; to the leases if other requests do not find this account any more."""
        self.left += points
        if self._on_late is not None:
            self.put_back()
            for lease in self.leases:
                if lease.gone:
                    self._on_late(lease)

    def close(self, on_late: Callable[[Lease], None]) -> None:
        """Return all points to the leases, now and whenever a request gives some back.

        The function is called for a lease that gets some after what it had left was given back to its bucket.
        """
        self.put_back()
        self._on_late = on_late

    def _take(self, points: int) -> bool:
        """Take so many points and a share for later requests from every lease, or none if one has too few."""
        self.put_back()
        self._reported = min(self.leases, key=_remaining)
        least = min(lease.left for lease in self.leases)
        if least < points:
            return False
        self.left = min(least, points + self._share)
        for lease in self.leases:
            lease.left -= self.left
            if lease.left < lease.low and not lease.asked:
                self._on_low(lease)
        return True

    @property
    def limit(self) -> Limit:
        """Return the limit that the headers tell of."""
        return self._reported.limit

    @property
    def remaining(self) -> int:
        """Return the points that the caller has left, as far as this process knows."""
        return min(_remaining(self._reported) + self.left, self._reported.most)

    def headers(self) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        """Return RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10).

        `t` is the number of seconds after which the bucket is full of points again.
        """
        lease = self._reported
        remaining = lease.known + lease.left + self.left
        if remaining >= lease.most:
            return self.policies, lease.full
        seconds = (lease.top - remaining) // lease.per_second
        if seconds != lease.seconds:
            lease.tell(seconds)
        return self.policies, (b"ratelimit", lease.header % remaining)


def _remaining(lease: Lease) -> int:
    return lease.known + lease.left


class Charge:
    """What a request has spent, of which some may be given back."""

    __slots__ = ("account", "can_cancel", "kept", "objects", "requested", "spent")

    def __init__(self, account: Account, points: int, objects: int = 0, *, spent: int = 0, kept: int = 0) -> None:
        """Take the points that are asked for and were spent, of which some are kept: those are not given back.

        By the number of `objects` that the operation can select, points are given back if it returns fewer.
        """
        self.account, self.requested, self.objects = account, points, objects
        self.spent, self.kept = spent, kept
        self.can_cancel = False
        """Whether points can be given back because nothing of the operation was executed yet."""

    def pay(self) -> bool:
        """Spend what is asked for of the points that this process has leased; return whether it has as many."""
        if not self.account.spend(self.requested - self.spent):
            return False
        self.spent = self.requested
        return True

    def settle(self, returned: int) -> None:
        """Give back the unused points of an operation that returned so many of the objects that it can select."""
        unused = self.objects - returned
        if unused > 0:
            used = self.spent - self.kept
            back = min(used * unused // self.objects, used // _MOST_BACK)
            self.spent -= back
            self.account.give_back(back)

    def cancel(self) -> None:
        """Give everything back, unless something of the operation was executed."""
        if self.can_cancel and self.spent > self.kept:
            self.account.give_back(self.spent - self.kept)
            self.spent = self.kept
