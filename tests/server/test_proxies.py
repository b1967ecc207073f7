"""Proxies that are trusted to name a caller's address."""

import pytest

from server import proxies
from tests.server.log import Log


@pytest.mark.parametrize("trusted", [("*",), ("10.0.0.1", "0.0.0.0/0"), ("::/0",)])
def test_trust_in_every_address_is_warned_of(log: Log, trusted: tuple[str, ...]) -> None:
    proxies.warn_of_trust_in_all(trusted)

    (line,) = log.lines()
    assert (line["event"], line["level"]) == ("any caller can choose its address", "warning")
    assert "X-Forwarded-For" in line["hint"]


@pytest.mark.parametrize("trusted", [(), ("127.0.0.1", "::1"), ("10.0.0.0/8",), ("0.0.0.0/1", "fc00::/7")])
def test_named_proxies_are_not_warned_of(log: Log, trusted: tuple[str, ...]) -> None:
    proxies.warn_of_trust_in_all(trusted)

    assert log.lines() == []
