"""Failures of the database that end by themselves or by an operator, by their codes in SQLite and PostgreSQL."""

import sqlite3
import ssl
from collections.abc import Iterator
from enum import StrEnum

import asyncpg  # type: ignore[import-untyped]  # It has no types.
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

OLDEST_VERSION = 15
"""Oldest version of PostgreSQL that the tests have passed on."""


class Kind(StrEnum):
    """Kind of a failure."""

    UNREACHABLE = "unreachable"
    REFUSED = "connection refused"
    UNTRUSTED = "untrusted certificate"
    UNPRIVILEGED = "privilege missing"
    READ_ONLY = "read-only"
    NO_PRIMARY = "no primary"
    FULL = "disk full"
    DAMAGED = "damaged"
    INPUT_OUTPUT = "input/output error"
    EXHAUSTED = "exhausted"
    BUSY = "busy"
    CANCELLED = "statement cancelled"
    CONFLICT = "conflict"
    POOLED = "pooled"
    UNBOUND = "not bound by row-level security"
    TOO_OLD = "too old"
    ENCODED = "other encoding"
    OVERWRITTEN = "overwritten"
    FOREIGN = "other tables"
    LATE = "late"


class OutcomeUnknownError(Exception):
    """COMMIT was sent, and the connection or the disk failed before the answer; the cause is the driver's error."""


class FileMissingError(sqlite3.OperationalError):
    """The error with which SQLite opens no missing file; it does not notice that an open one is removed."""

    sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    sqlite_errorname = "SQLITE_CANTOPEN"


class FilesChangedError(Exception):
    """Files of a SQLite database were removed or replaced, and all connections have to be opened again."""

    kind = Kind.BUSY


class FilesOverwrittenError(Exception):
    """Files of a SQLite database were overwritten, so that nothing may be read or written before a restart."""

    kind = Kind.OVERWRITTEN


class OtherTablesError(Exception):
    """A database without the tables of the former one is in the place of a SQLite file."""

    kind = Kind.FOREIGN


class PoolerFoundError(ConnectionError):
    """A pooler answered in place of PostgreSQL, and DATABASE_URL does not say so."""

    kind = Kind.POOLED


class NotBoundError(ConnectionError):
    """Row-level security does not bind the role of a connection, and DATABASE_ROW_SECURITY asks for it."""

    kind = Kind.UNBOUND


class TooOldError(ConnectionError):
    """A server of PostgreSQL is older than the portal's statements need."""

    kind = Kind.TOO_OLD


class OtherEncodingError(ConnectionError):
    """A database of PostgreSQL has another encoding than UTF8, and can't keep every text or tell its characters."""

    kind = Kind.ENCODED


class NotOpenedError(ConnectionError):
    """A connection could not be opened, by an error that says nothing about the database in any other place."""

    def __init__(self, cause: Exception) -> None:
        """Take the error of the driver."""
        super().__init__()
        causes = list(_chain(cause))
        self.kind = Kind.UNREACHABLE
        if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
            self.kind = Kind.UNTRUSTED
        elif any(isinstance(each, asyncpg.PostgresError) for each in causes):
            self.kind = Kind.REFUSED


_OF_SQLITE = {
    sqlite3.SQLITE_BUSY: Kind.BUSY,
    sqlite3.SQLITE_LOCKED: Kind.BUSY,
    sqlite3.SQLITE_PROTOCOL: Kind.BUSY,
    sqlite3.SQLITE_READONLY: Kind.READ_ONLY,
    sqlite3.SQLITE_IOERR: Kind.INPUT_OUTPUT,
    sqlite3.SQLITE_CORRUPT: Kind.DAMAGED,
    sqlite3.SQLITE_NOTADB: Kind.DAMAGED,
    sqlite3.SQLITE_FULL: Kind.FULL,
    sqlite3.SQLITE_CANTOPEN: Kind.UNREACHABLE,
}
"""By primary code, the last byte of an extended one."""

_ROLLED_BACK_BY_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_ERROR,
    }
)
"""After these at COMMIT nothing was committed. An I/O error may leave a commit record, which a recovery would find."""

_OF_POSTGRESQL = {
    "25006": Kind.READ_ONLY,
    "25P03": Kind.UNREACHABLE,  # These two time-outs end the session.
    "25P04": Kind.UNREACHABLE,
    "3D000": Kind.REFUSED,
    "40001": Kind.CONFLICT,
    "40003": Kind.UNREACHABLE,
    "40P01": Kind.CONFLICT,
    "42501": Kind.UNPRIVILEGED,
    "53100": Kind.FULL,
    "55P03": Kind.BUSY,
    "57014": Kind.CANCELLED,
    "XX001": Kind.DAMAGED,
    "XX002": Kind.DAMAGED,
}
_OF_CLASSES = {
    "08": Kind.UNREACHABLE,
    "28": Kind.REFUSED,
    "53": Kind.EXHAUSTED,
    "57": Kind.UNREACHABLE,
    "58": Kind.INPUT_OUTPUT,
}

_OF_POLICIES = "ExecWithCheckOptions"
"""Function of PostgreSQL that refuses a row of another partner, with the code of a missing privilege."""

_BREAKING = frozenset({Kind.UNREACHABLE, Kind.REFUSED, Kind.READ_ONLY, Kind.DAMAGED, Kind.INPUT_OUTPUT})
"""After these, a new connection may work where the old one never will."""

_OF_THE_CALLER = (
    ValueError,
    asyncpg.UnsupportedClientFeatureError,
    asyncpg.UnsupportedServerFeatureError,
    asyncpg.OutdatedSchemaCacheError,
)

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What asyncpg raises by itself, beside what SQLAlchemy makes of it."""


def kind_of(error: BaseException, *, reading: bool = False) -> Kind | None:
    """Return what is wrong with the database, or None for any other error.

    A write on a connection that is for reading is a mistake of the program, and no failure.
    """
    if isinstance(error, OutcomeUnknownError) and error.__cause__ is not None:
        error = error.__cause__
    kinds = [_of_driver(each, reading=reading) for each in _chain(error)]
    opening = next((each for each in _chain(error) if isinstance(each, NotOpenedError)), None)
    if opening is not None:
        return opening.kind
    if isinstance(error, DBAPIError):
        lost = Kind.UNREACHABLE if error.connection_invalidated else None
    else:
        lost = kinds[0]
        if lost is None:
            return None
    # The innermost error is the server's, which is more exact than what the driver made of it.
    return next((kind for kind in reversed(kinds) if kind is not None), lost)


def name_of(error: BaseException) -> str:
    """Return the code of the innermost error of the driver: of SQLite, its name; else its type."""
    chain = list(_chain(error))
    return next((name for each in reversed(chain) if (name := _code(each)) is not None), type(chain[-1]).__name__)


def retryable(error: BaseException) -> bool:
    """Return whether the transaction was rolled back because of another one, so that it can run again."""
    return kind_of(error) is Kind.CONFLICT


def breaks_connection(error: BaseException) -> bool:
    """Return whether the connection must not be used again."""
    # A file that is moved away and back is open all the while.
    return kind_of(error) in _BREAKING and not isinstance(error, FileMissingError)


def is_cancellation(error: BaseException) -> bool:
    """Return whether the server ended a statement, by its time-out or because it was asked to."""
    return kind_of(error) is Kind.CANCELLED


def is_interruption(error: BaseException) -> bool:
    """Return whether SQLite ended a statement because the program told it to."""
    return isinstance(error, sqlite3.Error) and _primary(error) == sqlite3.SQLITE_INTERRUPT


def is_silence(error: BaseException) -> bool:
    """Return whether the server could not be reached and sent no error of its own, such as a refused password."""
    return kind_of(error) is Kind.UNREACHABLE and not any(
        isinstance(each, asyncpg.PostgresError) for each in _chain(error)
    )


def is_busy(error: BaseException) -> bool:
    """Return whether another connection holds the lock that a statement needs."""
    return kind_of(error) is Kind.BUSY


def leaves_outcome_unknown(error: BaseException) -> bool:
    """Return whether a transaction may have been committed although COMMIT failed with this error."""
    driver_error = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver_error, sqlite3.Error):
        return _primary(driver_error) not in _ROLLED_BACK_BY_SQLITE
    # Any other error of PostgreSQL is an answer of a session that goes on, and its transaction was rolled back.
    return kind_of(error) in {Kind.UNREACHABLE, Kind.INPUT_OUTPUT, Kind.DAMAGED}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the driver's error, and then its causes."""
    seen: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _of_driver(error: BaseException, *, reading: bool) -> Kind | None:
    match error:
        case sqlite3.Error():
            kind = _OF_SQLITE.get(_primary(error))
            is_mistake = reading and _code_of_sqlite(error) == sqlite3.SQLITE_READONLY
        case asyncpg.InvalidCachedStatementError() | asyncpg.OutdatedSchemaCacheError():
            # Another session has changed a column's type. The driver prepares its statements anew.
            kind, is_mistake = Kind.CONFLICT, False
        case asyncpg.PostgresError():
            kind = _OF_POSTGRESQL.get(str(error.sqlstate)) or _OF_CLASSES.get(str(error.sqlstate)[:2])
            is_mistake = (reading and kind is Kind.READ_ONLY) or error.server_source_function == _OF_POLICIES
        case asyncpg.TargetServerAttributeNotMatched():
            kind, is_mistake = Kind.NO_PRIMARY, False
        case FilesChangedError() | FilesOverwrittenError() | OtherTablesError():
            kind, is_mistake = error.kind, False
        case PoolerFoundError() | NotBoundError() | TooOldError() | OtherEncodingError() | NotOpenedError():
            kind, is_mistake = error.kind, False
        case PoolTimeoutError():
            kind, is_mistake = Kind.EXHAUSTED, False
        case asyncpg.InterfaceError() | asyncpg.InternalClientError() | OSError():
            kind, is_mistake = Kind.UNREACHABLE, _is_of_the_caller(error)
        case _:
            return None
    return None if is_mistake else kind


def _is_of_the_caller(error: Exception) -> bool:
    """Return whether the error is about a value, a feature, or a file that the unit of work has opened."""
    return isinstance(error, _OF_THE_CALLER) or getattr(error, "filename", None) is not None


def _primary(error: sqlite3.Error) -> int:
    return _code_of_sqlite(error) & 0xFF


def _code_of_sqlite(error: sqlite3.Error) -> int:
    # Errors of the module itself have no code.
    return getattr(error, "sqlite_errorcode", 0)


def _code(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", None)
    return getattr(error, "sqlstate", None)
