"""Viewers: the user and permissions of a token, cached for a few seconds."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from math import inf
from typing import NamedTuple, TypeAlias

from domain import policies
from domain.access import Permissions, Role, TokenKind
from domain.policies import Network
from domain.tenancy import ALL_PARTNERS, Scope

REMEMBERED_SECONDS = 5.0
"""How long a viewer may be remembered: a token that another process revoked works no longer than that."""

NEW_SECONDS = 1.0
"""Age up to which a viewer is as good as one that is read now."""
_REMEMBERED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Viewer:
    """User of a partner or the vendor, with the permissions of the request's token.

    `partner_id` is the user's organization, and `scope` is what the user can see.
    """

    partner_id: int
    user_id: int
    role: Role
    permissions: Permissions
    token_id: int
    """Id of the token; 0 for one of the identity provider."""
    token_kind: TokenKind | None
    """Kind of the token; None for one of the identity provider."""
    expires_at: datetime | None
    scope: Scope
    networks: tuple[Network, ...] = ()
    """Networks from which the token can be used; none if from any address."""
    must_enroll: bool = False
    """Whether the user must have a second factor and has none: then the session has no permission."""
    points_per_second: int | None = None
    """Rate that the vendor allows the partner; None for the portal's own limit."""

    def seconds_left(self, now: datetime) -> float:
        """Return the seconds until the token expires."""
        return inf if self.expires_at is None else (self.expires_at - now).total_seconds()

    @property
    def of_vendor(self) -> bool:
        """Whether the user works for the vendor."""
        return self.scope is ALL_PARTNERS


class Moment(NamedTuple):
    """Moment by both clocks of a portal."""

    now: datetime
    seconds: float
    """Of the monotonic clock."""


class _Seen(NamedTuple):
    viewer: Viewer
    until: float


TokenUse: TypeAlias = tuple[datetime, str | None]
"""Time of a token's last use, and the caller's address if it is known."""


def digest(secret: str) -> bytes:
    """Return what is stored of a token: a plain SHA-256 is enough for 256 random bits."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True)
class Viewers:
    """Cache of viewers by token digest, and the uses of tokens that are not written yet.

    Its ages are of the portal's monotonic clock, because the time of day may be set back.
    """

    _seen: dict[bytes, _Seen] = field(default_factory=dict)
    forgotten: int = 0
    hits: int = 0
    """Number of lookups that the cache answered."""
    misses: int = 0
    """Number of lookups that it could not answer."""
    used: dict[tuple[int, int], TokenUse] = field(default_factory=dict)
    """By partner id and token id."""

    def recall(self, digest: bytes, seconds: float) -> Viewer | None:
        """Return the viewer of a token that is cached at these seconds of the monotonic clock, if any."""
        viewer = self.peek(digest, seconds)
        if viewer is None:
            self.misses += 1
        return viewer

    def peek(self, digest: bytes, seconds: float) -> Viewer | None:
        """Do as `recall`, without counting what the cache does not answer: another lookup follows."""
        seen = self._seen.get(digest)
        if seen is None or seen.until <= seconds:
            return None
        self.hits += 1
        return seen.viewer

    def usable(self, secret: str, now: datetime, seconds: float, address: str | None) -> Viewer | None:
        """Return the cached viewer of a token that can be used from the address, and record the use."""
        viewer = self.peek(digest(secret), seconds)
        if viewer is None or (viewer.networks and not policies.admits(viewer.networks, address)):
            return None
        if viewer.token_id:
            self.note_use(viewer, now, address)
        return viewer

    def former(self, digest: bytes) -> Viewer | None:
        """Return the last viewer of a token, however old it is, if it was not dropped."""
        seen = self._seen.get(digest)
        return None if seen is None else seen.viewer

    def recall_new(self, digest: bytes, seconds: float) -> Viewer | None:
        """Return the viewer of a token if it was read within the last second."""
        seen = self._seen.get(digest)
        return None if seen is None or seen.until - seconds < REMEMBERED_SECONDS - NEW_SECONDS else seen.viewer

    def remember(self, digest: bytes, viewer: Viewer, at: Moment, *, forgotten: int) -> None:
        """Cache the viewer for a few seconds, or until the token expires.

        `forgotten` is the count from before the viewer was read: a token that was revoked in between, perhaps
        this one, must not be cached again.
        """
        if forgotten != self.forgotten:
            return
        if len(self._seen) >= _REMEMBERED_AT_MOST:
            self._seen.clear()
        self._seen[digest] = _Seen(viewer, at.seconds + min(REMEMBERED_SECONDS, viewer.seconds_left(at.now)))

    def drop(self, digest: bytes) -> None:
        """Drop the viewer of a token that was found to be unusable."""
        self._seen.pop(digest, None)

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

    def forget_partner(self, partner_id: int) -> None:
        """Drop the viewers of all tokens of a partner."""
        self.forgotten += 1
        self._seen = {digest: seen for digest, seen in self._seen.items() if seen.viewer.partner_id != partner_id}

    def note_use(self, viewer: Viewer, now: datetime, address: str | None) -> None:
        """Record that the token was used; it is written outside of the request."""
        self.used[viewer.partner_id, viewer.token_id] = now, address

    def take_uses(self) -> dict[tuple[int, int], TokenUse]:
        """Return the uses since the last call."""
        used, self.used = self.used, {}
        return used
