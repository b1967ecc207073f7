"""Names and addresses of servers, and which of them the portal may send to for its users."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import inet_aton
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_LONGEST_NAME = 253

_REFUSED = tuple(
    map(
        ip_network,
        (
            "100.64.0.0/10",  # Behind carrier-grade NAT, and the metadata of one cloud.
            "168.63.129.16/32",  # The metadata of another cloud, at a public address.
            "192.0.0.0/24",
            "192.88.99.0/24",
            # All of these can contain an address of IPv4, which may be a private one.
            "::/96",
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2001::/23",
            "2002::/16",
        ),
    )
)


def address_of(host: str) -> Address | None:
    """Return the address that the host of a URL is; None if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_host(text: str) -> bool:
    """Return whether a text is a valid host: each label of a name has 1 to 63 characters (RFC 1035, 2.3.4).

    To resolve any other name, Python raises a ValueError and not an OSError.
    """
    try:
        return bool(text.encode("idna")) and "\0" not in text
    except UnicodeError:
        return False


def is_local_host(text: str) -> bool:
    """Return whether a text is an address without brackets, or a name that a machine may have (RFC 1123, 2.1)."""
    if address_of(text) is not None:
        return True
    try:
        name = text.encode("idna").decode()
    except UnicodeError:
        return False
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        return False
    if not name.rstrip(".").rpartition(".")[2].isdecimal():
        return True
    try:
        # Of four numbers, the system lets some be left out, as in 127.1.
        return bool(inet_aton(name))
    except OSError:
        return False


def is_public(address: Address) -> bool:
    """Return whether the address is one of the public internet, by itself: not another one in its bits."""
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not (isinstance(address, IPv6Address) and (address.is_site_local or address.scope_id is not None))
        and not any(address in network for network in _REFUSED)
    )
