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

CHECK_SECONDS = 3.0
"""Seconds between two checks of a caller; each takes up to a second."""

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
        """Call a function after each check of a caller, until the returned one is called."""
        caller = tuple(authorization), address
        place = hash(caller) % _SLOTS
        watching, key = self._slots[place].setdefault(caller, {}), object()
        if not watching:
            self._callers += 1
        watching[key] = found
        if self._running is None:
            # In a context of its own: it is not a part of the request that comes first.
            self._running = asyncio.create_task(self._run(), context=Context())
        return partial(self._leave, place, caller, key)

    def _leave(self, place: int, caller: Caller, key: object) -> None:
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
        place = 0
        while True:
            await asyncio.sleep(CHECK_SECONDS / _SLOTS)
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

    async def _check(self, place: int, caller: Caller) -> None:
        found: Viewer | ApiError
        read_after = self._portal.viewers.forgotten
        try:
            found = await bearer.renewed(self._portal, *caller, now=True)
        except Unavailable:
            return
        except ApiError as error:
            found = error
        except Exception:
            # Without the check, a caller would keep what it may no longer have.
            log.exception("subscriptions not checked")
            found = Internal()
        for tell in tuple(self._slots[place].get(caller, {}).values()):
            tell(Check(found, read_after))
