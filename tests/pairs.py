"""Two PostgreSQL servers with synchronous replication, whose roles can change: what Patroni does, without Patroni."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # It has no types.

from tests.clusters import NAME, USER, Cluster
from tests.databases import PostgreSQL
from tests.eventually import eventually


class Pair:
    """Primary and synchronous standby: no commit is acknowledged that the standby does not have."""

    def __init__(self, postgresql: PostgreSQL) -> None:
        """Create both servers, with a migrated database."""
        self.primary = Cluster(postgresql)
        self.direct_url = self.primary.url
        self.standby = Cluster(postgresql, copy_of=self.primary)
        hosts = ",".join(str(each.directory) for each in (self.primary, self.standby))
        self.url = f"postgresql+asyncpg://{USER}@/{NAME}?host={hosts}&target_session_attrs=read-write"
        """URL of both, in libpq's form."""

    async def synchronize(self) -> None:
        """Let commits wait for the standby, once it follows."""
        await eventually(self._follows)
        await self.set("synchronous_standby_names", "*")

    async def set(self, name: str, value: str) -> None:
        """Change a setting of the primary."""
        async with self.connected() as connection:
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            await connection.execute("SELECT pg_reload_conf()")

    async def switch_over(self) -> None:
        """Stop the primary in order, promote the standby, and let the former primary follow it."""
        await asyncio.to_thread(self.primary.stop)
        await self.promote()

    async def promote(self) -> None:
        """Promote the standby, whose commits wait for no standby until `rejoin`."""
        self.primary, self.standby = self.standby, self.primary
        await asyncio.to_thread(self.primary.promote)
        await self.set("synchronous_standby_names", "")

    async def rejoin(self) -> None:
        """Make the former primary, which has ended, a standby again."""
        await asyncio.to_thread(self.standby.follow, self.primary)
        await self.synchronize()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncpg.Connection]:
        """Connect to the primary without the portal."""
        async with self.primary.connected() as connection:
            yield connection

    def close(self) -> None:
        """Stop both servers."""
        for each in (self.primary, self.standby):
            if (each.directory / "postmaster.pid").exists():
                each.stop("immediate")

    async def is_waiting(self) -> bool:
        """Return whether commits wait for the standby."""
        async with self.connected() as connection:
            waiting = "SELECT count(*) > 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            return bool(await connection.fetchval(waiting))

    async def _follows(self) -> bool:
        async with self.connected() as connection:
            streaming = "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'"
            return bool(await connection.fetchval(streaming))
