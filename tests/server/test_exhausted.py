"""Connections that are used up for long: a process that can change nothing says so."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import monotonic

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database, availability
from domain.errors import NotChanged
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests import cnpjs
from tests.databases import Databases
from tests.factories import add_bare_partner
from tests.server.test_rights import NUMBERING, WRITING, role_with, run

OVER = 1_000_000


class Limited:
    """Portal whose role may have few connections, one of which the pool for reads keeps."""

    def __init__(self, url: str, of_role: str, settings: Settings) -> None:
        self._url, self._role = url, sa.make_url(of_role).username
        self.database = Database(of_role)
        app = create_app(Portal(self.database, b"s" * 32), settings)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.test")

    async def limit(self, connections: int) -> None:
        """Let the role have so many connections, -1 for any number."""
        await run(self._url, f"ALTER ROLE {self._role} CONNECTION LIMIT {connections}")

    async def write(self) -> None:
        """Make a change."""
        await self.database.write(lambda tx: add_bare_partner(tx, cnpjs.another()))

    async def ready(self) -> tuple[int, str | None]:
        """Return the status of `/readyz`, and the check that failed."""
        answer = await self.http.get("/readyz")
        return answer.status_code, answer.json().get("failed")


@asynccontextmanager
async def exhausted(databases: Databases, settings: Settings) -> AsyncIterator[Limited]:
    """Yield a portal that can read, and has just failed to write."""
    url = databases.migrated("postgresql")
    async with role_with(url, WRITING, NUMBERING) as of_role:
        portal = Limited(url, of_role, settings)
        async with portal.http:
            await portal.ready()
            await portal.limit(1)
            with pytest.raises(NotChanged):
                await portal.write()
            yield portal
        await portal.database.close()


async def test_a_portal_without_connections_for_writes_is_not_ready_for_long(
    databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch, recovered: Callable[[float], None]
) -> None:
    async with exhausted(databases, settings) as portal:
        monkeypatch.setattr(availability, "_EXHAUSTED_SECONDS", OVER)
        at_first = await portal.ready()
        monkeypatch.setattr(availability, "_EXHAUSTED_SECONDS", 0)
        later = await portal.ready()
        await portal.limit(-1)
        well_at = monotonic()
        await portal.write()
        recovered(monotonic() - well_at)
        at_last = await portal.ready()

    assert (at_first, later, at_last) == ((HTTPStatus.OK, None), (503, "writes"), (HTTPStatus.OK, None))


async def test_a_lack_of_connections_that_is_over_leaves_a_portal_ready(
    databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "_EXHAUSTED_SECONDS", 0)
    async with exhausted(databases, settings) as portal:
        await portal.limit(-1)

        assert await portal.ready() == (HTTPStatus.OK, None)
