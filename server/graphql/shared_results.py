"""Results of events that several subscriptions share, so that an event is executed and encoded once for all of them.

A result follows from the operation, its variables, the language, the partner's events, the data at the time, and what
the execution reads of the viewer. Subscriptions share one if all of these are equal. Of the viewer, these are the scope
and the permissions. If an execution reads more, the operation is shared only by viewers that are equal in every field.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, NoReturn, cast
from weakref import WeakSet

from graphql import ExecutionResult

from breadth import Prepared
from db.engine.deadline import Deadline
from db.events import EventRow
from domain.access import Permissions
from domain.deadlines import ReadTimedOut
from domain.languages import Language
from domain.tenancy import ALL_PARTNERS, Scope
from resolvers import events
from resolvers.context import Context
from resolvers.portal import Portal
from resolvers.viewers import Viewer
from server.graphql import cost_reports

KEPT_SECONDS = 0.2
"""Seconds for which results are shared: what another process commits meanwhile does not show in them."""

_EVENTS_MAX = 10
"""Maximum number of events whose results are shared. Those of a longer batch are old, so few have it in common."""

_ENTRIES_MAX = 2_000

Executed = Callable[[Context, Sequence[EventRow]], Awaitable[ExecutionResult]]


class Result:
    """Result of a subscription for one event, and the number and cursor of the event."""

    __slots__ = ("body", "cursor", "encoded", "framed", "number", "size")

    def __init__(self, body: dict[str, object], number: int, cursor: str) -> None:
        self.body, self.number, self.cursor = body, number, cursor
        self.encoded: bytes | bytearray | None = None
        """JSON of the body, once it was made."""
        self.framed: bytes | None = None
        """A short result as it is in a stream, once it was made."""
        self.size: int | None = None
        """Number of bytes of the JSON, once it was made."""

    def forget_json(self) -> None:
        """Free the JSON, but not its size, by which other subscriptions know whether it has room."""
        self.encoded = self.framed = None


class Cost(NamedTuple):
    """Points of a subscription, and the most that one may cost, which each of its results says."""

    requested: int
    limit: int

    def add_to(self, body: dict[str, Any]) -> None:
        """Add the extension to a result."""
        body["extensions"] = {"cost": cost_reports.report(self.requested, self.limit)}


class Kind(NamedTuple):
    """What the results of a subscription follow from, beside events, data and viewer."""

    prepared: Prepared
    variables: bytes
    """JSON of the variables on which a result depends."""
    language: Language
    partner_id: int
    cost: Cost | None = None
    """What each result says of its cost, if its callers asked for that."""


class _Entry:
    """Results of some events; None if they can't be shared."""

    __slots__ = ("is_settled", "results", "settled")

    def __init__(self) -> None:
        self.results: list[Result] | None = None
        self.is_settled = False
        self.settled: asyncio.Event | None = None

    def settle(self) -> None:
        """Let those that wait continue."""
        self.is_settled = True
        if self.settled is not None:
            self.settled.set()

    async def wait(self, until: Deadline | None) -> None:
        """Wait until it is settled; raise ReadTimedOut at the deadline."""
        if self.settled is None:
            self.settled = asyncio.Event()
        try:
            await asyncio.wait_for(self.settled.wait(), None if until is None else until.left)
        except TimeoutError:
            if until is None:
                raise
            raise ReadTimedOut(until.seconds) from None


class _AnyViewer:
    """Viewer of whom only the scope and the permissions can be read, which those who share a result have in common."""

    __slots__ = ("is_personal", "permissions", "scope")

    def __init__(self, scope: Scope, permissions: Permissions) -> None:
        self.scope, self.permissions = scope, permissions
        self.is_personal = False
        """Whether anything else was to be read."""

    @property
    def of_vendor(self) -> bool:
        """Whether the user works for the vendor."""
        return self.scope is ALL_PARTNERS

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse what is a viewer's own."""
        self.is_personal = True
        raise AttributeError(name)


class SharedResults:
    """Results of the last moment, by what they follow from."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._entries: dict[object, _Entry] = {}
        self._personal: WeakSet[Prepared] = WeakSet()
        """Operations whose results follow from more of the viewer than scope and permissions."""
        self._streams = 0

    def enter(self) -> None:
        """Count a subscription more."""
        if not self._streams:
            self._portal.database.after_commit.append(self._entries.clear)
        self._streams += 1

    def leave(self) -> None:
        """Count a subscription less."""
        self._streams -= 1
        if not self._streams:
            self._portal.database.after_commit.remove(self._entries.clear)
            self._entries.clear()

    async def results(
        self,
        kind: Kind,
        viewer: Viewer,
        rows: Sequence[EventRow],
        execute: Executed,
        until: Deadline | None = None,
    ) -> list[Result] | None:
        """Return the results of the events, None if the caller has to execute them by itself.

        Raise ReadTimedOut at the deadline.
        """
        if self._streams == 1 or len(rows) > _EVENTS_MAX:
            return None
        is_personal = kind.prepared in self._personal
        of_viewer: object = viewer if is_personal else (viewer.scope, viewer.permissions)
        key = kind, of_viewer, rows[0].number if len(rows) == 1 else tuple(row.number for row in rows)
        while (entry := self._entries.get(key)) is not None:
            if entry.is_settled:
                return entry.results
            await entry.wait(until)
        if len(self._entries) >= _ENTRIES_MAX:
            return None
        entry = self._entries[key] = _Entry()
        try:
            seen = viewer if is_personal else _AnyViewer(viewer.scope, viewer.permissions)
            # A context of its own: nothing else of the caller's request can show in the results.
            context = Context(self._portal, viewer=cast("Viewer", seen), language=kind.language, deadline=until)
            result = await execute(context, rows)
            if isinstance(seen, _AnyViewer) and seen.is_personal:
                self._personal.add(kind.prepared)
            elif not result.errors and result.data is not None:
                # Errors are logged and shown with the id of each request.
                entry.results = _results(kind, result, rows)
        except BaseException:
            # The next that waits tries.
            self._forget(key, entry)
            raise
        finally:
            entry.settle()
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, key, entry)
        return entry.results

    def _forget(self, key: object, entry: _Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]


def _results(kind: Kind, result: ExecutionResult, rows: Sequence[EventRow]) -> list[Result]:
    ((key, values),) = (result.data or {}).items()
    bodies: list[dict[str, Any]] = [{"data": {key: value}} for value in values]
    if kind.cost is not None:
        for body in bodies:
            kind.cost.add_to(body)
    return [Result(body, row.number, events.cursor(row)) for body, row in zip(bodies, rows, strict=True)]
