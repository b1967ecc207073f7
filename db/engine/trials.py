"""Tries of a unit of work on PostgreSQL, and what ends them at a deadline.

The server gets the time that is left with the statement that begins the transaction, so it ends the work itself. If it
does not answer, the caller gets an error all the same, and the connection is closed.
"""

import asyncio
from collections.abc import Coroutine
from math import ceil
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from db.engine import failures, row_scope
from db.engine.alarms import Alarm, Alarms
from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline
from db.engine.failures import OutcomeUnknownError

Result = TypeVar("Result")

_ANSWER_SECONDS = 0.25
"""How long after a deadline the server may take to say that it has ended the work."""

_COMMIT_SECONDS = 1.0
"""How long after a deadline the server may take to answer a COMMIT that was sent before it."""

_TOLERANCE_SECONDS = 0.05
"""How much earlier than the deadline the server's clock may end a statement."""

_LOCK_BEFORE_SECONDS = 0.1
"""How long before the deadline waiting for a lock ends, so that the log says what was waited for."""

_BEGIN = {True: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;", False: "BEGIN ISOLATION LEVEL READ COMMITTED;"}

_LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
"""Limits of PostgreSQL that do not apply to a unit of work without a deadline, such as a migration."""

_CLOSING_SECONDS = 5.0
"""How long the end of units that were given up takes at most, when the engine is closed."""


class Trial:
    """Try of a unit of work, which may take several transactions."""

    __slots__ = ("_is_stopped", "committing", "lock_seconds", "partner", "read_only", "until")

    def __init__(self, until: Deadline | None, *, read_only: bool, partner: str | None = None) -> None:
        """Take the deadline and, with row-level security, the value of its setting for the partner; None without."""
        self.until, self.read_only, self.partner = until, read_only, partner
        self.lock_seconds: float | None = None
        """How long a statement may wait for a lock; until the deadline if it is None."""
        self.committing = False
        """Whether COMMIT was sent for a change, and no answer says that it failed."""
        self._is_stopped = False

    def begin(self) -> str:
        """Return the statements that begin a transaction; raise TookTooLongError after the deadline."""
        begin = _BEGIN[self.read_only]
        if self.partner is not None:
            begin += f" {row_scope.assignment(self.partner, local=True)}"
        if self.until is None:
            # The sessions or the role may have limits for others.
            return begin + "".join(f" SET LOCAL {each} = 0;" for each in _LIMITS)
        self.until.check()
        left = self.until.left
        begin += f" SET LOCAL statement_timeout = {_milliseconds(left)};"
        most = max(left / 2, left - _LOCK_BEFORE_SECONDS)
        lock = most if self.lock_seconds is None else min(most, self.lock_seconds)
        return f"{begin} SET LOCAL lock_timeout = {_milliseconds(lock)};"

    def commit(self, *, is_sent: bool) -> None:
        """Note that COMMIT is sent next; raise TookTooLongError if the caller has the answer that it is not."""
        if self._is_stopped:
            raise TookTooLongError
        self.committing = is_sent and not self.read_only

    def took_too_long(self, error: DBAPIError) -> bool:
        """Return whether the server ended a statement because of the deadline, and not for another reason."""
        if failures.is_busy(error):
            return self.lock_seconds is None
        return failures.is_cancellation(error) and self.until is not None and self.until.left <= _TOLERANCE_SECONDS

    def stop(self) -> None:
        """Let nothing be committed from now on."""
        self._is_stopped = True


class Trials:
    """Units of an engine that run until their deadlines, and those that were given up and end on their own."""

    def __init__(self) -> None:
        self._ending: set[asyncio.Task[Any]] = set()

    async def within(self, trial: Trial, unit: Coroutine[Any, Any, Result]) -> Result:
        """Return the result of a unit.

        Raises TookTooLongError at the deadline, CallerGoneError when the caller of a read goes away, and
        OutcomeUnknownError if a COMMIT that was sent before is not answered soon.
        """
        until = trial.until
        if until is None:
            return await unit
        # A task of its own, because ending it takes time that a caller at its deadline does not have.
        task = asyncio.ensure_future(unit)
        forget = until.on_gone(task.cancel) if trial.read_only else None
        try:
            await asyncio.wait((task,), timeout=max(0.0, until.left) + _ANSWER_SECONDS)
            if trial.committing and not task.done():
                await asyncio.wait((task,), timeout=_COMMIT_SECONDS)
        finally:
            if forget is not None:
                forget()
            if not task.done():
                is_unknown = trial.committing
                trial.stop()
                self._end(task, after=_COMMIT_SECONDS if is_unknown else 0.0)
        if not task.done():
            raise OutcomeUnknownError if is_unknown else TookTooLongError
        return _result(task, trial)

    async def close(self) -> None:
        """Wait until the units that were given up have returned their connections."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=_CLOSING_SECONDS)

    def _end(self, task: asyncio.Task[Any], *, after: float) -> None:
        if after:
            # What has begun to commit may end, if the server answers at all.
            asyncio.get_running_loop().call_later(after, task.cancel)
        else:
            task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._ending.discard(task)
        if not task.cancelled():
            # The caller has had an answer, and asyncio would complain about an error that is never looked at.
            task.exception()


async def unless_over(until: Deadline, unit: Coroutine[Any, Any, Result]) -> Result:
    """Return the result of a unit that only reads, in the task of the caller, which is cancelled to end it.

    Raises TookTooLongError at the deadline, and CallerGoneError when the caller goes away.
    """
    alarms = Alarms()
    try:
        with Alarm(alarms, until):
            return await unit
    finally:
        alarms.close()


def _result(task: asyncio.Task[Result], trial: Trial) -> Result:
    try:
        return task.result()
    except asyncio.CancelledError:
        if trial.until is not None and trial.until.gone:
            raise CallerGoneError from None
        raise
    except DBAPIError as error:
        if trial.took_too_long(error):
            raise TookTooLongError from error
        raise


def _milliseconds(seconds: float) -> int:
    # Not 0, which is no limit.
    return max(1, ceil(seconds * 1000))
