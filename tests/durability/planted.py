"""Defects that a test plants in the program, each of which makes it lose, double or invent something."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from math import inf
from typing import Any, cast

import pytest
import sqlalchemy as sa

from db import event_log, idempotency, licenses
from db.engine import Transaction, sqlite
from db.engine.sqlite import SqliteConnection, completed
from db.engine.waiting_units import WaitingUnit
from db.idempotency import Claim
from db.licenses import Left
from db.tables import license_stock
from domain.licenses import Delta
from resolvers import activations
from tests.durability import simulated
from tests.units import execute

_FAILS_IN = 9
"""One commit of so many fails."""

Plant = Callable[[pytest.MonkeyPatch], None]


def _stock_read_outside_of_the_transaction(patch: pytest.MonkeyPatch) -> None:
    async def take(tx: Transaction, partner_id: int, product_id: int, delta: Delta) -> Left | None:
        process = cast("Any", tx)._driver.process  # noqa: SLF001 — the engine offers no such thing.
        stock = process.read(lambda other: licenses.by_products(other, partner_id, [product_id])).get(product_id)
        if stock is None or stock.available < delta.activated:
            return None
        mine = license_stock.c.partner_id == partner_id, license_stock.c.product_id == product_id
        await execute(tx, sa.update(license_stock).where(*mine).values(activated=stock.activated + delta.activated))
        return Left(stock.available - delta.activated, stock.warning_below)

    patch.setattr(licenses, "take", take)


def _status_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(activations, "cancellable", lambda activation: activation)


def _record_of_a_key_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    claim = idempotency.claim

    async def forgetful(tx: Transaction, wanted: Claim, **more: Any) -> None:  # noqa: ANN401 — as it is given.
        await claim(tx, wanted, **more)

    patch.setattr(idempotency, "claim", forgetful)


def _key_recorded_after_the_commit(patch: pytest.MonkeyPatch) -> None:
    complete = idempotency.complete

    async def late(tx: Transaction, claimed: Claim, outcome: str) -> None:
        _commit_early(tx)
        await complete(tx, claimed, outcome)

    patch.setattr(simulated, "_TOGETHER_MAX", 1)
    patch.setattr(idempotency, "complete", late)


def _commit_that_failed_acknowledged(patch: pytest.MonkeyPatch) -> None:
    commits = count(1)

    def commit(connection: SqliteConnection) -> None:
        connection._driver.execute("COMMIT" if next(commits) % _FAILS_IN else "ROLLBACK")  # noqa: SLF001 — as the engine does.

    patch.setattr(SqliteConnection, "_commit", commit)


def _refused_unit_not_rolled_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sqlite, "_UNDO", "SELECT 1")


def _event_appended_after_the_commit(patch: pytest.MonkeyPatch) -> None:
    _run_after_the_commit(patch, "append")


def _event_numbered_but_written_after_the_commit(patch: pytest.MonkeyPatch) -> None:
    _run_after_the_commit(patch, "_write")


def _run_after_the_commit(patch: pytest.MonkeyPatch, name: str) -> None:
    function, commit = getattr(event_log, name), SqliteConnection._commit  # noqa: SLF001 — the defect is after it.
    left = defaultdict[object, list[Callable[[], Awaitable[None]]]](list)

    async def note(tx: Transaction, *given: Any, **more: Any) -> None:  # noqa: ANN401 — as it is given.
        left[tx].append(lambda: function(tx, *given, **more))

    def commit_both(connection: SqliteConnection) -> None:
        commit(connection)
        if left[connection]:
            _begin(connection)
            for late in left.pop(connection):
                completed(late())
            commit(connection)

    patch.setattr(event_log, name, note)
    patch.setattr(SqliteConnection, "_commit", commit_both)


def _lock_taken_by_the_first_write(patch: pytest.MonkeyPatch) -> None:
    begin = SqliteConnection._begin  # noqa: SLF001 — the defect is in it.
    patch.setattr(
        SqliteConnection, "_begin", lambda connection, units, _, seconds: begin(connection, units, "BEGIN", seconds)
    )


def _commit_early(tx: Transaction) -> None:
    """Commit what a unit has done so far, and go on in another transaction once others have had their turn."""
    connection = cast("SqliteConnection", tx)
    connection._driver.execute("COMMIT")  # noqa: SLF001 — no unit of work can do it.
    _begin(connection)


def _begin(connection: SqliteConnection) -> None:
    waiting = WaitingUnit(lambda _: cast("Any", None), None)
    connection._begin([waiting], "BEGIN IMMEDIATE", inf)  # noqa: SLF001 — as the engine does.


NO_ORDER, NO_EVENT, ERROR = (
    "no order of the operations explains it",
    "changes and events differ",
    "a caller got an error",
)

PLANTS: Mapping[Plant, frozenset[str]] = {
    _stock_read_outside_of_the_transaction: frozenset({NO_ORDER, ERROR}),
    _status_not_compared: frozenset({NO_ORDER, ERROR}),
    _record_of_a_key_not_looked_at: frozenset({NO_ORDER}),
    _key_recorded_after_the_commit: frozenset({ERROR}),
    _commit_that_failed_acknowledged: frozenset({NO_ORDER}),
    _refused_unit_not_rolled_back: frozenset({ERROR}),
    _event_appended_after_the_commit: frozenset({NO_EVENT}),
    _event_numbered_but_written_after_the_commit: frozenset({"numbers"}),
    _lock_taken_by_the_first_write: frozenset({ERROR}),
}
"""Defects, and by what each may be found: the history, the events, the name of a check of doctor, or an error.

What finds it first is the order of statements, which changes with the program.
"""
