"""Writing the last use of tokens outside of requests, in batches, and at most once a minute per token."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from db import access
from db.engine import Transaction
from domain.errors import Unavailable
from resolvers.portal import Portal

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
        due = {token: at for token, at in used.items() if self._is_due(token, at)}
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
        fresh = {token: at for token, at in self._written.items() if max(due.values()) - at < TRUE_TO}
        self._written = fresh | due

    def _is_due(self, token: Token, at: datetime) -> bool:
        written = self._written.get(token)
        return written is None or at - written >= TRUE_TO

    async def _store(self, due: dict[Token, datetime]) -> None:
        of_partners: dict[int, list[int]] = defaultdict(list)
        for partner_id, token_id in due:
            of_partners[partner_id].append(token_id)

        async def touch(tx: Transaction) -> None:
            # All processes write in the order of partners and tokens, so that they can't deadlock.
            for partner_id, token_ids in sorted(of_partners.items()):
                at = max(due[partner_id, token_id] for token_id in token_ids)
                await access.touch(tx, partner_id, token_ids, at=at)

        await self.portal.database.write(touch)
