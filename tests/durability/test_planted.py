"""The simulation finds each defect that is planted in the program, and none without: with fixed seeds, so always."""

import pytest
import sqlalchemy as sa

from db.doctor.checks import examine
from db.engine import Database
from tests.databases import Databases
from tests.durability.histories import CHECKER, History, markets_of, unmatched
from tests.durability.planted import ERROR, NO_EVENT, NO_ORDER, PLANTS, Plant
from tests.durability.simulated import File

_SEED = 110_000
_ROUNDS, _HISTORIES = 10, 20
"""Rounds until a defect counts as not found; most are found in the first one of so many histories."""


async def violations(url: str, rounds: int) -> set[str]:
    """Return by what the first violation is found; nothing if there is none."""
    file, database = File(str(sa.make_url(url).database)), Database(url)
    try:
        for begun in range(rounds):
            viewer, markets = await markets_of(url, _HISTORIES)
            for seed, market in enumerate(markets, _SEED + begun * _HISTORIES):
                history = History(seed, file, viewer, market)
                try:
                    history.run()
                except Exception:  # noqa: BLE001 — no caller may get any.
                    return {ERROR}
                finally:
                    history.end()
                if not CHECKER.explains(history.operations, market.stock):
                    return {NO_ORDER}
            found = {each.check for each in await examine(database)}
            if await unmatched(database):
                found.add(NO_EVENT)
            if found:
                return found
        return set()
    finally:
        file.close()
        await database.close()


@pytest.mark.parametrize(
    ("plant", "expected"), PLANTS.items(), ids=[each.__name__.strip("_").replace("_", " ") for each in PLANTS]
)
async def test_the_simulation_finds_a_planted_defect(
    plant: Plant, expected: frozenset[str], databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    assert await violations(databases.migrated("sqlite"), _ROUNDS) & expected


async def test_the_simulation_finds_nothing_without_a_defect(databases: Databases) -> None:
    assert await violations(databases.migrated("sqlite"), 2) == set()
