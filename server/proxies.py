"""Proxies that are trusted to name a caller's address."""

from collections.abc import Iterable
from ipaddress import ip_network

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
