"""Viewer of the token in the Authorization header (RFC 6750)."""

import re
from collections.abc import Sequence

from domain.errors import UnusableToken
from resolvers import access
from resolvers.portal import Portal
from resolvers.viewers import Viewer

_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]{1,512}=*)")


async def viewer_of(portal: Portal, given: Sequence[str], address: str | None) -> Viewer | None:
    """Return the viewer by the Authorization headers, None without one; raise UnusableToken for a bad token."""
    if not given:
        return None
    token = _BEARER.fullmatch(given[0].strip()) if len(given) == 1 else None
    if token is None:
        message = "Send one token, as “Authorization: Bearer …”."
        raise UnusableToken(message, "Bearer")
    viewer = await access.viewer_of(portal, token[1], address)
    if viewer is None:
        message = "The token is unknown, expired or revoked. Sign in again, or use another one."
        raise UnusableToken(message, 'Bearer error="invalid_token"')
    return viewer
