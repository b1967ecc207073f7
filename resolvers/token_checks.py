"""Checks of the portal's tokens of running subscriptions: one statement a second for all of them.

Tokens of an identity provider are read one by one, since their subject may have been linked to another user.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextvars import Context
from functools import partial
from itertools import islice
from typing import NamedTuple

from db import access
from db.access import Bearer
from db.engine import Database, deadline
from resolvers.viewers import Viewer, Viewers

EVERY_SECONDS = 1.0
_READ_SECONDS = 5
"""How long a read of the tokens of subscriptions may take."""

_TOGETHER_MAX = 500
"""Most tokens of a statement, which SQLite reads in place."""

Key = tuple[int, int]
"""Partner id and token id."""


class _Waiting(NamedTuple):
    """Tokens of the next statement, how many wait for each, and the task that reads them."""

    numbers: dict[Key, int]
    task: "asyncio.Task[_Found]"


class _Found(NamedTuple):
    """Users of tokens, and `Viewers.forgotten` from before they were read."""

    bearers: Mapping[Key, Bearer]
    forgotten: int


class TokenChecks:
    """Reader of tokens that were usable before."""

    def __init__(self, database: Database, viewers: Viewers, *, every_seconds: float = EVERY_SECONDS) -> None:
        """Read after every so many seconds, if there is something to read."""
        self._database, self._viewers, self._every_seconds = database, viewers, every_seconds
        self._next: _Waiting | None = None

    async def bearer(self, viewer: Viewer) -> tuple[Bearer | None, int]:
        """Return the user of the viewer's token, None if the token is revoked or the user disabled.

        The number is `Viewers.forgotten` from before it was read.
        """
        key = viewer.partner_id, viewer.token_id
        if self._next is None:
            # In a context of its own: it is not a part of the request that comes first.
            numbers: dict[Key, int] = {}
            self._next = _Waiting(numbers, asyncio.create_task(self._read(numbers), context=Context()))
        numbers, task = waiting = self._next
        numbers[key] = numbers.get(key, 0) + 1
        try:
            found = await asyncio.shield(task)
        except asyncio.CancelledError:
            numbers[key] -= 1
            if self._next is waiting and not any(numbers.values()):
                self._next = None
                task.cancel()
            raise
        return found.bearers.get(key), found.forgotten

    async def _read(self, numbers: dict[Key, int]) -> _Found:
        await asyncio.sleep(self._every_seconds - asyncio.get_running_loop().time() % self._every_seconds)
        self._next, forgotten = None, self._viewers.forgotten
        found: dict[Key, Bearer] = {}
        with deadline.limited(_READ_SECONDS):
            for keys in _parts([key for key, number in numbers.items() if number]):
                rows = await self._database.read(partial(access.bearers, keys=keys), alone=True)
                found.update({(row.partner_id, row.token_id): row for row in rows})
        return _Found(found, forgotten)


def _parts(keys: list[Key]) -> Iterator[list[Key]]:
    rest = iter(keys)
    while part := list(islice(rest, _TOGETHER_MAX)):
        yield part
