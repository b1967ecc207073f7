"""Erased values leave the files of SQLite, their log too, soon after the erasure."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database, storage
from db.tables import partners
from resolvers.portal import Portal
from server.app import create_app
from server.background import erasure
from server.settings import Settings
from tests.api import Api, transport
from tests.databases import Databases
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner
from tests.units import fetch_values, reading

NAME = "Quitandinha Zuqueira"


@pytest.fixture
async def own(databases: Databases) -> AsyncIterator[Api]:
    """Manager of a partner in a SQLite file of its own."""
    portal = Portal(Database(databases.migrated("sqlite")), secret=b"s" * 32)
    app = create_app(portal, Settings(), documents=DOCUMENTS)
    async with httpx.AsyncClient(transport=transport(app), base_url="http://portal.test") as http:
        yield await new_caller(http, portal, await new_partner(portal))
    await portal.database.close()


async def erased(api: Api) -> None:
    client = await api.client(name=NAME)
    await api.done("cancelClient", "client { id }", {"clientId": client})


def files(api: Api) -> list[Path]:
    return storage.beside(str(api.portal.database.url.database))


def holding(api: Api) -> list[str]:
    return [file.name for file in files(api) if file.exists() and NAME.encode() in file.read_bytes()]


async def test_the_files_keep_what_was_erased_until_they_are_purged(own: Api) -> None:
    await erased(own)
    before = holding(own)

    await erasure.purge(own.portal)

    assert before != []
    assert holding(own) == []
    assert files(own)[1].stat().st_size == 0
    assert not own.portal.database.has_erased


async def test_the_server_purges_the_files_by_itself(own: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "EVERY_SECONDS", 0)
    await erased(own)

    app = create_app(own.portal, Settings(), documents=DOCUMENTS)
    async with app.router.lifespan_context(app), asyncio.timeout(60):
        while holding(own):
            # Each round waits for a statement, and lets the server run.
            await own.client()


async def test_while_a_reader_needs_the_log_the_purge_is_tried_again(own: Api) -> None:
    database = own.portal.database
    async with reading(database) as connection:
        await fetch_values(connection, sa.select(partners.c.id))
        await erased(own)
        done = await database.purge()
        waits = database.has_erased

    assert (done, waits) == (False, True)
    # Other transactions are as patient as before.
    await erased(own)
    assert await database.purge()
    assert (holding(own), database.has_erased) == ([], False)


async def test_a_process_that_ends_purges_what_it_erased(own: Api) -> None:
    async with reading(own.portal.database):
        # The log is not removed while another process has the file open.
        await erased(own)
        await own.portal.database.close()

        assert holding(own) == []
