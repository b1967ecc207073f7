"""Viewers: the user and permissions of a token, cached for a few seconds."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.access import Permissions, Role, TokenKind
from domain.tenancy import ALL_PARTNERS, Scope

REMEMBERED = timedelta(seconds=5)
"""How long a viewer may be remembered: a token that another process revoked works no longer than that."""

_REMEMBERED_AT_MOST = 10_000


class Viewer(NamedTuple):
    """User of a partner or the vendor, with the permissions of the request's token.

    `partner_id` is the user's organization, and `scope` is what the user can see.
    """

    partner_id: int
    user_id: int
    role: Role
    permissions: Permissions
    token_id: int
    token_kind: TokenKind
    expires_at: datetime | None
    scope: Scope
    must_enroll: bool = False
    """Whether the user must have a second factor and has none: then the session has no permission."""

    @property
    def of_vendor(self) -> bool:
        """Whether the user works for the vendor."""
        return self.scope is ALL_PARTNERS


class _Seen(NamedTuple):
    viewer: Viewer
    until: datetime


@dataclass(slots=True)
class Viewers:
    """Cache of viewers by token digest, and the uses of tokens that are not written yet."""

    _seen: dict[bytes, _Seen] = field(default_factory=dict)
    forgotten: int = 0
    used: dict[tuple[int, int], datetime] = field(default_factory=dict)

    def recall(self, digest: bytes, now: datetime) -> Viewer | None:
        """Return the cached viewer of a token, if any."""
        seen = self._seen.get(digest)
        if seen is None or seen.until <= now:
            return None
        return seen.viewer

    def remember(self, digest: bytes, viewer: Viewer, now: datetime, *, forgotten: int) -> None:
        """Cache the viewer for a few seconds, or until the token expires.

        `forgotten` is the count from before the viewer was read: a token that was revoked in between, perhaps
        this one, must not be cached again.
        """
        if forgotten != self.forgotten:
            return
        if len(self._seen) >= _REMEMBERED_AT_MOST:
            self._seen.clear()
        until = now + REMEMBERED
        self._seen[digest] = _Seen(viewer, until if viewer.expires_at is None else min(until, viewer.expires_at))

    def forget(self, digest: bytes) -> None:
        """Drop the viewer of a token."""
        self.forgotten += 1
        self._seen.pop(digest, None)

    def forget_user(self, partner_id: int, user_id: int) -> None:
        """Drop the viewers of all tokens of a user."""
        self.forgotten += 1
        owner = partner_id, user_id
        self._seen = {
            digest: seen
            for digest, seen in self._seen.items()
            if (seen.viewer.partner_id, seen.viewer.user_id) != owner
        }

    def note_use(self, viewer: Viewer, now: datetime) -> None:
        """Record that the token was used; it is written outside of the request."""
        self.used[viewer.partner_id, viewer.token_id] = now

    def take_uses(self) -> dict[tuple[int, int], datetime]:
        """Return the uses since the last call."""
        used, self.used = self.used, {}
        return used
