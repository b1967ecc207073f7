"""Answers that their caller may keep, and has to ask about before each use: ETag and If-None-Match (RFC 9110, 13).

An answer depends on who asks, and may be another one at any moment. So only the caller itself may keep it (`private`)
and none is used unasked (`no-cache`). The operation runs each time, for the token that asks; what is saved is the way.
"""

import re
from collections.abc import Sequence

from resolvers.portal import Portal
from server.http.security_headers import Header

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_CACHE_CONTROL: Header = (b"cache-control", b"private, no-cache")


def etag(portal: Portal, body: bytes | bytearray, form: str) -> str:
    """The weak tag of an answer, the same whether it is compressed or not.

    The hash is keyed: from one that a log has kept, nobody finds the answer by trying.
    """
    return f'W/"{portal.digest("etag", form.encode() + body).hex()[:32]}"'


def headers(tag: str) -> list[Header]:
    """What the answer says of itself."""
    return [_CACHE_CONTROL, (b"etag", tag.encode())]


def holds(if_none_match: Sequence[str], tag: str) -> bool:
    """Whether the caller has the answer already."""
    known = ", ".join(if_none_match)
    return known.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(known)
