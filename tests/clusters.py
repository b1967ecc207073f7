"""PostgreSQL server of a test's own, which can be stopped, restarted, demoted, and reached through a proxy."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import Enum
from pathlib import Path
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # It has no types.

from db.migrations import migrate
from tests import listening
from tests.databases import PostgreSQL
from tests.e2e.processes import wait_until

MAX_CONNECTIONS = 60

NAME = "portal"

USER = "postgres"


class Cluster:
    """PostgreSQL server that listens on a socket in its directory."""

    def __init__(self, postgresql: PostgreSQL, *, copy_of: "Cluster | None" = None) -> None:
        """Create a cluster and start its server, as a standby if it is the copy of another one."""
        self._postgresql = postgresql
        self._is_migrated = False
        self.directory = postgresql.own_directory(f"own-{uuid4().hex[:8]}")
        if copy_of is None:
            given = f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N"
            postgresql.run("initdb", *self._cluster, *given)
        else:
            self._copy(copy_of)
        with (self.directory / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\n")
            # A crash of the server alone loses nothing that it gave to the operating system.
            settings.write(f"fsync = off\nmax_connections = {MAX_CONNECTIONS}\n")
            # A standby that was away for a while still finds what it misses, also after a checkpoint.
            settings.write("wal_keep_size = 256MB\n")
        self.start()

    def _copy(self, other: "Cluster") -> None:
        given = f"--host={other.directory}", f"--username={USER}", "--write-recovery-conf", "--checkpoint=fast"
        self._postgresql.run("pg_basebackup", *self._cluster, *given)
        # That of the other server's socket, whose process runs.
        (self.directory / ".s.PGSQL.5432.lock").unlink()

    def follow(self, other: "Cluster") -> None:
        """Make a server that was killed a standby of another one."""
        for each in self.directory.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        self._copy(other)
        with (self.directory / "postgresql.conf").open("a") as settings:
            settings.write(f"unix_socket_directories = '{self.directory}'\n")
        self.start()

    def kill(self) -> None:
        """End every process of the server at once, as when its machine loses power."""
        postmaster, children = self._processes()
        for each in (postmaster, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        (self.directory / "postmaster.pid").unlink()

    def _processes(self) -> tuple[int, list[int]]:
        postmaster = int((self.directory / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return postmaster, [int(each) for each in children]

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        self._postgresql.run("pg_ctl", *self._cluster, "--wait", f"--log={self.directory / 'log'}", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server in a mode of `pg_ctl`."""
        self._postgresql.run("pg_ctl", *self._cluster, "--wait", "--mode", mode, "stop")

    def demote(self) -> None:
        """Restart the server as a standby."""
        self.stop()
        (self.directory / "standby.signal").touch()
        self.start()

    def promote(self) -> None:
        """Make a standby the primary again."""
        self._postgresql.run("pg_ctl", *self._cluster, "--wait", "promote")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of the server, as on a machine that hangs: connections stay open, and nothing answers."""
        postmaster, _ = self._processes()
        # It must not start others meanwhile.
        os.kill(postmaster, signal.SIGSTOP)
        _, children = self._processes()
        for each in children:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in (*children, postmaster):
                os.kill(each, signal.SIGCONT)

    def repair(self) -> None:
        """Make the server run as a primary with its first settings, if it does not."""
        changed = [each for each in ("standby.signal", "postgresql.auto.conf") if self._differs(each)]
        if changed or not (self.directory / "postmaster.pid").exists():
            with contextlib.suppress(RuntimeError):
                self.stop("immediate")
            for each in changed:
                (self.directory / each).unlink()
            self.start()
        # A server of which a process was killed recovers by itself, and takes no connections meanwhile.
        wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        try:
            self._postgresql.run("pg_isready", f"--host={self.directory}", f"--username={USER}")
        except RuntimeError:
            return False
        return True

    def _differs(self, name: str) -> bool:
        file = self.directory / name
        return file.exists() and (name == "standby.signal" or "default" in file.read_text())

    @property
    def url(self) -> str:
        """Return the URL of a migrated database, which all tests of this server share."""
        url = f"postgresql+asyncpg://{USER}@/{NAME}?host={self.directory}"
        if not self._is_migrated:
            self._postgresql.run("createdb", f"--host={self.directory}", f"--username={USER}", NAME)
            migrate.upgrade(url)
            self._is_migrated = True
        return url

    @asynccontextmanager
    async def connected(self, name: str = NAME) -> AsyncIterator[asyncpg.Connection]:
        """Connect without the portal."""
        connection = await asyncpg.connect(host=str(self.directory), user=USER, database=name)
        try:
            yield connection
        finally:
            connection.terminate()

    @property
    def _cluster(self) -> tuple[str, str]:
        return "--pgdata", str(self.directory)


class Fault(Enum):
    """What a proxy does to the next COMMIT."""

    NONE = "none"
    COMMIT_IS_LOST = "commit"
    REPLY_IS_LOST = "reply"


_VERSION = re.compile(rb"(server_version\0)\d\d")

_STARTUP = b"\0"
"""How the messages begin that open a session; others begin with a letter."""


class Proxy:
    """Proxy to a cluster that fails at a COMMIT or is silent; only its own thread touches its sockets."""

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster, without listening yet."""
        self._cluster = cluster
        self.fault = Fault.NONE
        self.refuses = 0
        """Number of connections that are closed at once after the fault, as if the server were away."""
        self.accepted = 0
        """Number of connections that were opened."""
        self.port = 0
        self.stop: Callable[[], object] = lambda: None
        self.silence: Callable[[], object] = lambda: None
        """Closes all connections, and answers no new one until `is_silent` is unset."""
        self.is_silent = False
        self.ends_sessions = False
        """Whether each session is lost at its first statement."""
        self.version = b""
        """Major version, of two digits, that is reported in place of the server's; empty for the server's."""
        self._open = set[asyncio.StreamWriter]()

    @property
    def url(self) -> str:
        """Return the URL of the cluster's database through the proxy."""
        return self._cluster.url.replace("@/", f"@127.0.0.1:{self.port}/").partition("?")[0]

    async def serve(self, ready: threading.Event) -> None:
        """Accept connections until stopped."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        self.stop = lambda: loop.call_soon_threadsafe(stopped.set)
        self.silence = lambda: loop.call_soon_threadsafe(self._fall_silent)
        ready.set()
        await stopped.wait()
        await listening.close(server)

    def _fall_silent(self) -> None:
        self.is_silent = True
        for each in self._open:
            each.close()

    async def _connect(self, requests: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._open.add(to_client)
        try:
            if self.is_silent:
                await requests.read()
            else:
                await self._answer(requests, to_client)
        finally:
            self._open.discard(to_client)
            to_client.close()

    async def _answer(self, requests: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.refuses and self.fault is Fault.NONE:
            self.refuses -= 1
            return
        try:
            server, to_server = await asyncio.open_unix_connection(str(self._socket))
        except OSError:
            # The server is stopped.
            return
        try:
            answers = asyncio.create_task(self._copy_answers(server, to_client))
            await self._copy_requests(requests, to_server, answers)
            if answers.done():
                await server.read()
        finally:
            answers.cancel()
            to_server.close()

    async def _copy_requests(
        self, requests: asyncio.StreamReader, to_server: asyncio.StreamWriter, answers: asyncio.Task[None]
    ) -> None:
        while data := await requests.read(65536):
            if self.ends_sessions and not data.startswith(_STARTUP):
                return
            if b"COMMIT;" in data and self.fault is not Fault.NONE:
                fault, self.fault = self.fault, Fault.NONE
                answers.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await answers
                if fault is Fault.REPLY_IS_LOST:
                    to_server.write(data)
                    # The server ends the session after it has finished the request.
                    to_server.write(b"X\0\0\0\4")
                    await to_server.drain()
                else:
                    to_server.transport.abort()
                return
            to_server.write(data)

    async def _copy_answers(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        # A server that is killed before it has read all resets the connection.
        with contextlib.suppress(ConnectionError):
            while data := await server.read(65536):
                to_client.write(_VERSION.sub(rb"\g<1>" + self.version, data) if self.version else data)
        to_client.close()

    @property
    def _socket(self) -> Path:
        return self._cluster.directory / ".s.PGSQL.5432"


@contextmanager
def proxied(cluster: Cluster) -> Iterator[Proxy]:
    """Yield a proxy that serves in a thread of its own."""
    proxy, ready = Proxy(cluster), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(proxy.serve(ready)))
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(10)
