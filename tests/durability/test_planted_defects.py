"""The simulation finds what is planted: in the transactions of the driver, and in what the mutations rely on."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from db import idempotency, licenses, stock_movements
from db.doctor.checks import examine
from db.engine import Database, Transaction
from domain.licenses import Delta
from tests.databases import Databases
from tests.durability.histories import History, markets_of
from tests.durability.linearizable import Checker
from tests.durability.simulated import Driver, File
from tests.durability.stock_model import model

HISTORIES = 30
"""Histories in which each defect must show; each of them shows in the first ten."""

_CHECKER = Checker(model)
_NOTHING = "SELECT 1"


class Forgetful(Driver):
    """Driver that loses each third commit of a writer, and says that it was done."""

    commits = 0

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 — as the driver has it.
        """Run a statement."""
        self.commits += statement == "COMMIT"
        return super().execute("ROLLBACK" if statement == "COMMIT" and self.commits % 3 == 0 else statement, *values)


class Unbound(Driver):
    """Driver without transactions: others run between the statements of a unit, and a kill leaves half of it."""

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 — as the driver has it.
        """Run a statement."""
        if statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")):
            self.process.shared.ended += 1
            statement = _NOTHING
        return super().execute(statement, *values)


class Stale(Driver):
    """Driver whose reads go on with the snapshot of the first one."""

    reads = False

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:  # noqa: ANN401 — as the driver has it.
        """Run a statement."""
        if self.reads and statement in {"BEGIN", "COMMIT", "ROLLBACK"}:
            statement = _NOTHING
        self.reads |= statement == "BEGIN"
        return super().execute(statement, *values)


async def _nothing(*_: object, **__: object) -> None:
    pass


def _forget_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(idempotency, "claim", _nothing)
    patch.setattr(idempotency, "complete", _nothing)


def _release_twice(patch: pytest.MonkeyPatch) -> None:
    release = licenses.release

    async def twice(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> None:
        await release(tx, partner_id, product_id, delta)
        await release(tx, partner_id, product_id, delta)

    patch.setattr(licenses, "release", twice)


def _forget_movements(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stock_movements, "record", _nothing)


async def violation(databases: Databases, driver: type[Driver] = Driver) -> str | None:
    """Return the first thing that is wrong with histories of the seeds from 0 on, or with the file after them.

    An error that is no refusal is one too: a caller would get INTERNAL.
    """
    url = databases.migrated("sqlite")
    file = File(str(sa.make_url(url).database))
    viewer, markets = await markets_of(url, HISTORIES)
    for seed, market in enumerate(markets):
        history = History(seed, file, viewer, market, driver)
        try:
            history.run()
        except Exception as error:  # noqa: BLE001 — whatever it is.
            return f"seed {seed}: {error!r}"
        if not _CHECKER.explains(history.operations, market.stock):
            return f"seed {seed}: {history.operations}"
    database = Database(url)
    try:
        return next((str(each) for each in await examine(database)), None)
    finally:
        await database.close()


@pytest.mark.parametrize("driver", [Forgetful, Unbound, Stale])
async def test_a_driver_that_breaks_its_transactions_is_found(databases: Databases, driver: type[Driver]) -> None:
    assert await violation(databases, driver) is not None


@pytest.mark.parametrize("plant", [_forget_keys, _release_twice, _forget_movements])
async def test_a_mutation_that_does_too_little_or_too_much_is_found(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)

    assert await violation(databases) is not None


async def test_nothing_is_found_where_no_defect_is_planted(databases: Databases) -> None:
    assert await violation(databases) is None
