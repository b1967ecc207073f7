"""Checks, every few seconds, that the callers of running subscriptions may still have the events.

A caller is checked once, however many subscriptions it has, and not all callers at the same time.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import NamedTuple

import structlog

from domain.errors import ApiError, Internal, Unavailable
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from server.http import bearer

CHECK_SECONDS = 2.5
"""Seconds between two checks of a caller; each takes up to a second, and may find a viewer of a second ago."""

_SLOTS = 8
"""Number of groups of callers that are checked one after the other."""

Caller = tuple[tuple[str, ...], str | None]
"""Values of the Authorization headers, and the address."""


class Check(NamedTuple):
    """Viewer of a caller as of now, or why it has none, and `Viewers.forgotten` from before it was read."""

    found: Viewer | ApiError
    read_after: int


Found = Callable[[Check], None]
"""Called with each check of a caller; it raises nothing."""

log = structlog.get_logger("portal.http")


class StreamChecks:
    """Callers of a process's subscriptions."""

    def __init__(self, portal: Portal) -> None:
        """Start without callers."""
        self._portal = portal
        self._slots: list[dict[Caller, dict[object, Found]]] = [{} for _ in range(_SLOTS)]
        self._callers = 0
        self._running: asyncio.Task[None] | None = None
        self._checking: dict[int, asyncio.Task[None]] = {}

    def watch(self, authorization: Sequence[str], address: str | None, found: Found) -> Callable[[], None]:
        """Call a function after each check of a caller, until the returned one is called.

        The first check is at once, since the subscription may begin with a viewer of some seconds ago.
        """
        caller = tuple(authorization), address
        place = hash(caller) % _SLOTS
        watching, key = self._slots[place].setdefault(caller, {}), object()
        if not watching:
            self._callers += 1
        watching[key] = found
        if self._running is None:
            # In a context of its own: it is not a part of the request that comes first.
            self._running = asyncio.create_task(self._run(), context=Context())
        first = asyncio.create_task(self._check_first(caller, found), context=Context())
        return partial(self._leave, place, caller, key, first)

    def _leave(self, place: int, caller: Caller, key: object, first: asyncio.Task[None]) -> None:
        first.cancel()
        watching = self._slots[place][caller]
        del watching[key]
        if watching:
            return
        del self._slots[place][caller]
        self._callers -= 1
        if not self._callers and self._running is not None:
            for task in (self._running, *self._checking.values()):
                task.cancel()
            self._running = None

    async def _run(self) -> None:
        place, loop = 0, asyncio.get_running_loop()
        due = loop.time()
        while True:
            # From the time at which the last check was due, so that delays don't add up.
            due = max(due + CHECK_SECONDS / _SLOTS, loop.time())
            await asyncio.sleep(due - loop.time())
            place = (place + 1) % _SLOTS
            # A check that takes long, since the database does, is not begun again.
            if place not in self._checking and self._slots[place]:
                self._checking[place] = task = asyncio.create_task(self._check_slot(place))
                task.add_done_callback(partial(self._checked, place))

    def _checked(self, place: int, task: asyncio.Task[None]) -> None:
        if self._checking.get(place) is task:
            del self._checking[place]

    async def _check_slot(self, place: int) -> None:
        await asyncio.gather(*(self._check(place, caller) for caller in tuple(self._slots[place])))

    async def _check_first(self, caller: Caller, tell: Found) -> None:
        if (check := await self._found(caller, at_once=True)) is not None:
            tell(check)

    async def _check(self, place: int, caller: Caller) -> None:
        if (check := await self._found(caller)) is not None:
            for tell in tuple(self._slots[place].get(caller, {}).values()):
                tell(check)

    async def _found(self, caller: Caller, *, at_once: bool = False) -> Check | None:
        """Return the check of a caller, None if the database is away."""
        found: Viewer | ApiError
        read_after = self._portal.viewers.forgotten
        try:
            found = await bearer.renewed(self._portal, *caller, now=True, at_once=at_once)
        except Unavailable:
            return None
        except ApiError as error:
            found = error
        except Exception:
            # Without the check, a caller would keep what it may no longer have.
            log.exception("subscriptions not checked")
            found = Internal()
        return Check(found, read_after)
