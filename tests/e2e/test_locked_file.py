"""The real server under load while another program keeps SQLite's file locked."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import monotonic

from tests.e2e import data
from tests.e2e.load import CALLERS, QUERY, REGISTER, Load, codes, load, serving_on
from tests.eventually import eventually

LIMITS = {"MUTATION_TIMEOUT_SECONDS": "2", "REQUEST_TIMEOUT_SECONDS": "600"}
"""Deadlines of a server whose mutations give up soon, and whose queries have all the time that they need."""

_PATIENCE_SECONDS = 60


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of the file for writes, as a program does that has begun to write."""
    # It waits for the server's own transactions, which are short.
    with closing(sqlite3.connect(file, timeout=_PATIENCE_SECONDS, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_a_locked_file_stops_writes_at_their_deadline_and_no_read(
    tmp_path: Path, recovered: Callable[[float], None]
) -> None:
    file = tmp_path / "portal.db"
    url = f"sqlite+aiosqlite:///{file}"
    data.migrated(tmp_path)

    async def lock() -> float:
        with locked(file):
            stored = await under_load.stored()
            enough = len(under_load.failures) + 3 * CALLERS
            while len(under_load.failures) < enough:
                # Those of the callers go on too: each asks for its next change after one.
                assert await under_load.ask(QUERY) is None
                await asyncio.sleep(0.01)
            assert await under_load.stored() == stored
        return monotonic()

    with serving_on(url, tmp_path, **LIMITS) as (server, _):
        async with load(server, url) as under_load:
            recovered(await under_load.run(lock, within=_PATIENCE_SECONDS))
            ready = await under_load.http.get("/readyz")

            found = {code for answer in under_load.failures for code in codes(answer)}
            assert "TIMEOUT" in found
            # Work of the server itself has no deadline, and gives up its place with those that wait beside it.
            assert found <= {"TIMEOUT", "UNAVAILABLE"}
            assert ready.status_code == HTTPStatus.OK
            await check_outcomes(under_load)


async def check_outcomes(under_load: Load) -> None:
    """Check that each answer was true, and that a retry with the same key makes each missing change once."""
    stored = await under_load.stored()
    assert under_load.done - stored == set()
    assert under_load.unchanged & stored == set()
    for cnpj in under_load.unchanged | under_load.unknown:
        await eventually(partial(is_registered, under_load, cnpj))
    assert await under_load.stored() == under_load.done | under_load.unchanged | under_load.unknown


async def is_registered(under_load: Load, cnpj: str) -> bool:
    """Ask again for a client with the key of the first try: a busy machine may not answer in time."""
    given = {"cnpj": cnpj, "name": "Padaria", "idempotencyKey": cnpj}
    return await under_load.ask(REGISTER, input=given) is None
