"""Messages for callers and operators while the database is unavailable."""

import logging
from collections.abc import Mapping
from time import monotonic

from sqlalchemy.engine import URL

from db.engine import failures, tls_files
from db.engine.connection import CallerGoneError, TookTooLongError
from db.engine.deadline import Deadline, current
from db.engine.failures import OLDEST_VERSION, Kind, OutcomeUnknownError
from db.engine.files import Loss
from domain.deadlines import (
    AnswerTimedOut,
    CallerGone,
    ChangeNotShown,
    ChangeTimedOut,
    ReadTimedOut,
    TimedOut,
)
from domain.errors import ChangeNotRead, NotChanged, NotRead, OutcomeUnknown, Unavailable

LOGGED_AGAIN_AFTER_SECONDS = 10
"""How long further failures of one kind are only counted."""

_LOOK = {
    Kind.UNREACHABLE: "PostgreSQL can't be reached: check that the server at {where} runs and accepts connections",
    Kind.REFUSED: "PostgreSQL refuses the connection: check the user, password and database name in DATABASE_URL, and "
    "whether the database allows connections, and the user may CONNECT to it",
    Kind.UNTRUSTED: "this machine does not trust the certificate of PostgreSQL at {where}: check when it expires, who "
    "signed it, and the root certificate (PGSSLROOTCERT)",
    Kind.POOLED: "a pooler such as PgBouncer answers at {where} in place of PostgreSQL: add pooler=transaction to "
    "DATABASE_URL, or name the server itself",
    Kind.UNBOUND: "row-level security does not bind the user of DATABASE_URL, as DATABASE_ROW_SECURITY asks: use one "
    "that does not own the tables, and run portal row-security on",
    Kind.TOO_OLD: f"PostgreSQL at {{where}} is older than version {OLDEST_VERSION}: upgrade it",
    Kind.ENCODED: "the database of PostgreSQL at {where} has another encoding than UTF8: make one with createdb "
    "--encoding=UTF8 --template=template0",
    Kind.UNPRIVILEGED: "the user of DATABASE_URL lacks a privilege: grant it SELECT, INSERT, UPDATE and DELETE on all "
    "tables of PostgreSQL at {where}, and USAGE on all sequences",
    Kind.READ_ONLY: "PostgreSQL at {where} is a standby or read-only: let DATABASE_URL name the primary",
    Kind.NO_PRIMARY: "no host of PostgreSQL at {where} takes writes, and one is a standby or read-only: check which is "
    "the primary, and whether it runs",
    Kind.FULL: "the disk is full: check the free space of PostgreSQL at {where}",
    Kind.DAMAGED: "PostgreSQL found damaged data: read its log, restore a backup, and run portal doctor",
    Kind.INPUT_OUTPUT: "PostgreSQL can't read or write its files: check its log and its disk",
    Kind.EXHAUSTED: "connections or memory are used up: check max_connections, WORKERS, and for slow statements",
    Kind.BUSY: "a lock is held for too long: check for long transactions in pg_stat_activity",
    Kind.CANCELLED: "a statement was cancelled: check statement_timeout, and who cancels statements",
    Kind.CONFLICT: "transactions kept conflicting: check for long ones in pg_stat_activity",
    Kind.LATE: "statements were stopped at the deadline of a request: check for locks and slow statements in "
    "pg_stat_activity",
}
_LOOK_ON_SQLITE = _LOOK | {
    Kind.UNREACHABLE: "the file {where} can't be opened: check that it exists, and its permissions",
    Kind.READ_ONLY: "the file {where} is read-only: check its permissions, its folder's, and how its disk is mounted",
    Kind.FULL: "the disk is full: check the free space of the volume of {where}",
    Kind.DAMAGED: "the file {where} is damaged: restore a backup, and run portal doctor",
    Kind.INPUT_OUTPUT: "the file {where} can't be read or written: check its disk, its quota, and the system's log",
    Kind.EXHAUSTED: "all connections to {where} are in use: check for slow statements",
    Kind.BUSY: "another process holds the lock of {where} for too long: check for long imports and backups",
    Kind.LATE: "statements on {where} were stopped at the deadline of a request: check the disk, the load, and for "
    "other programs that hold its lock",
    Kind.FOREIGN: "another database is at {where}, without the tables of the former one: put that, or a "
    "backup of it, in its place",
    Kind.OVERWRITTEN: "the file {where} or its log (-wal, -shm) was overwritten while the server had it open, so the "
    "last commits may be missing: stop every server of it, restore a backup, run portal doctor, and start again",
}

_EXHAUSTED_SECONDS = 10.0
"""How long connections have to be used up, without a write that succeeds, until the next look at it tries one."""

_STOPS_WRITES = frozenset({Kind.READ_ONLY, Kind.FULL, Kind.DAMAGED, Kind.INPUT_OUTPUT, Kind.UNPRIVILEGED})

_log = logging.getLogger("portal.database")


class Availability:
    """Translator of a database's failures into UNAVAILABLE, which logs each kind once in ten seconds."""

    def __init__(self, url: URL) -> None:
        """Take the database, of which the log shows the host or the file, never the password."""
        on_sqlite = url.get_backend_name() == "sqlite"
        self._look: Mapping[Kind, str] = _LOOK_ON_SQLITE if on_sqlite else _LOOK
        self._url: URL | None = None if on_sqlite else url
        self._where = str(url.database) if on_sqlite else _host(url)
        self._next: dict[Kind, float] = {}
        self._counted: dict[Kind, int] = {}
        self.writes_fail = False
        """Whether the last write found the disk full, read-only or broken, and none was tried since."""
        self._exhausted_at: float | None = None
        """When the first write since the last one that succeeded found no connection."""
        self.demotions = 0
        """How often the server was found read-only: older connections may be those of a former primary."""
        self.stopped = {"read": 0, "write": 0, "gone": 0}
        """Number of reads and writes that were stopped at a deadline, and of reads whose callers had gone."""

    def check(self, error: BaseException, *, reading: bool = False, until: Deadline | None = None) -> None:
        """Raise Unavailable if the error is a failure of the database or a passed deadline; return for any other."""
        if until is not None and isinstance(error, TookTooLongError):
            self.stopped["read" if reading else "write"] += 1
            self._report(Kind.LATE, failures.name_of(error.__cause__ or error))
            raise _timed_out(until, reading=reading) from error
        if isinstance(error, CallerGoneError):
            self.stopped["gone"] += 1
            raise CallerGone from error
        kind = failures.kind_of(error, reading=reading)
        unknown = isinstance(error, OutcomeUnknownError) and not reading
        if kind is None and not unknown:
            return
        kind = kind or Kind.UNREACHABLE
        self._report(kind, failures.name_of(error))
        if reading:
            raise _not_read() from error
        self.writes_fail = kind in _STOPS_WRITES
        if kind is Kind.EXHAUSTED and self._exhausted_at is None:
            self._exhausted_at = monotonic()
        self.demotions += kind is Kind.READ_ONLY
        raise (OutcomeUnknown() if unknown else NotChanged()) from error

    def note_write(self) -> None:
        """Note that a write succeeded."""
        self.writes_fail, self._exhausted_at = False, None

    @property
    def doubts_writes(self) -> bool:
        """Whether only a write can tell whether writes work: the last one failed, or none got a connection for long.

        A lack of connections that lasts for a moment leaves a process ready, as those of others would fail with it.
        """
        is_exhausted = self._exhausted_at is not None and monotonic() - self._exhausted_at >= _EXHAUSTED_SECONDS
        return self.writes_fail or is_exhausted

    def unread(self) -> Unavailable:
        """Return the answer to a read that works when it is tried again."""
        return NotRead()

    def report_loss(self, loss: Loss) -> None:
        """Log the fate of commits if files of SQLite were replaced or removed."""
        if loss.is_replaced:
            _log.warning(
                "another database file is at %s and is used now; what was committed since it was copied is not in it",
                self._where,
            )
        elif loss.can_save:
            _log.warning(
                "the log (-wal, -shm) of %s was removed while the server had it open; all commits were saved to the "
                "file; stop the server before you remove or restore files",
                self._where,
            )
        elif loss.has_unsaved:
            _log.error(
                "the index (-shm) of the log of %s was replaced by another process, and commits of either may be "
                "missing: run portal doctor, and stop the server before you remove or restore files",
                self._where,
            )

    def _missing_file(self, kind: Kind) -> str | None:
        """Return what is wrong with a file of TLS, which the driver reads for each connection and does not name."""
        if self._url is None or kind is not Kind.UNREACHABLE:
            return None
        complaint = tls_files.complaint(self._url)
        return None if complaint is None else complaint.rstrip(".")

    def _report(self, kind: Kind, name: str) -> None:
        now = monotonic()
        if now < self._next.get(kind, now):
            self._counted[kind] = self._counted.get(kind, 0) + 1
            return
        self._next[kind] = now + LOGGED_AGAIN_AFTER_SECONDS
        look = self._missing_file(kind) or self._look[kind].format(where=self._where)
        beginning = "the database is too slow" if kind is Kind.LATE else "the database is not available"
        message = f"{beginning}: {look} ({name})"
        if counted := self._counted.pop(kind, 0):
            message = f"{message}; {counted} more since the last such line"
        _log.error(message)


def _timed_out(until: Deadline, *, reading: bool) -> TimedOut:
    if not reading:
        return ChangeTimedOut(until.seconds)
    if until.changed:
        return ChangeNotShown(until.seconds)
    if until.committed:
        return AnswerTimedOut(until.seconds)
    return (ChangeTimedOut if until.for_change else ReadTimedOut)(until.seconds)


def _not_read() -> Unavailable:
    """Return the error of a read that failed, which says what came of a change that its request asks for."""
    until = current.get()
    if until is not None and until.changed:
        return ChangeNotRead()
    return NotChanged() if until is not None and until.for_change and not until.committed else NotRead()


def _host(url: URL) -> str:
    hosts = url.host or url.query.get("host") or "localhost"
    return hosts if isinstance(hosts, str) else ", ".join(hosts)
