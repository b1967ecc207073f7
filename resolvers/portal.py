"""State of a process: the database, the secret of keyed hashes, the clock, and cached viewers."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from time import monotonic

from db.engine import Database
from domain.documents import Inspection
from domain.timestamps import utc_now
from resolvers.counts import Counts
from resolvers.feed import Feed
from resolvers.identities import IdentityProvider
from resolvers.mail import Outbox
from resolvers.passwords import SignInQueue
from resolvers.token_checks import TokenChecks
from resolvers.viewers import Moment, Viewers
from resolvers.webhook_selections import Selections


@dataclass(slots=True)
class Portal:
    """Portal of a process."""

    database: Database
    secret: bytes
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = monotonic
    """Seconds of a monotonic clock, for the ages of what this process keeps."""
    demo: bool = False
    previous_secret: bytes | None = None
    """The secret before this one, while stored values may still need it."""
    open_schema: bool | None = None
    """Whether callers without a token may read the schema's description; None for what `demo` says."""
    vendor_second_factor: bool = False
    """Whether the vendor's users must have a second factor."""
    total_count_max: int | None = None
    """Number of objects up to which the totals of lists are counted; None for any number."""
    token_seconds: float = 5
    """How long the check of a token may take, before the request's own deadline begins."""
    viewers: Viewers = field(default_factory=Viewers)
    sign_ins: SignInQueue = field(default_factory=SignInQueue)
    outbox: Outbox = field(default_factory=Outbox)
    reading_sheets: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Lets one sheet or manifest be read at a time, which takes a core for a second and memory for all of it."""
    provider: IdentityProvider | None = None
    """Provider whose tokens are bearer tokens here too."""
    private_webhooks: bool = False
    """Whether webhooks may have any address, and http: only for development."""
    selections: Selections | None = None
    """Selections of webhooks; the application sets them."""

    inspect: Callable[[str], Inspection] | None = None
    """Checks a document against the schema, which the application sets."""

    counts: Counts = field(default_factory=Counts)
    feed: Feed = field(init=False)
    token_checks: TokenChecks = field(init=False)

    def __post_init__(self) -> None:
        """Start the feed, which reads nothing before there is a follower."""
        self.feed = Feed(self.database)
        self.token_checks = TokenChecks(self.database, self.viewers)

    def moment(self) -> Moment:
        """Return the moment by both clocks."""
        return Moment(self.now(), self.monotonic())

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that stored values may be encrypted with, the current one first."""
        return (self.secret,) if self.previous_secret is None else (self.secret, self.previous_secret)

    @property
    def shows_schema_to_all(self) -> bool:
        """Whether callers without a token get the schema's description, and suggestions."""
        return self.demo if self.open_schema is None else self.open_schema

    def digest(self, purpose: str, value: bytes) -> bytes:
        """Return a keyed hash; without the secret, the value can't be found by trying."""
        return _keyed(self.secret, purpose, value)

    def digests(self, purpose: str, value: bytes) -> tuple[bytes, ...]:
        """Return the keyed hashes that may be stored of a value, the current one first."""
        return tuple(_keyed(secret, purpose, value) for secret in self.secrets)


def _keyed(secret: bytes, purpose: str, value: bytes) -> bytes:
    return hmac.digest(secret, purpose.encode() + b"\0" + value, sha256)
