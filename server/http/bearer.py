"""Viewer of a request, by the token in its Authorization header (RFC 6750)."""

from collections.abc import Sequence

from domain.errors import SessionOver, UnusableToken
from resolvers import access
from resolvers.context import unauthenticated
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from server.http.headers import bearer_token


async def renewed(
    portal: Portal, given: Sequence[str], address: str | None, *, now: bool = False, at_once: bool = False
) -> Viewer:
    """Return the viewer again, read from the database if it must be that of `now`: `at_once`, or within a second."""
    viewer = await viewer_of(portal, given, address, read_now=now, at_once=at_once)
    if viewer is None:
        raise unauthenticated()
    return viewer


async def viewer_of(
    portal: Portal,
    given: Sequence[str],
    address: str | None,
    *,
    read_now: bool = False,
    at_once: bool = False,
    hold: access.Hold | None = None,
) -> Viewer | None:
    """Return the viewer by the Authorization headers, None without one; raise UnusableToken for a bad token.

    An unknown token is looked up only if `hold` allows it, which raises TooFewPoints.
    """
    if not given:
        return None
    token = bearer_token(given)
    if token is None:
        message = "Send one token, as “Authorization: Bearer …”."
        raise UnusableToken(message, challenge="Bearer")
    viewer = await access.viewer_of(portal, token, address, read_now=read_now, at_once=at_once, hold=hold)
    if viewer is None:
        raise SessionOver
    return viewer
