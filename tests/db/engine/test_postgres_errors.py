"""Errors of PostgreSQL are failures of the database, or bugs of a statement, by their code."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

import asyncpg  # type: ignore[import-untyped]  # It has no types.
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from db.engine import Database, Transaction, availability, failures
from db.engine.failures import Kind
from db.engine.pool_sizes import PoolSizes
from db.engine.statement import Statement
from domain.errors import Unavailable
from tests.clusters import Cluster
from tests.units import execute, writing


@pytest.fixture
async def database(cluster: Cluster) -> AsyncIterator[Database]:
    database = Database(cluster.url, sizes=PoolSizes())
    yield database
    await database.close()


def raising(code: str) -> Statement[int]:
    return Statement(sa.select(sa.func.raise_error(code)), int)


@pytest.fixture
async def raiser(database: Database) -> Database:
    """A database with a function that raises an error of any code."""
    body = "BEGIN RAISE EXCEPTION USING ERRCODE = code; END"
    async with writing(database) as tx:
        await execute(
            tx,
            sa.text(f"CREATE OR REPLACE FUNCTION raise_error(code text) RETURNS int LANGUAGE plpgsql AS $$ {body} $$"),
        )
    return database


CODES = {
    "08006": "can't be reached",
    "25006": "standby",
    "40001": "conflicting",
    "40P01": "conflicting",
    "53000": "used up",
    "53100": "disk is full",
    "53200": "used up",
    "53300": "used up",
    "55P03": "a lock is held",
    "57014": "statement was cancelled",
    "57P01": "can't be reached",
    "57P02": "can't be reached",
    "57P03": "can't be reached",
    "58030": "read or write its files",
    "XX001": "damaged",
}


@pytest.mark.parametrize("fetches", [True, False])
async def test_each_failure_is_logged_with_what_to_look_at(
    raiser: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, *, fetches: bool
) -> None:
    monkeypatch.setattr(availability, "LOGGED_AGAIN_AFTER_SECONDS", 0)

    async def fail(tx: Transaction, code: str) -> None:
        await (tx.fetch(raising(code)) if fetches else tx.execute(raising(code)))

    for code, words in CODES.items():
        caplog.clear()
        with caplog.at_level(logging.ERROR, "portal"), pytest.raises(Unavailable, match="Nothing was changed"):
            await raiser.write(partial(fail, code=code))

        (line,) = [record.getMessage() for record in caplog.records if record.name == "portal.database"]
        assert words in line
        assert f"({code})" in line


@pytest.mark.parametrize("code", ["22012", "23505", "42P01", "XX000"])
async def test_an_error_of_a_statement_is_no_failure_of_the_database(raiser: Database, code: str) -> None:
    with pytest.raises(DBAPIError):
        await raiser.write(lambda tx: tx.fetch(raising(code), {}))


async def test_a_unit_that_always_loses_is_given_up(raiser: Database) -> None:
    runs = 0

    async def lose(tx: Transaction) -> None:
        nonlocal runs
        runs += 1
        await tx.fetch(raising("40001"), {})

    with pytest.raises(Unavailable):
        await raiser.write(lose)

    assert runs == 5


@pytest.mark.parametrize(
    ("setting", "statement"),
    [("statement_timeout", "SELECT pg_sleep(5)"), ("lock_timeout", "LOCK TABLE partners IN ACCESS EXCLUSIVE MODE")],
)
async def test_a_statement_that_takes_too_long_is_unavailable(
    cluster: Cluster, database: Database, setting: str, statement: str
) -> None:
    async def slow(tx: Transaction) -> None:
        await execute(tx, sa.text(f"SET LOCAL {setting} = 50"))
        await execute(tx, sa.text(statement))

    async with cluster.connected() as other, other.transaction():
        await other.execute("LOCK TABLE partners IN SHARE MODE")
        with pytest.raises(Unavailable, match="Nothing was changed"):
            await database.write(slow)


async def slowly(tx: Transaction) -> None:
    await asyncio.sleep(0.1)
    await execute(tx, sa.text("SELECT 1"))


async def test_a_unit_without_a_deadline_may_pause_for_long(cluster: Cluster) -> None:
    assert cluster.url
    async with cluster.connected() as connection:
        await connection.execute("ALTER ROLE postgres SET idle_in_transaction_session_timeout = '2ms'")
    database = Database(cluster.url)
    try:
        await database.write(slowly)
    finally:
        await database.close()
        async with cluster.connected() as connection:
            await connection.execute("ALTER ROLE postgres RESET idle_in_transaction_session_timeout")


def test_a_row_that_a_policy_refuses_is_no_missing_privilege() -> None:
    refused = asyncpg.PostgresError.new({"C": "42501", "R": "ExecWithCheckOptions"})
    denied = asyncpg.PostgresError.new({"C": "42501", "R": "aclcheck_error"})

    assert failures.kind_of(refused) is None
    assert failures.kind_of(denied) is Kind.UNPRIVILEGED
