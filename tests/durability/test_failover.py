"""The real server under load while the primary of two PostgreSQL servers changes or dies."""

from collections.abc import Iterator
from time import monotonic

import pytest

from tests.e2e.load import load, serving_on
from tests.standbys import Pair


@pytest.fixture(scope="session")
def server(pair_of_servers: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one server of the portal for all tests: it needs no restart."""
    with serving_on(pair_of_servers.url, tmp_path_factory.mktemp("server")) as (server, _):
        yield server


async def test_a_switchover_loses_nothing_that_was_acknowledged(pair_of_servers: Pair, server: str) -> None:
    async def switch_over() -> float:
        await pair_of_servers.switch_over()
        return monotonic()

    async with load(server, pair_of_servers.url) as under_load:
        await under_load.run(switch_over)
        await pair_of_servers.rejoin()
        await under_load.check()


async def test_a_killed_primary_loses_nothing_that_was_acknowledged(pair_of_servers: Pair, server: str) -> None:
    async def kill() -> float:
        pair_of_servers.primary.kill()
        await pair_of_servers.promote()
        return monotonic()

    async with load(server, pair_of_servers.url) as under_load:
        await under_load.run(kill)
        await pair_of_servers.rejoin()
        await under_load.check()
