"""Reason why the database can't be used, as a sentence for the operator without any password."""

import socket
import sqlite3
import ssl
from collections.abc import Iterator, Mapping, Sequence
from traceback import walk_tb

import asyncpg  # type: ignore[import-untyped]  # It has no types.
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from db import policies, privileges
from db.engine import Database, failures, storage, tls_files
from db.engine.failures import (
    OLDEST_VERSION,
    Kind,
    NotBoundError,
    NotOpenedError,
    OtherEncodingError,
    PoolerFoundError,
    TooOldError,
)
from db.migrations import revisions
from db.migrations.revisions import HEAD, Examined, State

_TABLES_NAMED = 3

_OTHER_TABLES = (
    "The tables in {where} are not those of this version of the portal; “portal doctor” names the differences."
)

_OF_SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_NOTADB: "{file} is not a SQLite database; DATABASE_URL has to name one.",
    sqlite3.SQLITE_CORRUPT: "{file} is damaged; put a backup in its place.",
    sqlite3.SQLITE_CANTOPEN: "{file} can't be opened; see whether it exists, and who may read and write its folder.",
    sqlite3.SQLITE_READONLY: "{file} can't be written: the user who runs this lacks the permission, or the disk is "
    "read-only.",
    sqlite3.SQLITE_FULL: "The disk of {file} is full.",
    sqlite3.SQLITE_IOERR: "The disk of {file} failed; see its free space, its quota, and the system's log.",
    **dict.fromkeys(
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL),
        "Another process has kept {file} locked for too long; try again.",
    ),
}
"""Sentences by the primary code of the error."""

_OF_POSTGRESQL: Mapping[str, str] = {
    "28P01": "PostgreSQL at {where} refuses the password of the user “{user}”; correct it in DATABASE_URL.",
    "28000": "PostgreSQL at {where} does not let the user “{user}” in: there is no such role, or pg_hba.conf does not "
    "allow it. Correct DATABASE_URL or the server.",
    **dict.fromkeys(("42P01", "42703"), _OTHER_TABLES),
    "3D000": "PostgreSQL at {where} has no database “{database}”; correct DATABASE_URL, or make it with createdb.",
    "25006": "PostgreSQL at {where} is a standby or read-only; let DATABASE_URL name the primary.",
    "53100": "The disk of PostgreSQL at {where} is full.",
    **dict.fromkeys(("XX001", "XX002"), "Data of PostgreSQL at {where} is damaged; see its log, and restore a backup."),
    "57014": "PostgreSQL at {where} cancelled a statement; see its statement_timeout, and who cancels statements.",
    "42501": "The user “{user}” lacks a privilege in the database “{database}” of PostgreSQL at {where}; it has to own "
    "the tables, or to be granted them.",
}
_OF_POSTGRESQL_LATER: Mapping[str, str] = {
    "40": "Other sessions of PostgreSQL at {where} change the same rows; try again.",
    "53": "PostgreSQL at {where} has no connection, memory or disk left for this; try again, or see its log.",
    "55P03": "Another session of PostgreSQL at {where} has kept a table locked for too long; try again.",
    **dict.fromkeys(
        ("25P03", "25P04"),
        "PostgreSQL at {where} ended the session in a transaction ({state}); set "
        "idle_in_transaction_session_timeout and transaction_timeout to 0 for the user “{user}”, and try again.",
    ),
    "57": "PostgreSQL at {where} is starting or shutting down; try again.",
    "58": "The system of PostgreSQL at {where} failed, for example its disk; see its log.",
}
"""Sentences by the code of the error or its class, for problems that may pass."""

_NO_SESSION = (
    "PostgreSQL at {where} opens no session of the database “{database}” for the user “{user}” ({state}): see whether "
    "the database allows connections, whether the user may CONNECT to it, and the server's log."
)
_TAKES_NO_CONNECTIONS = "55000"
"""Code while a database is closed by ALLOW_CONNECTIONS, for example until it is restored."""

_NOT_BOUND = (
    "Row-level security of PostgreSQL at {where} does not bind the user of DATABASE_URL, as "
    "DATABASE_ROW_SECURITY asks: it owns the tables or is a superuser, or “portal row-security on” was not run."
)

_TOO_OLD = (
    f"PostgreSQL at {{where}} is older than version {OLDEST_VERSION}, the oldest that the portal supports; upgrade it."
)

_OTHER_ENCODING = (
    "The database “{database}” of PostgreSQL at {where} has another encoding than UTF8; make one with “createdb "
    "--encoding=UTF8 --template=template0”, and let DATABASE_URL name it."
)

_CONNECTION_ERRORS: Sequence[tuple[type[Exception], str, bool]] = (
    (
        PoolerFoundError,
        "A pooler such as PgBouncer answers at {where} for PostgreSQL; add ?pooler=transaction to DATABASE_URL.",
        False,
    ),
    (NotBoundError, _NOT_BOUND, False),
    (TooOldError, _TOO_OLD, False),
    (OtherEncodingError, _OTHER_ENCODING, False),
    *(
        (each, "Another session has changed the tables of PostgreSQL at {where}; try again.", True)
        for each in (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
    ),
    (ssl.SSLCertVerificationError, "This machine does not trust the certificate of PostgreSQL at {where}.", False),
    (ssl.SSLError, "PostgreSQL at {where} and this machine do not agree on TLS.", False),
    (FileNotFoundError, "There is no socket of PostgreSQL at {where}; start it, or correct DATABASE_URL.", True),
    (TimeoutError, "PostgreSQL at {where} did not answer in time; see whether it runs and can be reached.", True),
    (PoolTimeoutError, "All connections to PostgreSQL at {where} are in use; try again.", True),
    (OSError, "PostgreSQL can't be reached at {where}; start it, or correct host and port in DATABASE_URL.", True),
)
"""Sentences by the type of the error, subclasses first, and whether the problem may pass."""


class DatabaseTroubleError(Exception):
    """The database can't be used; the message is a sentence for the operator."""

    def __init__(self, message: str, *, passing: bool = False) -> None:
        """Take the message, and whether the problem may pass without a change of the settings."""
        super().__init__(message)
        self.passing = passing


def check_file(url: str, *, writes: bool = True) -> None:
    """Raise DatabaseTroubleError if the URL names an unusable SQLite file, which is neither opened nor created.

    For PostgreSQL, these are the files of TLS. A command that only reads the database says so by `writes`.
    """
    path = sqlite_file(url)
    complaint = tls_files.complaint(make_url(url)) if path is None else storage.complaint(path, writes=writes)
    if complaint is not None:
        raise DatabaseTroubleError(complaint)


def is_of_database(error: OSError) -> bool:
    """Return whether the database's driver raised the error, or the engine about a connection."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
    # The engine also runs units of work, whose errors are their own.
    return any(module.startswith("asyncpg.") for module in modules) or modules[-1].startswith("db.engine.")


def sqlite_file(url: str) -> str | None:
    """Return the path of the URL's SQLite file; None for PostgreSQL."""
    parsed = make_url(url)
    return str(parsed.database) if parsed.get_backend_name() == "sqlite" else None


async def check_tables(database: Database) -> None:
    """Raise DatabaseTroubleError unless the database has the tables of this version, and policies as the settings say.

    Where the settings ask for row-level security, each partner's table has to have a policy that binds the role; where
    they don't, a role that is bound would find no row.
    """
    found = await revisions.examine(database)
    if found.state not in {State.CURRENT, State.EXPANDED}:
        raise trouble_of(found)
    if not database.is_remote:
        return
    unbound = await database.read(policies.unbound)
    if database.row_security and unbound:
        some = ", ".join(unbound[:_TABLES_NAMED])
        message = f"Row-level security does not bind the user of DATABASE_URL in {some}. Run “portal row-security on”."
        raise DatabaseTroubleError(message)
    if database.row_security and (bare := await database.read(policies.bare)):
        some = ", ".join(bare[:_TABLES_NAMED])
        message = f"There is no policy in {some}. Run “portal row-security on” as the owner of the tables."
        raise DatabaseTroubleError(message)
    if not database.row_security and len(unbound) < len(policies.COLUMNS):
        message = "Row-level security binds the user of DATABASE_URL. Set DATABASE_ROW_SECURITY=true to find any row."
        raise DatabaseTroubleError(message)


async def check_rights(database: Database) -> None:
    """Raise DatabaseTroubleError unless the role of a server may read and write the rows of all tables."""
    lacking = await database.read(privileges.lacking) if database.is_remote else None
    if lacking is None:
        return
    some = ", ".join([*lacking.tables[:_TABLES_NAMED], *(["…"] if len(lacking.tables) > _TABLES_NAMED else [])])
    message = (
        f"The user of DATABASE_URL may not read and write {some}. As the owner of the tables, run: {lacking.grants}"
    )
    raise DatabaseTroubleError(message)


def trouble_of(examined: Examined) -> DatabaseTroubleError:
    """Return the problem with a database's tables."""
    match examined.state:
        case State.NEWER:
            steps = ", ".join(examined.steps)
            return DatabaseTroubleError(
                f"This database was migrated by a newer version of the portal: it is at {steps}, and this version "
                f"knows the steps up to {HEAD}. Run that version, or restore the backup from before. "
                "Nothing was changed."
            )
        case State.FOREIGN:
            some = examined.tables[:_TABLES_NAMED]
            tables = ", ".join([*some, *(["…"] if len(examined.tables) > len(some) else [])])
            return DatabaseTroubleError(
                f"This is another program's database: it has tables ({tables}) and not those of the portal. "
                "DATABASE_URL has to name a database of the portal's own. Nothing was changed."
            )
        case State.OLDER:
            message = "The database has the tables of an older version. Run: portal migrate"
        case _:
            message = "The database has no tables yet. Run: portal migrate"
    return DatabaseTroubleError(message, passing=True)


_MISSING = ("no such table", "no such column")
"""How SQLite's messages about other tables than those of this version begin."""


def trouble(error: BaseException, url: str) -> DatabaseTroubleError:
    """Return the problem that a database driver's error means."""
    parsed = make_url(url)
    chain = list(_chain(error))
    found = _of_sqlite(chain, parsed) if parsed.get_backend_name() == "sqlite" else _of_postgresql(chain, parsed)
    # The driver's message may contain the URL with its password, or the values of a statement.
    name = type(chain[-1]).__name__
    return found or DatabaseTroubleError(f"The database gave an unexpected error ({name}).")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = (seen.orig if isinstance(seen, DBAPIError) else None) or seen.__cause__


def _of_sqlite(chain: list[BaseException], url: URL) -> DatabaseTroubleError | None:
    for error in chain:
        # The first byte is the primary code; an operator doesn't need the rest.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _OF_SQLITE:
            return DatabaseTroubleError(_OF_SQLITE[code].format(file=url.database), passing=failures.is_busy(error))
        if str(error).startswith(_MISSING):
            # The rest of the message is the name of a table or column.
            return DatabaseTroubleError(_OTHER_TABLES.format(where=url.database))
    return None


def _of_postgresql(chain: list[BaseException], url: URL) -> DatabaseTroubleError | None:
    facts = {"where": _where(url), "user": url.username or "", "database": url.database or url.username or ""}
    is_unopened = any(isinstance(error, NotOpenedError) for error in chain)
    for error in chain:
        state = str(getattr(error, "sqlstate", None) or "")
        if is_unopened and state:
            message = _NO_SESSION.format(**facts, state=state)
            return DatabaseTroubleError(message, passing=state == _TAKES_NO_CONNECTIONS)
        if state in _OF_POSTGRESQL:
            return DatabaseTroubleError(_OF_POSTGRESQL[state].format(**facts))
        if sentence := _OF_POSTGRESQL_LATER.get(state) or _OF_POSTGRESQL_LATER.get(state[:2]):
            return DatabaseTroubleError(sentence.format(**facts, state=state), passing=True)
    found = next(filter(None, (_of_connection(error, url) for error in chain)), None)
    if found is None and any(failures.kind_of(error) is Kind.UNREACHABLE for error in chain):
        # A session ends in many ways, for example between its start and its first statement.
        message = f"The connection to PostgreSQL at {facts['where']} was lost; see whether it runs, and try again."
        return DatabaseTroubleError(message, passing=True)
    return found


def _of_connection(error: BaseException, url: URL) -> DatabaseTroubleError | None:
    """Return the problem between this machine and the server."""
    if isinstance(error, socket.gaierror):
        message = f"The host “{url.host or _where(url)}” is not known; correct DATABASE_URL, or see the name service."
        return DatabaseTroubleError(message, passing=error.errno == socket.EAI_AGAIN)
    if type(error) is ConnectionError and "SSL" in str(error):
        return DatabaseTroubleError(f"PostgreSQL at {_where(url)} takes no TLS, which DATABASE_URL asks for.")
    if failures.kind_of(error) is Kind.NO_PRIMARY:
        message = f"No host of PostgreSQL at {_where(url)} is a primary that takes writes; start it, or promote one."
        return DatabaseTroubleError(message, passing=True)
    for kind, sentence, passing in _CONNECTION_ERRORS:
        if isinstance(error, kind):
            facts = {"where": _where(url), "database": url.database or url.username or ""}
            return DatabaseTroubleError(sentence.format(**facts), passing=passing)
    return None


def _where(url: URL) -> str:
    if url.host:
        return f"{url.host}:{url.port or 5432}"
    hosts = url.query.get("host", "localhost:5432")
    return hosts if isinstance(hosts, str) else ", ".join(hosts)
