"""Who asks: the token of the Authorization header (RFC 6750)."""

import re
from collections.abc import Sequence

from resolvers import access
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from server.faults import unauthenticated

_BEARER = re.compile(r"(?i:bearer) +([A-Za-z0-9._~+/-]{1,512}=*)")


async def viewer_of(portal: Portal, given: Sequence[str]) -> Viewer | None:
    """The viewer by the Authorization headers, None where there is none; a token that is not good is turned away."""
    if not given:
        return None
    token = _BEARER.fullmatch(given[0].strip()) if len(given) == 1 else None
    if token is None:
        message = "Send one token, as “Authorization: Bearer …”."
        raise unauthenticated(message)
    viewer = await access.viewer_of(portal, token[1])
    if viewer is None:
        message = "The token is unknown, expired or revoked. Sign in again, or use another one."
        raise unauthenticated(message, 'Bearer error="invalid_token"')
    return viewer
