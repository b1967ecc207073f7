"""Simulated processes that write one product's stock, and may be killed at any statement, seem to take turns.

A failed history prints its seed; `SIMULATED_SEED` begins with it, and `SIMULATED_HISTORIES` runs more of them.
"""

import os
from contextlib import closing
from math import inf
from secrets import randbits

import sqlalchemy as sa

from db.doctor.checks import examine
from db.engine import Database
from tests.databases import Databases
from tests.durability.histories import CHECKER, History, markets_of, unmatched
from tests.durability.linearizable import Operation
from tests.durability.simulated import File
from tests.durability.stock_model import OK, Stock

HISTORIES = int(os.environ.get("SIMULATED_HISTORIES", "200"))
SEED = os.environ.get("SIMULATED_SEED")


async def test_killed_processes_seem_to_take_turns(databases: Databases) -> None:
    url = databases.migrated("sqlite")
    first = randbits(32) if SEED is None else int(SEED)
    viewer, markets = await markets_of(url, HISTORIES)
    kills = operations = unanswered = 0
    with closing(File(str(sa.make_url(url).database))) as file:
        for number, market in enumerate(markets):
            seed = first + number
            history = History(seed, file, viewer, market)
            history.run()
            history.end()
            kills += history.kills
            operations += len(history.operations)
            unanswered += sum(1 for each in history.operations if each.ended == inf)
            assert CHECKER.explains(history.operations, market.stock), f"seed {seed}: {history.operations}"
    facts = f"{HISTORIES} histories, {operations} operations, {unanswered} unanswered, {kills} kills"
    print(f"seed {first}: {facts}")  # noqa: T201 — pytest shows it with a failure.

    database = Database(url)
    try:
        assert (await examine(database), await unmatched(database)) == ([], [])
    finally:
        await database.close()
    assert kills


def test_the_check_finds_what_no_order_explains() -> None:
    stock = Stock(1, frozenset(), frozenset({1}))
    sold_twice = [Operation("activate", (1, key), 0, 9, (OK, number)) for number, key in enumerate("AB", 1)]
    too_late = [Operation("activate", (1, "A"), 0, 1, (OK, 1)), Operation("read", (), 2, 3, (OK, 1, 0))]
    in_time = [Operation("activate", (1, "A"), 0, 2, (OK, 1)), Operation("read", (), 1, 3, (OK, 1, 0))]
    unanswered = [Operation("activate", (1, "A"), 0), Operation("read", (), 1, 3, (OK, 0, 1))]

    assert not CHECKER.explains(sold_twice, stock)
    assert not CHECKER.explains(too_late, stock)
    assert CHECKER.explains(in_time, stock)
    assert CHECKER.explains(unanswered, stock)
