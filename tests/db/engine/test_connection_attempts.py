"""While a server does not respond, few units of work wait for it, and all others fail at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa

from db.engine import Connection, Database, connection_attempts
from db.engine.connection_attempts import ConnectionAttempts, ServerSilentError
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
    monkeypatch.setattr(connection_attempts, "_LONG_SECONDS", 0.05)
    monkeypatch.setattr(connection_attempts, "_EACH_SECONDS", 0.3)
    monkeypatch.setattr(connection_attempts, "_SOON_SECONDS", 0.2)


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[Proxy]:
    with proxied(cluster) as proxy:
        yield proxy


@pytest.fixture
async def database(proxy: Proxy) -> AsyncIterator[Database]:
    # A busy machine needs more than an instant for six connections at once.
    database = Database(proxy.url, sizes=PoolSizes(connect_seconds=1))
    yield database
    await database.close()


async def one(connection: Connection) -> int:
    (found,) = await connection.fetch(ONE)
    return found


async def outcomes(database: Database) -> list[object]:
    """Return what each of several reads at once returns or raises."""
    reads = (database.read(one) for _ in range(AT_ONCE))
    return await asyncio.gather(*reads, return_exceptions=True)


async def test_few_connections_are_tried_while_a_server_is_silent(
    proxy: Proxy, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_attempts, "_EACH_SECONDS", 60)
    proxy.is_silent = True
    first = await outcomes(database)
    opened = proxy.accepted

    then = [*await outcomes(database), *await outcomes(database)]

    assert {type(each) for each in (*first, *then)} == {NotRead}
    assert proxy.accepted <= opened + 1


async def test_a_server_that_answers_again_is_used_by_all(proxy: Proxy, database: Database) -> None:
    proxy.is_silent = True
    await outcomes(database)
    proxy.is_silent = False

    # The connection that is being tried may be a silent one.
    with suppress(Unavailable):
        await database.read(one)
    await asyncio.sleep(connection_attempts._EACH_SECONDS)  # noqa: SLF001 — the time that a test has set.
    with suppress(Unavailable):
        await database.read(one)

    assert await outcomes(database) == [1] * AT_ONCE


async def _hang() -> None:
    await asyncio.Event().wait()


async def _give_up(tried: ConnectionAttempts, *, after: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(after):
            await tried.run(_hang)


async def _are_all_tried(tried: ConnectionAttempts) -> bool:
    """Whether several attempts at once are all made, before the first of them has failed."""
    begun, all_begun = 0, asyncio.Event()

    async def note() -> None:
        nonlocal begun
        begun += 1
        await all_begun.wait()
        raise ConnectionRefusedError

    attempts = asyncio.gather(*(tried.run(note) for _ in range(AT_ONCE)), return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)
    at_once = begun
    all_begun.set()
    assert {type(each) for each in await attempts} <= {ConnectionRefusedError, ServerSilentError}
    return at_once == AT_ONCE


async def test_an_attempt_that_is_given_up_early_tells_nothing() -> None:
    tried = ConnectionAttempts()

    await _give_up(tried, after=0)
    assert await _are_all_tried(tried)

    await _give_up(tried, after=0.1)
    await _give_up(tried, after=0)
    assert not await _are_all_tried(tried)


async def test_a_server_that_refuses_late_or_soon_is_not_silent() -> None:
    tried = ConnectionAttempts()

    async def refuse_late() -> None:
        await asyncio.sleep(0.1)
        raise asyncpg.TooManyConnectionsError

    with pytest.raises(asyncpg.TooManyConnectionsError):
        await tried.run(refuse_late)
    assert await _are_all_tried(tried)

    await _give_up(tried, after=0.1)
    await _are_all_tried(tried)
    assert await _are_all_tried(tried)


async def test_a_silent_server_is_asked_again_while_an_attempt_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_attempts, "_EACH_SECONDS", 0.05)
    tried = ConnectionAttempts()
    await _give_up(tried, after=0.1)
    answers = asyncio.Event()

    async def hang_or_answer() -> str:
        if not answers.is_set():
            await _hang()
        return "an answer"

    hanging = asyncio.create_task(tried.run(hang_or_answer))
    await asyncio.sleep(0.1)
    answers.set()

    assert await tried.run(hang_or_answer) == "an answer"
    # What was sent before the return is sent again.
    assert await hanging == "an answer"
    assert await _are_all_tried(tried)


async def test_all_that_come_at_once_after_a_silence_are_served() -> None:
    tried = ConnectionAttempts()
    await _give_up(tried, after=0.1)

    async def answer() -> str:
        await asyncio.sleep(0.01)
        return "an answer"

    answers = await asyncio.gather(*(tried.run(answer) for _ in range(AT_ONCE)))

    assert answers == ["an answer"] * AT_ONCE


async def test_a_silence_of_long_ago_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_attempts, "_VALID_SECONDS", 0.5)
    tried = ConnectionAttempts()
    await _give_up(tried, after=0.1)

    await asyncio.sleep(0.4)
    # It says nothing either, so the silence lasts no longer.
    await _give_up(tried, after=0.01)
    await asyncio.sleep(0.2)

    assert await _are_all_tried(tried)


async def test_an_attempt_that_is_given_up_while_a_server_is_silent_ends() -> None:
    tried = ConnectionAttempts()
    await _give_up(tried, after=0.1)

    await _give_up(tried, after=0.1)

    with pytest.raises(ServerSilentError):
        await tried.run(_hang)


async def test_an_attempt_that_began_before_an_answer_says_nothing_against_it() -> None:
    tried = ConnectionAttempts()
    begun, later = asyncio.Event(), asyncio.Event()

    async def fail_later() -> None:
        begun.set()
        await later.wait()
        raise TimeoutError

    async def answer() -> None:
        await asyncio.sleep(0.1)

    failing = asyncio.create_task(tried.run(fail_later))
    await begun.wait()
    await tried.run(answer)
    later.set()

    with pytest.raises(TimeoutError):
        await failing
    assert await _are_all_tried(tried)


def test_callers_hear_of_a_silent_server_before_their_deadlines(portal: Portal) -> None:
    limits = [Settings.model_fields[f"{kind}_timeout_seconds"].default for kind in ("request", "mutation")]

    assert Settings.model_fields["database_connect_seconds"].default < min(*limits, portal.token_seconds)
