"""Proxies that are trusted to name a caller's address."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network

import structlog

log = structlog.get_logger("portal.server")

_HINT = (
    "FORWARDED_ALLOW_IPS trusts every address: a caller that sends X-Forwarded-For escapes the limits on failed "
    "sign-ins, unless a proxy overwrites that header; name the proxies instead"
)


def warn_of_trust_in_all(trusted: Iterable[str]) -> None:
    """Log a warning if callers of every address are trusted."""
    if any(each == "*" or ip_network(each).prefixlen == 0 for each in trusted):
        log.warning("any caller can choose its address", hint=_HINT)


@lru_cache(maxsize=4096)
def trusts(trusted: tuple[str, ...], peer: str) -> bool:
    """Return whether the other end of a connection is a trusted proxy."""
    if "*" in trusted:
        return True
    address = ip_address(peer.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any(each in ip_network(network) for network in trusted for each in (address, mapped) if each is not None)
