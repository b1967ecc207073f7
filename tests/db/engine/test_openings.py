"""While a server is silent, one unit of work waits for it, and all others know at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, openings
from db.engine.openings import Openings, ServerSilentError
from db.engine.pool_sizes import PoolSizes
from db.engine.statement import Statement
from domain.errors import NotRead, Unavailable
from resolvers.portal import Portal
from server.settings import Settings
from tests.clusters import Cluster, Proxy, proxied

AT_ONCE = 6
ONE: Statement[int] = Statement(sa.select(sa.literal_column("1", sa.Integer)), int)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "_LONG_SECONDS", 0.05)


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with proxied(cluster) as proxy:
        yield proxy


@pytest.fixture
async def database(proxy: Proxy) -> AsyncIterator[Database]:
    database = Database(proxy.url, sizes=PoolSizes(connect_seconds=0.2))
    yield database
    await database.close()


async def one(connection: Connection) -> int:
    (found,) = await connection.fetch(ONE)
    return found


async def outcomes(database: Database) -> list[object]:
    """Return what each of several reads at once returns or raises."""
    reads = (database.read(one) for _ in range(AT_ONCE))
    return await asyncio.gather(*reads, return_exceptions=True)


async def test_one_connection_at_a_time_is_tried_while_a_server_is_silent(proxy: Proxy, database: Database) -> None:
    proxy.is_silent = True
    first = await outcomes(database)
    opened = proxy.accepted

    then = await outcomes(database)

    assert {type(each) for each in (*first, *then)} == {NotRead}
    assert proxy.accepted == opened + 1


async def test_a_server_that_answers_again_is_used_by_all(proxy: Proxy, database: Database) -> None:
    proxy.is_silent = True
    await outcomes(database)
    proxy.is_silent = False

    # The connection that is being tried may be a silent one.
    with suppress(Unavailable):
        await database.read(one)

    assert await outcomes(database) == [1] * AT_ONCE


async def test_an_opening_that_is_given_up_early_tells_nothing() -> None:
    tried = Openings()
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    async def give_up_after(seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await tried.run(hang)

    await give_up_after(0)
    await give_up_after(0.1)
    await give_up_after(0)
    asked.clear()
    asking = asyncio.create_task(give_up_after(60))
    await asked.wait()

    with pytest.raises(ServerSilentError):
        await tried.run(hang)
    asking.cancel()
    await asyncio.wait([asking])


async def test_a_server_that_refuses_is_not_silent() -> None:
    tried = Openings()

    async def refuse() -> None:
        await asyncio.sleep(0)
        raise ConnectionRefusedError

    refusals = await asyncio.gather(*(tried.run(refuse) for _ in range(AT_ONCE)), return_exceptions=True)

    assert {type(each) for each in refusals} == {ConnectionRefusedError}


def test_callers_hear_of_a_silent_server_before_their_deadlines(portal: Portal) -> None:
    limits = [Settings.model_fields[f"{kind}_timeout_seconds"].default for kind in ("request", "mutation")]

    assert Settings.model_fields["database_connect_seconds"].default < min(*limits, portal.token_seconds)
