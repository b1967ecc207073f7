"""Report of `portal migrate --check`."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from db.engine import Database, hosts, pooler
from db.migrations import revisions
from db.migrations.check import Check, check, of_new
from db.migrations.revisions import State
from server import diagnosis
from server.cli.runner import failures
from server.settings import Settings

BESIDE_SERVERS = 3
"""Exit status if steps are open that servers of the version before may run beside."""

SERVERS_STOPPED = 4
"""Exit status if a step is open for which they must be stopped."""


def report(given: Settings) -> None:
    """Print what a migration would do, and exit with its status."""
    with failures(given):
        diagnosis.check_file(given.database_url)
        file = diagnosis.sqlite_file(given.database_url)
        # Opened by the engine, an empty file would become a database.
        is_new = file is not None and Path(file).stat().st_size == 0
        found = of_new() if is_new else asyncio.run(_check(given.database_url))
        if found.examined.state in {State.NEWER, State.FOREIGN}:
            raise diagnosis.trouble_of(found.examined)
    for line in _lines(found, on_sqlite=file is not None):
        typer.echo(line)
    if found.steps:
        raise typer.Exit(SERVERS_STOPPED if found.contracting else BESIDE_SERVERS)


async def _check(url: str) -> Check:
    database = Database(url)
    try:
        return await check(database, is_pooled=pooler.is_meant(hosts.parsed(url)))
    finally:
        await database.close()


def _lines(found: Check, *, on_sqlite: bool) -> Iterator[str]:
    match found.examined.state:
        case State.CURRENT:
            yield f"The database is at {revisions.HEAD}, which this version needs. No step is open."
        case State.EXPANDED:
            steps = ", ".join(found.examined.steps)
            yield f"The database is at {steps}, of a newer version; this version works on it. No step is open."
        case State.EMPTY:
            yield f"The database has no tables yet. {_steps(len(found.steps))} open, up to {revisions.HEAD}."
        case _:
            yield from _of_older(found, on_sqlite=on_sqlite)


def _of_older(found: Check, *, on_sqlite: bool) -> Iterator[str]:
    at = ", ".join(found.examined.steps)
    yield f"The database is at {at}, and this version needs {revisions.HEAD}. {_steps(len(found.steps))} open:"
    for each in found.steps:
        kind = "expand" if each.step.contracts is None else "contract"
        yield f"  {each.revision} {kind}: {each.title}"
        if each.step.contracts is not None:
            yield f"       {each.step.contracts}"
    rows = sum(found.rows.values())
    seconds = f"{found.seconds} seconds" if found.seconds > 1 else "a second"
    is_one = on_sqlite or not found.indexed
    if is_one:
        yield f"They are one transaction, which takes about {seconds} or less; their tables have {rows:,} rows."
    else:
        yield f"They are some transactions and indexes, which take about {seconds}; their tables have {rows:,} rows."
    if on_sqlite:
        yield "Until it ends, reads go on, and writes wait."
    if found.locked and not on_sqlite:
        yield f"Until it ends, reads and writes of these tables wait: {_named(found, found.locked)}."
    if found.delayed and not on_sqlite:
        yield f"Until it ends, only writes of these tables wait: {_named(found, found.delayed)}."
    if found.indexed and not on_sqlite:
        yield f"Before, indexes are built while servers read and write: {_named(found, found.indexed)}."
    if found.contracting:
        yield f"Stop the servers of the version before: {', '.join(found.contracting)} can't run beside them."
    else:
        yield "Servers of the version before can go on meanwhile."


def _steps(number: int) -> str:
    return "1 step is" if number == 1 else f"{number} steps are"


def _named(found: Check, tables: Sequence[str]) -> str:
    return ", ".join(f"{table} ({found.rows[table]:,} rows)" for table in tables)
