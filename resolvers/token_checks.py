"""Checks of the tokens of running subscriptions.

Once a second, one statement reads all of the portal's own tokens, and another one all those of the identity provider.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextvars import Context
from functools import partial
from itertools import islice
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from db import access, identities
from db.access import Bearer
from db.engine import Database, deadline, row_scope
from db.identities import IdentifiedUser
from resolvers.viewers import Viewer, Viewers

EVERY_SECONDS = 1.0
_READ_SECONDS = 5
"""How long a read of the tokens of subscriptions may take."""

_TOGETHER_MAX = 500
"""Most tokens of a statement, which SQLite reads in place."""

TokenKey: TypeAlias = tuple[int, int]
"""Partner id and token id."""

Subject: TypeAlias = tuple[str, str]
"""Issuer and subject of a token of the identity provider."""

Key = TypeVar("Key", bound=Hashable)
User = TypeVar("User")


class TokenChecks:
    """Reader of tokens that were usable before."""

    def __init__(self, database: Database, viewers: Viewers, *, every_seconds: float = EVERY_SECONDS) -> None:
        """Read after every so many seconds, if there is something to read."""
        self._database = database
        self._tokens = _Turns(self._read_tokens, viewers, every_seconds)
        self._subjects = _Turns(self._read_subjects, viewers, every_seconds)

    async def bearer(self, viewer: Viewer) -> tuple[Bearer | None, int]:
        """Return the user of the viewer's token, None if the token is revoked or the user disabled.

        The number is `Viewers.forgotten` from before it was read.
        """
        return await self._tokens.find((viewer.partner_id, viewer.token_id))

    async def identified(self, subject: Subject) -> tuple[IdentifiedUser | None, int]:
        """Return the enabled user who is linked to the subject, None if there is none; the number likewise."""
        return await self._subjects.find(subject)

    @row_scope.for_every_partner
    async def _read_tokens(self, keys: Sequence[TokenKey]) -> Mapping[TokenKey, Bearer]:
        rows = await self._database.read(partial(access.bearers, keys=keys), alone=True)
        return {(row.partner_id, row.token_id): row for row in rows}

    @row_scope.for_every_partner
    async def _read_subjects(self, keys: Sequence[Subject]) -> Mapping[Subject, IdentifiedUser]:
        return await self._database.read(partial(identities.find_each, wanted=keys), alone=True)


class _Found(NamedTuple, Generic[Key, User]):
    """Users of tokens, and `Viewers.forgotten` from before they were read."""

    users: Mapping[Key, User]
    forgotten: int


class _Waiting(NamedTuple, Generic[Key, User]):
    """Keys of the next turn, how many callers wait for each, and the task that reads them."""

    numbers: dict[Key, int]
    task: asyncio.Task[_Found[Key, User]]


class _Turns(Generic[Key, User]):
    """Reads of keys, all at once when their turn comes."""

    def __init__(
        self,
        read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, User]]],
        viewers: Viewers,
        every_seconds: float,
    ) -> None:
        """Take what reads up to `_TOGETHER_MAX` keys."""
        self._read, self._viewers, self._every_seconds = read, viewers, every_seconds
        self.next: _Waiting[Key, User] | None = None

    async def find(self, key: Key) -> tuple[User | None, int]:
        """Wait for the next turn, and return the key's user, and `Viewers.forgotten` from before it was read."""
        if self.next is None:
            # In a context of its own: it is not a part of the request that comes first.
            numbers: dict[Key, int] = {}
            self.next = _Waiting(numbers, asyncio.create_task(self._turn(numbers), context=Context()))
        numbers, task = waiting = self.next
        numbers[key] = numbers.get(key, 0) + 1
        try:
            found = await asyncio.shield(task)
        except asyncio.CancelledError:
            numbers[key] -= 1
            if self.next is waiting and not any(numbers.values()):
                self.next = None
                task.cancel()
            raise
        return found.users.get(key), found.forgotten

    async def _turn(self, numbers: dict[Key, int]) -> _Found[Key, User]:
        await asyncio.sleep(self._every_seconds - asyncio.get_running_loop().time() % self._every_seconds)
        self.next, forgotten = None, self._viewers.forgotten
        found: dict[Key, User] = {}
        rest = iter([key for key, number in numbers.items() if number])
        with deadline.limited(_READ_SECONDS):
            while keys := list(islice(rest, _TOGETHER_MAX)):
                found.update(await self._read(keys))
        return _Found(found, forgotten)
