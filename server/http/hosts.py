"""Host and port of a request: `uri-host [ ":" port ]` of RFC 9110, in the syntax of RFC 3986."""

import re
from ipaddress import AddressValueError, IPv6Address

_LENGTH_MAX = 1_000
"""Maximum number of bytes: a name of 253 characters of DNS has 759 if all are escaped, and a port has 6."""

_PORT_MAX = 65535
_LABELS = rb"A-Za-z0-9._~!$&'()*+;=\-"
# RFC 3986 allows a comma too, which is what a proxy makes of two headers.
_NAME = rb"(?:[%b]|%%[0-9A-Fa-f]{2})+" % _LABELS
_FUTURE = rb"[vV][0-9A-Fa-f]+\.[%b:]+" % _LABELS
_HOST = re.compile(rb"(?:%b|\[(?:%b|(?P<ipv6>[0-9A-Fa-f:.]+))\])(?::(?P<port>0*[0-9]{1,5})?)?" % (_NAME, _FUTURE))


def valid(value: bytes) -> bool:
    """Return whether a host, with or without a port, is well-formed; an empty one is."""
    if len(value) > _LENGTH_MAX:
        return False
    host = _HOST.fullmatch(value)
    if host is None:
        return not value
    return int(host["port"] or 0) <= _PORT_MAX and (host["ipv6"] is None or _is_ipv6(host["ipv6"]))


def _is_ipv6(address: bytes) -> bool:
    try:
        IPv6Address(address.decode())
    except AddressValueError:
        return False
    return True
