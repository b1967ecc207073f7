"""Conditional requests (RFC 9110, 13): ETag and If-None-Match for answers that the caller may cache.

An answer depends on its viewer and may change at any moment. So only the caller itself may cache it (`private`), and
must revalidate it before each use (`no-cache`). The operation runs each time, for the token of the request; only the
transfer is saved.
"""

import re
from collections.abc import Sequence

from resolvers.portal import Portal
from server.http.headers import Header

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_LONGEST_LIST = 4_000
"""Number of characters of If-None-Match that are looked at: about a hundred tags of this server."""

_CACHE_CONTROL: Header = (b"cache-control", b"private, no-cache")


def etag(portal: Portal, body: bytes | bytearray, form: str) -> str:
    """Return the weak tag of an answer, the same whether it is compressed or not.

    The hash is keyed, so that the answer can't be guessed from a tag in a log.
    """
    return f'W/"{portal.digest("etag", form.encode() + body).hex()[:32]}"'


def headers(tag: str) -> list[Header]:
    """Return the caching headers of the answer."""
    return [_CACHE_CONTROL, (b"etag", tag.encode())]


def holds(if_none_match: Sequence[str], tag: str) -> bool:
    """Return whether the caller has the answer already."""
    known = ", ".join(if_none_match)[:_LONGEST_LIST]
    return known.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(known)
