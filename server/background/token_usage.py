"""Writing the last use of tokens outside of requests, in batches, and at most once a minute per token."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from db import access
from db.access import Use
from db.engine import row_scope
from domain.errors import Unavailable
from resolvers.portal import Portal
from resolvers.viewers import TokenUse

EVERY_SECONDS = 10
TRUE_TO = timedelta(minutes=1)
"""Maximum age of the stored time of a token's last use."""

log = structlog.get_logger("portal.uses")

Token = tuple[int, int]
"""Partner id and token id."""


@dataclass(slots=True)
class TokenUsageWriter:
    """Writer of the last uses of tokens that the portal has seen."""

    portal: Portal
    _written: dict[Token, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Write regularly, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write the uses since the last call; a failure is logged, and the next call tries again."""
        used = self.portal.viewers.take_uses()
        due = {token: use for token, use in used.items() if self._is_due(token, use[0])}
        if not due:
            return
        try:
            await self._store(due)
        except Exception as error:
            if isinstance(error, Unavailable):
                log.warning("the last uses of tokens are written later: the database is not available")
            else:
                log.exception("the last uses of tokens could not be written")
            self.portal.viewers.used = due | self.portal.viewers.used
            return
        latest = max(at for at, _ in due.values())
        fresh = {token: at for token, at in self._written.items() if latest - at < TRUE_TO}
        self._written = fresh | {token: at for token, (at, _) in due.items()}

    async def write_last(self, *, seconds: float) -> None:
        """Write at the end of the process, for so many seconds at most."""
        try:
            async with asyncio.timeout(seconds):
                await self.write()
        except TimeoutError:
            log.warning("the last uses of tokens were not written: the database did not answer")

    def _is_due(self, token: Token, at: datetime) -> bool:
        written = self._written.get(token)
        return written is None or at - written >= TRUE_TO

    @row_scope.for_every_partner
    async def _store(self, due: dict[Token, TokenUse]) -> None:
        uses = [Use(*token, *use) for token, use in due.items()]
        await self.portal.database.write(lambda tx: access.touch(tx, uses))
