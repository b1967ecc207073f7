"""Migration of a database to the current tables. Each step runs once, in whichever process is first.

All steps are one transaction, except after one whose indexes are built before it, while servers write.

`python -m db.migrations.migrate` prints what the next step has to do: what `db.tables` has and the steps so far don't
make.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, IntegrityError

from db import policies
from db.engine import Database, Transaction, failures, hosts, pooler, statistics, storage
from db.engine.failures import Kind
from db.engine.filters import values_of
from db.engine.statement import Statement
from db.migrations import concurrent, revisions
from db.migrations.concurrent import Part
from db.migrations.folding import NOTICES
from db.migrations.revisions import VERSION, BrokenConstraintError, State, UnfitRowsError, WrongDatabaseError
from db.migrations.steps import after, oldest_served
from db.tables import metadata
from db.tables.forms import stored
from domain.errors import Unavailable

_STEPS = Path(__file__).parent
_LOCK = 0x706F7274616C
"""The key of PostgreSQL's advisory lock, "portal" in ASCII."""

_LOCK_FOR_STEPS = Statement(
    # Of the type void, which has no value.
    sa.text("SELECT pg_advisory_xact_lock(:lock)").bindparams(sa.bindparam("lock", _LOCK, sa.BigInteger)),
    values_of,
)
# A statement that waits for a table keeps all others waiting that come after it, and need not wait for each other.
_WAIT_BRIEFLY = Statement(sa.text("SET LOCAL lock_timeout = '1s'"), values_of)
_TRIES = 20
_PAUSE_SECONDS = 1.0
"""How long others may use a table between two tries to lock it."""

_DANGLING = Statement(
    sa.text('SELECT "table", parent FROM pragma_foreign_key_check').columns(table=sa.String, parent=sa.String),
    values_of,
)

Result = TypeVar("Result")
Tell = Callable[[str], object]


def upgrade(url: str, *, to: str = "head", tell: Tell = lambda _: None) -> None:
    """Run the steps that the database lacks, up to that one; call `tell` with what they did that people will notice.

    It may be called from anywhere, and by several processes at once. It creates the file of a SQLite database. Raises
    WrongDatabaseError if the database is a newer version's or another program's, and UnfitRowsError if its rows
    can't be taken over. Then the transaction that raised it has changed nothing, and those before it stay: the steps
    can be run again, and go on after them.
    """
    _run(_upgrade(url, to=to, tell=tell))


def steps() -> ScriptDirectory:
    """All the steps that there are."""
    return ScriptDirectory.from_config(_config())


def next_step() -> str:
    """The lines that the next step needs, written by Alembic: to be read and tidied before they are believed."""
    with TemporaryDirectory() as directory:
        return _run(_next_step(f"sqlite+aiosqlite:///{directory}/portal.db"))


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    # Where a loop is running already, the work gets one of its own in another thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _upgrade(url: str, *, to: str = "head", tell: Tell = lambda _: None) -> None:
    # SQLite alters little of a table: a step puts a new one in the place of one that others refer to, and the checks
    # can't be turned off inside of a transaction. They are made up for before the commit.
    database = Database(url, enforces_references=False)
    if database.url.get_backend_name() == "sqlite":
        storage.create(str(database.url.database))

    try:
        for part in await _parts(database, url, to):
            if part.indexes:
                await concurrent.build(hosts.parsed(url), part.indexes)
            for notice in await _tried(partial(database.write, partial(_run_part, last=part.last))):
                tell(notice)
    except IntegrityError as error:
        raise BrokenConstraintError(_broken(error.orig)) from error
    finally:
        await database.close()


async def _parts(database: Database, url: str, to: str) -> Sequence[Part]:
    """Return the transactions that the steps up to that one need."""
    whole = [Part((), to)]
    if not database.is_remote or pooler.is_meant(hosts.parsed(url)):
        return whole
    found = await revisions.examine(database)
    if found.state is not State.OLDER:
        return whole
    last = revisions.HEAD if to == "head" else to
    open_steps = [each for each in after(max(found.steps)) if each <= last]
    parts = concurrent.parts(open_steps, concurrent.declared(steps()))
    return [*parts[:-1], parts[-1]._replace(last=to)] if parts else whole


def _broken(refused: BaseException | None) -> str:
    """Return which constraint refuses rows, without the values in PostgreSQL's message."""
    error: BaseException | None = refused
    while error is not None:
        table, constraint = (getattr(error, f"{name}_name", None) for name in ("table", "constraint"))
        if table is not None:
            return f"Rows of {table} do not fit its constraint {constraint or 'NOT NULL'}."
        if isinstance(error, sqlite3.IntegrityError):
            return f"Rows do not fit a constraint: {error}."
        error = error.__cause__
    return "Rows do not fit a constraint."


async def _run_part(tx: Transaction, *, last: str) -> Sequence[str]:
    """Run the steps up to that one, and return what they tell."""
    await _wait_for_others(tx)
    found = await revisions.examined(tx)
    if found.state in {State.NEWER, State.FOREIGN}:
        raise WrongDatabaseError(found)
    # Another process may have run more steps than this part has.
    is_done = found.state is State.OLDER and last != "head" and max(found.steps) >= last
    if is_done or found.state in {State.CURRENT, State.EXPANDED}:
        return ()
    notices = await tx.inspect(lambda connection: run_steps(connection, last))
    await _check_references(tx)
    # A step back in the history lacks tables of today.
    if last == "head":
        await statistics.analyze(tx, *metadata.sorted_tables)
        if tx.dialect.name == "postgresql" and await policies.are_on(tx):
            # New tables have none yet.
            await policies.turn_on(tx)
    return notices


async def _tried(write: Callable[[], Awaitable[Result]]) -> Result:
    """Run the steps of a transaction, from its first one again if a lock on PostgreSQL is not to be had soon."""
    left = _TRIES
    while True:
        left -= 1
        try:
            return await write()
        except Unavailable as error:
            cause = error.__cause__
            is_locked = isinstance(cause, DBAPIError) and failures.kind_of(cause) in {Kind.BUSY, Kind.CONFLICT}
            if not is_locked or not left:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


def run_steps(connection: sa.Connection, to: str) -> Sequence[str]:
    """Run the steps, after which no table gives an id again that it has given, and note which servers can go on.

    Return what the steps tell.
    """
    before = _last_ids(connection)
    config = _config(connection)
    command.upgrade(config, to)
    _note_served(connection)
    after = _last_ids(connection)
    # On SQLite, a table that takes the place of another one counts from the greatest id that is left.
    lower = [{"name": table, "seq": last} for table, last in before.items() if last > after.get(table, last)]
    if lower:
        sequences = sa.table("sqlite_sequence", sa.column("name"), sa.column("seq"))
        names = [each["name"] for each in lower]
        connection.execute(sa.delete(sequences).where(sequences.c.name.in_(names)))
        connection.execute(sa.insert(sequences), lower)
    told: Sequence[str] = config.attributes.get(NOTICES, ())
    return told


def _note_served(connection: sa.Connection) -> None:
    # Alembic makes the table, and leaves other columns than its own alone.
    if not revisions.notes_served(connection):
        connection.execute(sa.text(f"ALTER TABLE {VERSION.name} ADD COLUMN {VERSION.c.served.name} VARCHAR(64)"))
    done = connection.execute(sa.select(VERSION.c.version_num)).scalar_one()
    connection.execute(sa.update(VERSION).values(served=f"{oldest_served(done)}-{done}"))


def _last_ids(connection: sa.Connection) -> dict[str, int]:
    """Return the last id that each table has given on SQLite, 0 for none; PostgreSQL keeps its sequences."""
    if connection.dialect.name != "sqlite":
        return {}
    inspector = sa.inspect(connection)
    last = dict.fromkeys(inspector.get_table_names(), 0)
    if inspector.has_table("sqlite_sequence"):
        last |= {
            name: seq
            for name, seq in connection.execute(sa.text("SELECT name, seq FROM sqlite_sequence"))
            if name in last
        }
    return last


async def _next_step(url: str) -> str:
    await _upgrade(url)
    database = Database(url)
    try:
        return await database.read(lambda connection: connection.inspect(_difference))
    finally:
        await database.close()


def _difference(connection: sa.Connection) -> str:
    operations = produce_migrations(MigrationContext.configure(connection), stored(connection.dialect.name)).upgrade_ops
    return render_python_code(operations, render_as_batch=True) if operations else ""


async def _wait_for_others(tx: Transaction) -> None:
    # On SQLite this transaction could begin only when no other one was writing.
    if tx.dialect.name == "postgresql":
        await tx.fetch(_LOCK_FOR_STEPS)
        await tx.execute(_WAIT_BRIEFLY)


async def _check_references(tx: Transaction) -> None:
    if tx.dialect.name == "sqlite":
        for table, parent in await tx.fetch(_DANGLING):
            message = f"A row of {table} refers to a row of {parent} that does not exist."
            raise UnfitRowsError(message)


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    sys.stdout.write(next_step() + "\n")
