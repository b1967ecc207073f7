"""Addresses and names that a server may listen on."""

from ipaddress import IPv4Address

import pytest

from server.setting_values import SettingsError
from server.settings import Settings

pytestmark = pytest.mark.usefixtures("settings")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", str(IPv4Address(0)), "127.1", "::", "::1", "fe80::1%eth0", "::ffff:127.0.0.1"),
        *("localhost", "portal.example", "portal.example.", "a-b", "db_1", "3com.example", "1.a2", "são.example"),
        "x" * 63 + ".example",
    ],
)
def test_an_address_or_a_name_may_be_a_host(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)

    assert Settings.load().host == host


@pytest.mark.parametrize(
    "host",
    [
        *("a b", "[::1]", "256.1.1.1", "1.2.3.4.5", "a..b", ".a", "a..", "-a", "a-.example", "::g", "1::2::3"),
        *("127.0.0.1:8000", "localhost:8000", "http://localhost", "10.0.0.0/8", "*", "a,b", "a\tb", "x" * 64),
        ".".join(["x" * 60] * 5),
    ],
)
def test_what_can_be_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HOST", host)

    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert str(refused.value).startswith("HOST: it has to be an address, such as 127.0.0.1 or ::1, without brackets")
