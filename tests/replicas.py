"""Streaming replica of a cluster of the tests, whose replay a test can pause."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # It has no types.

from tests.clusters import NAME, Cluster
from tests.databases import PostgreSQL

_USER = "postgres"


class Standby:
    """PostgreSQL server that replays what a cluster writes."""

    def __init__(self, postgresql: PostgreSQL, primary: Cluster) -> None:
        """Copy the cluster, which has its database then, and start the server."""
        assert primary.url
        self._postgresql = postgresql
        self.directory = postgresql.own_directory(f"standby-{uuid4().hex[:8]}")
        source = f"--host={primary.directory}", f"--username={_USER}"
        # An empty directory is taken as it is.
        postgresql.run("pg_basebackup", *source, "--checkpoint=fast", "--write-recovery-conf", *self._cluster)
        (self.directory / ".s.PGSQL.5432.lock").unlink()
        with (self.directory / "postgresql.conf").open("a") as settings:
            settings.write(f"unix_socket_directories = '{self.directory}'\n")
        self.start()

    @property
    def url(self) -> str:
        """Return the URL of the database, as `Cluster` has it."""
        return f"postgresql+asyncpg://{_USER}@/{NAME}?host={self.directory}"

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        self._postgresql.run("pg_ctl", *self._cluster, "--wait", f"--log={self.directory / 'log'}", "start")

    def stop(self) -> None:
        """Stop the server if it runs."""
        if (self.directory / "postmaster.pid").exists():
            self._postgresql.run("pg_ctl", *self._cluster, "--wait", "--mode", "immediate", "stop")

    def promote(self) -> None:
        """Make it a primary of its own."""
        self._postgresql.run("pg_ctl", *self._cluster, "--wait", "promote")

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Replay nothing meanwhile."""
        async with self.connected() as connection:
            await connection.execute("SELECT pg_wal_replay_pause()")
            while await connection.fetchval("SELECT pg_get_wal_replay_pause_state()") != "paused":  # noqa: ASYNC110 — a server has no events.
                await asyncio.sleep(0.01)
            try:
                yield
            finally:
                await connection.execute("SELECT pg_wal_replay_resume()")

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """Connect without the portal."""
        connection = await asyncpg.connect(host=str(self.directory), user=_USER, database=NAME)
        try:
            yield connection
        finally:
            connection.terminate()

    @property
    def _cluster(self) -> tuple[str, str]:
        return "--pgdata", str(self.directory)
