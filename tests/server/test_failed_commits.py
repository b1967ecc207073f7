"""Commits to a SQLite file that its disk fails: with a key, the portal finds out what happened."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest

from db.engine import Database
from resolvers.portal import Portal
from server.app import create_app
from server.settings import Settings
from tests.api import Api
from tests.databases import Databases
from tests.disks import no_longer_files
from tests.factories import new_caller, new_partner

REGISTER = """mutation ($input: RegisterClientInput!) {
    registerClient(input: $input) { client { id } userErrors { code } } }"""
GIVEN = {"cnpj": "12ABC34501DE35", "name": "Padaria"}


async def names(api: Api) -> list[str]:
    listed = await api.data("{ clients { nodes { name } } }")
    return [node["name"] for node in listed["clients"]["nodes"]]


@asynccontextmanager
async def calling_on_disk(databases: Databases, settings: Settings) -> AsyncIterator[tuple[Api, Path]]:
    """Yield the manager of a portal on SQLite, and the log of its file."""
    url = databases.migrated("sqlite")
    portal = Portal(Database(url), secret=b"s" * 32)
    transport = httpx.ASGITransport(create_app(portal, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        caller = await new_caller(http, portal, await new_partner(portal))
        await caller.data("{ viewer { role } }")
        # The disk fails the file in which the run notes valid documents too.
        await caller.error(REGISTER)
        yield caller, Path(f"{portal.database.url.database}-wal")
    await portal.database.close()


@pytest.mark.parametrize("key", [None, "once"])
async def test_a_commit_that_the_disk_fails_is_unknown(
    databases: Databases, settings: Settings, key: str | None
) -> None:
    async with calling_on_disk(databases, settings) as (api, log):
        with no_longer_files(log.stat().st_size):
            error = await api.error(REGISTER, input={**GIVEN, "idempotencyKey": key})
        again = await api.data(REGISTER, input={**GIVEN, "idempotencyKey": key})

        assert error["extensions"] == {"code": "UNAVAILABLE", "outcome": "UNKNOWN"}
        assert ("Repeat it with the same" in error["message"]) is (key is not None)
        assert again["registerClient"]["userErrors"] == []
        assert await names(api) == ["Padaria"]


async def test_with_a_key_a_commit_that_the_disk_failed_is_done_once(
    databases: Databases, settings: Settings, recovered: Callable[[float], None]
) -> None:
    async with calling_on_disk(databases, settings) as (api, log):
        claims = list[str]()
        with ExitStack() as failing:
            failing.enter_context(no_longer_files(log.stat().st_size))

            def repair(statement: str) -> None:
                if "INSERT INTO idempotency_keys" in statement:
                    claims.append(statement)
                    if len(claims) > 1:
                        failing.close()

            api.portal.database.observers.append(repair)
            begun_at = monotonic()
            payload = (await api.data(REGISTER, input={**GIVEN, "idempotencyKey": "once"}))["registerClient"]
            recovered(monotonic() - begun_at)
        again = (await api.data(REGISTER, input={**GIVEN, "idempotencyKey": "once"}))["registerClient"]

        assert len(claims) > 1
        assert payload["userErrors"] == []
        assert again == payload
        assert await names(api) == ["Padaria"]
