"""Accounts of the callers that a process serves, and the leases that they share."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from domain.attempts import network
from domain.rates import Limit
from resolvers.rates import Account, Lease, Policy
from resolvers.viewers import Viewer

_ADDRESSES_MAX = 10_000
_ACCOUNTS_MAX = 20_000
_PERCENT = 100
_UNKNOWN_ADDRESS = "unknown"

_Key = tuple[int, int] | str
"""Partner and token of an account, or an address."""


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


class Accounts:
    """Accounts by caller. Those beyond the maximum replace the oldest."""

    def __init__(
        self,
        limits: Limits,
        digest: Callable[[str, bytes], bytes],
        *,
        on_low: Callable[[Lease], None],
        on_forgotten: Callable[[Lease], None],
    ) -> None:
        """Take the limits, the hash by which buckets name addresses, and what is called for leases."""
        self.leases: dict[str, Lease] = {}
        """Leases by the names of their buckets."""
        self._limits, self._digest = limits, digest
        self._on_low, self._on_forgotten = on_low, on_forgotten
        self.of_viewers: dict[int, Account] = {}
        """Accounts by the identity of the viewers whose limits they have."""
        self._of_tokens: dict[tuple[int, int], Account] = {}
        self._of_addresses: OrderedDict[str, Account] = OrderedDict()
        self._keys: dict[Lease, set[_Key]] = {}
        """Keys of the accounts that a lease pays for."""

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self._of_tokens) + len(self._of_addresses)

    def of(self, viewer: Viewer | None, address: str | None) -> Account | None:
        """Return the account of a caller; None if it has no limit."""
        if viewer is None:
            return self._of_address(address)
        # A token of the identity provider has no id: all of a user's count as one.
        key = viewer.partner_id, viewer.token_id or -viewer.user_id
        account = self._of_tokens.get(key)
        if account is None or account.viewer is not viewer:
            return self._of_viewer(key, viewer)
        return account

    def put_back(self) -> None:
        """Return the points of all accounts to their leases, which then show what was spent."""
        for account in (*self._of_tokens.values(), *self._of_addresses.values()):
            account.put_back()

    def forget(self, leases: Iterable[Lease]) -> None:
        """Drop leases and their accounts, so that what they have left is given back."""
        for lease in leases:
            lease.gone = True
            self.leases.pop(lease.bucket, None)
            for key in list(self._keys.get(lease, ())):
                self._drop(key)
            self._on_forgotten(lease)

    def _of_viewer(self, key: tuple[int, int], viewer: Viewer) -> Account | None:
        limits = self._limits
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
        account = self._of_tokens.get(key)
        if account is None or account.owner is not owner or account.token is not token:
            if account is not None:
                self._drop(key)
            account = self._of_tokens[key] = self._opened(key, owner, token)
            if len(self._of_tokens) > _ACCOUNTS_MAX:
                self.forget(self._drop(next(iter(self._of_tokens))).leases[1:])
        self.of_viewers.pop(id(account.viewer), None)
        account.viewer = viewer
        self.of_viewers[id(viewer)] = account
        account.count()
        return account

    def _of_address(self, address: str | None) -> Account | None:
        if not self._limits.address:
            return None
        name = network(address) or _UNKNOWN_ADDRESS
        account = self._of_addresses.get(name)
        if account is not None:
            self._of_addresses.move_to_end(name)
            return account
        # The store need not know who calls.
        bucket = f"address:{self._digest('rate of address', name.encode()).hex()[:32]}"
        lease = self._lease(bucket, "address", self._limits.of(self._limits.address))
        account = self._of_addresses[name] = self._opened(name, lease, None)
        if len(self._of_addresses) > _ADDRESSES_MAX:
            self.forget(self._drop(next(iter(self._of_addresses))).leases)
        return account

    def _opened(self, key: _Key, owner: Lease, token: Lease | None) -> Account:
        account = Account(owner, token, self._on_low)
        for lease in account.leases:
            self._keys.setdefault(lease, set()).add(key)
        return account

    def _drop(self, key: _Key) -> Account:
        account = self._of_addresses.pop(key) if isinstance(key, str) else self._of_tokens.pop(key)
        self.of_viewers.pop(id(account.viewer), None)
        account.close(self._on_forgotten)
        for lease in account.leases:
            keys = self._keys[lease]
            keys.discard(key)
            if not keys:
                del self._keys[lease]
        return account

    def _lease(self, bucket: str, policy: Policy, limit: Limit) -> Lease:
        lease = self.leases.get(bucket)
        if lease is None:
            lease = self.leases[bucket] = Lease(bucket, policy, limit)
        elif lease.limit != limit:
            lease.set_limit(limit)
        return lease
