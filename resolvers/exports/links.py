"""URLs of exports, which need no token: they carry the export and its viewer, encrypted and signed."""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from domain.access import Permission
from domain.errors import UnusableToken
from domain.exports import READ_PERMISSIONS
from resolvers import access
from resolvers.encryption import UnsealingError, seal, unseal
from resolvers.exports import lists
from resolvers.exports.lists import Wanted
from resolvers.portal import Portal
from resolvers.viewers import Viewer

PATH = "/exports/"
"""Beginning of the path of each URL."""

LENGTH_MAX = 16_000
"""Characters of the longest link that is looked at."""

_LONG = 1_000
"""Bytes of an export from which it is compressed: folded, one character of a filter can have 33 bytes."""

_COMPRESSED = b"x"
"""First byte of a compressed export; others begin with a brace."""

_PURPOSE = "export"
_NUMBER = 8


class _Part(NamedTuple):
    """Numbers before the export itself: who created it, and when it expires."""

    partner_id: int
    user_id: int
    token_id: int
    expires_at: int


class Trouble(Enum):
    """Reason why a URL gives no file."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    FORBIDDEN = "forbidden"


class LinkError(Exception):
    """The URL gives no file."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Opened(NamedTuple):
    """Export of a URL, and its viewer, who may read it now."""

    wanted: Wanted
    viewer: Viewer


def url(portal: Portal, viewer: Viewer, wanted: bytes, expires_at: datetime) -> str:
    """Return the URL of an export for a viewer, relative to the address of the portal."""
    if len(wanted) >= _LONG:
        wanted = zlib.compress(wanted)
    numbers = _Part(viewer.partner_id, viewer.user_id, viewer.token_id, int(expires_at.timestamp()))
    plain = b"".join(number.to_bytes(_NUMBER, "big") for number in numbers) + wanted
    return PATH + urlsafe_b64encode(seal(portal.secret, _PURPOSE, plain)).rstrip(b"=").decode()


async def opened(portal: Portal, link: str, address: str | None) -> Opened:
    """Return the export of a link, for its viewer as of now; raise LinkError."""
    creator, text = _unsealed(portal, link)
    now = portal.now()
    if creator.expires_at <= now.timestamp():
        raise LinkError(Trouble.EXPIRED)
    try:
        wanted = lists.read(text)
    except (KeyError, TypeError, ValueError):
        # It was created by another version of the portal.
        raise LinkError(Trouble.UNKNOWN) from None
    try:
        viewer = await access.viewer_again(portal, creator.partner_id, creator.user_id, creator.token_id, address)
    except UnusableToken:
        viewer = None
    if viewer is None or not viewer.permissions >= {Permission.EXPORTS_CREATE, READ_PERMISSIONS[wanted.list]}:
        raise LinkError(Trouble.FORBIDDEN)
    return Opened(wanted, viewer)


def _unsealed(portal: Portal, link: str) -> tuple[_Part, bytes]:
    if len(link) > LENGTH_MAX or not link.isascii():
        raise LinkError(Trouble.UNKNOWN)
    try:
        sealed = urlsafe_b64decode(link + "=" * (-len(link) % 4))
        plain = unseal(portal.secrets, _PURPOSE, sealed)
    except (UnsealingError, ValueError):
        raise LinkError(Trouble.UNKNOWN) from None
    ends = range(_NUMBER, _NUMBER * (len(_Part._fields) + 1), _NUMBER)
    numbers = [int.from_bytes(plain[end - _NUMBER : end], "big") for end in ends]
    wanted = plain[ends[-1] :]
    return _Part(*numbers), zlib.decompress(wanted) if wanted.startswith(_COMPRESSED) else wanted
