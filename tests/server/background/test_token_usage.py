"""The last use of tokens is written outside of requests, and at most once a minute for each."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from db import access
from db.engine import Database
from domain.access import TokenKind
from resolvers.portal import Portal
from resolvers.viewers import Viewers
from server.app import create_app
from server.background import token_usage
from server.background.token_usage import TokenUsageWriter
from server.settings import Settings
from tests.clock import Clock
from tests.server.conftest import Caller, sign_up
from tests.units import reading, writing


async def last_use(portal: Portal, caller: Caller) -> datetime | None:
    async with reading(portal.database) as connection:
        found = await access.api_tokens_by_ids(connection, caller.partner_id, [caller.token_id])
    return found[caller.token_id].last_used_at


async def use(http: httpx.AsyncClient, caller: Caller) -> None:
    await http.post("/graphql", json={"query": "{ viewer { role } }"}, headers=caller.headers)


async def test_the_last_use_of_each_token_is_written(http: httpx.AsyncClient, portal: Portal, clock: Clock) -> None:
    callers = [await sign_up(portal) for _ in range(3)]
    for caller in callers[:2]:
        await use(http, caller)

    await TokenUsageWriter(portal).write()

    assert [await last_use(portal, caller) for caller in callers] == [clock.now, clock.now, None]


async def test_a_token_is_written_again_after_a_minute(
    http: httpx.AsyncClient, portal: Portal, caller: Caller, clock: Clock
) -> None:
    writer, first = TokenUsageWriter(portal), clock.now
    written = []

    for seconds in (0, 59, 1):
        clock.forward(seconds=seconds)
        await use(http, caller)
        await writer.write()
        written.append(await last_use(portal, caller))

    assert written == [first, first, first + timedelta(minutes=1)]


async def test_what_could_not_be_written_is_written_the_next_time(portal: Portal, caller: Caller, clock: Clock) -> None:
    working, portal.database = portal.database, Database("postgresql+asyncpg://portal@127.0.0.1:1/portal")
    portal.viewers.used[caller.partner_id, caller.token_id] = clock.now, None
    writer = TokenUsageWriter(portal)

    await writer.write()
    portal.database = working
    await writer.write()

    assert await last_use(portal, caller) == clock.now


async def test_the_server_writes_uses_while_it_runs(
    portal: Portal, settings: Settings, caller: Caller, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_usage, "EVERY_SECONDS", 0.01)
    app = _app(portal, settings)

    async with app.router.lifespan_context(app):
        portal.viewers.used[caller.partner_id, caller.token_id] = clock.now, None
        async with asyncio.timeout(60):
            while await last_use(portal, caller) is None:
                # Each round waits for a statement, and lets the writer run.
                pass

    assert await last_use(portal, caller) == clock.now


async def test_the_server_writes_the_last_uses_when_it_stops(
    portal: Portal, settings: Settings, caller: Caller, clock: Clock
) -> None:
    app = _app(portal, settings)

    async with app.router.lifespan_context(app):
        portal.viewers.used[caller.partner_id, caller.token_id] = clock.now, None

    assert await last_use(portal, caller) == clock.now


async def test_a_revoked_token_keeps_its_last_use(portal: Portal, caller: Caller, clock: Clock) -> None:
    portal.viewers.used[caller.partner_id, caller.token_id] = clock.now, None
    async with writing(portal.database) as tx:
        await access.revoke(tx, caller.partner_id, caller.token_id, TokenKind.API, at=clock.now)

    await TokenUsageWriter(portal).write()

    assert await last_use(portal, caller) == clock.now


def _app(portal: Portal, settings: Settings) -> Starlette:
    """Return a server with database connections of its own, which it closes when it stops."""
    own = Database(portal.database.url.render_as_string(hide_password=False))
    viewers: Viewers = portal.viewers
    elsewhere = Portal(own, portal.secret, now=portal.now, monotonic=portal.monotonic, viewers=viewers)
    return create_app(elsewhere, settings)
