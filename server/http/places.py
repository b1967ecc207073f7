"""Places of connections: how many a process has, in all and from one address."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

import structlog

from server.proxies import trusts

_CROWDED = 0.9
"""Part of the most connections from which on idle ones are closed soon."""

_ANSWERED = 1.1
"""Part of a cap up to which connections beyond it get an answer, which takes a connection too."""

_LOGGED_AGAIN_SECONDS = 10.0
_PREFIX_BITS = 64
"""Bits of an IPv6 address that one caller has; the others are its own choice."""

log = structlog.get_logger("portal.http")


@dataclass(frozen=True, slots=True)
class Caps:
    """Most connections of a process, in all and from one address; a trusted proxy may have any number."""

    total: int = 20_000
    of_address: int = 1_500
    proxies: tuple[str, ...] = ()


class Place(NamedTuple):
    """Place of a connection."""

    address: str | None
    """Address, or network of an IPv6 address, that the connection counts for; None for a trusted proxy."""
    beyond: str | None = None
    """The cap that the connection exceeds, “process” or “address”."""
    is_answered: bool = True
    """Whether a connection beyond a cap gets an answer; there may be too many of them."""


class Places:
    """Counter of connections."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self.taken = 0
        self._of_address: dict[str, int] = {}
        """Number of open connections by address; an address without any has no entry."""
        self.on_refusal: Callable[[str], None] = lambda _: None
        """Called with the cap that a connection exceeds."""
        self._refused = 0
        self._last: tuple[str, str | None] | None = None
        """Cap and caller of the last refusal that is in no line yet."""
        self._logged_at: float | None = None

    @property
    def is_crowded(self) -> bool:
        """Whether idle connections should make room for others."""
        return self.taken > _CROWDED * self._caps.total

    @property
    def addresses(self) -> int:
        """The number of addresses with connections."""
        return len(self._of_address)

    def take(self, peer: str | None, now: float) -> Place:
        """Count a connection until `leave`, also if it is beyond a cap."""
        address = None if peer is None or trusts(self._caps.proxies, peer) else network_of(peer)
        self.taken += 1
        caps, number = self._caps, 0
        if address is not None:
            number = self._of_address[address] = self._of_address.get(address, 0) + 1
        if self.taken > caps.total:
            beyond, is_answered = "process", self.taken <= max(caps.total + 1, _ANSWERED * caps.total)
        elif number > caps.of_address:
            beyond, is_answered = "address", number <= max(caps.of_address + 1, _ANSWERED * caps.of_address)
        else:
            return Place(address)
        self._report(beyond, peer, now)
        return Place(address, beyond, is_answered)

    def leave(self, place: Place) -> None:
        """Stop counting a connection."""
        self.taken -= 1
        if place.address is None:
            return
        left = self._of_address[place.address] - 1
        if left:
            self._of_address[place.address] = left
        else:
            del self._of_address[place.address]

    def _report(self, beyond: str, peer: str | None, now: float) -> None:
        self.on_refusal(beyond)
        self._refused += 1
        self._last = beyond, peer
        self.log_refusals(now)

    def log_refusals(self, now: float, *, at_end: bool = False) -> None:
        """Log how many were refused since the last line, if that was long enough ago, or at the end."""
        is_due = self._logged_at is None or now - self._logged_at >= _LOGGED_AGAIN_SECONDS
        if self._last is None or not (is_due or at_end):
            return
        cap, address = self._last
        log.warning("connections refused", cap=cap, client_address=address, connections=self._refused)
        self._logged_at, self._refused, self._last = now, 0, None


@lru_cache(maxsize=4096)
def network_of(peer: str) -> str:
    """Return the address of a caller, or the /64 network of an IPv6 address, of which a caller has all."""
    address = ip_address(peer.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> _PREFIX_BITS << _PREFIX_BITS)}/{_PREFIX_BITS}"
