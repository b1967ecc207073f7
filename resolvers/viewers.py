"""Who asks: the viewer of a token, remembered for a few seconds."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.access import Permissions, Role, TokenKind
from domain.tenancy import ALL_PARTNERS, Scope

REMEMBERED = timedelta(seconds=5)
"""How long a viewer may be remembered: a token that another process revoked works no longer than that."""

_REMEMBERED_AT_MOST = 10_000


class Viewer(NamedTuple):
    """A signed-in user of a partner or the vendor, as the token allows.

    `partner_id` is the user's own organization, whose the tokens are, and `scope` is what the user sees.
    """

    partner_id: int
    user_id: int
    role: Role
    permissions: Permissions
    token_id: int
    token_kind: TokenKind
    expires_at: datetime | None
    scope: Scope

    @property
    def of_vendor(self) -> bool:
        """Whether the user is one of the vendor's."""
        return self.scope is ALL_PARTNERS


class _Seen(NamedTuple):
    viewer: Viewer
    until: datetime


@dataclass(slots=True)
class Viewers:
    """The viewers of the tokens that were used lately, by the tokens' digests, and the uses not yet written down."""

    _seen: dict[bytes, _Seen] = field(default_factory=dict)
    forgotten: int = 0
    used: dict[tuple[int, int], datetime] = field(default_factory=dict)

    def recall(self, digest: bytes, now: datetime) -> Viewer | None:
        """The viewer of a token that was used in the last seconds."""
        seen = self._seen.get(digest)
        if seen is None or seen.until <= now:
            return None
        return seen.viewer

    def remember(self, digest: bytes, viewer: Viewer, now: datetime, *, forgotten: int) -> None:
        """Know the viewer of the token for a few seconds, or until the token expires.

        `forgotten` is what the count was before the viewer was read: a token that was revoked in between, perhaps
        this one, must not come back.
        """
        if forgotten != self.forgotten:
            return
        if len(self._seen) >= _REMEMBERED_AT_MOST:
            self._seen.clear()
        until = now + REMEMBERED
        self._seen[digest] = _Seen(viewer, until if viewer.expires_at is None else min(until, viewer.expires_at))

    def forget(self, digest: bytes) -> None:
        """Know the token no longer, at once."""
        self.forgotten += 1
        self._seen.pop(digest, None)

    def forget_user(self, partner_id: int, user_id: int) -> None:
        """Forget all tokens of a user, at once."""
        self.forgotten += 1
        owner = partner_id, user_id
        self._seen = {
            digest: seen
            for digest, seen in self._seen.items()
            if (seen.viewer.partner_id, seen.viewer.user_id) != owner
        }

    def note_use(self, viewer: Viewer, now: datetime) -> None:
        """Keep in mind that the token was used, to be written outside the request."""
        self.used[viewer.partner_id, viewer.token_id] = now

    def take_uses(self) -> dict[tuple[int, int], datetime]:
        """The uses since the last call."""
        used, self.used = self.used, {}
        return used
