"""The real server under load while Patroni changes which of two PostgreSQL servers is the primary."""

import asyncio
import os
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from db.migrations import migrate
from tests.databases import PostgreSQL
from tests.e2e.load import load, serving_on
from tests.patroni import PROGRAMS, Patroni, are_installed, patroni

# The start, a change of roles and the repair after it wait for elections; their limits are shorter together.
pytestmark = pytest.mark.timeout(900)

PATIENCE_SECONDS = 60
"""Seconds that a machine at full load never needs."""


@pytest.fixture(scope="module")
def servers(postgresql_server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patroni]:
    """Primary and synchronous standby with a migrated database; skip if the machine has no Patroni."""
    if not are_installed():
        reason = f"Install {' and '.join(PROGRAMS)}: packages of the system have them."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with patroni(postgresql_server, tmp_path_factory.mktemp("patroni")) as servers:
        migrate.upgrade(servers.url)
        yield servers


@pytest.fixture(scope="module")
def server(servers: Patroni, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of one server of the portal for all tests: it needs no restart."""
    with serving_on(servers.url, tmp_path_factory.mktemp("server")) as (server, _):
        yield server


@pytest.fixture
def promoted(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[[float], None]:
    """Note after how many seconds the new primary took writes."""
    name = f"fault {request.node.nodeid}: until the new primary took writes"
    return lambda seconds: record_property(name, seconds)


@pytest.mark.parametrize("change", [Patroni.switch_over, Patroni.kill_primary])
async def test_a_new_primary_of_patroni_has_all_that_was_acknowledged(
    servers: Patroni,
    server: str,
    change: Callable[[Patroni], float],
    recovered: Callable[[float], None],
    promoted: Callable[[float], None],
) -> None:
    async def change_primary() -> float:
        begun_at = monotonic()
        over_at = await asyncio.to_thread(change, servers)
        promoted(over_at - begun_at)
        return over_at

    await asyncio.to_thread(servers.make_whole)

    async with load(server, servers.url) as under_load:
        recovered(await under_load.run(change_primary, within=PATIENCE_SECONDS))

        await under_load.check()
