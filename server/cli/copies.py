"""`portal copy-from`: the way from SQLite to PostgreSQL."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Annotated

import typer

from db import copies
from db.copies import FilledError
from db.doctor.findings import Finding
from db.engine import Database, backups, drafts, row_scope
from db.engine.backups import InUseError, UnwritableCopyError
from db.engine.failures import Kind, kind_of
from db.migrations import revisions
from db.migrations.revisions import State
from domain.errors import Unavailable
from resolvers.portal import Portal
from server import diagnosis
from server.app import open_portal
from server.cli import doctor
from server.cli.commands import refuse_other_bytes
from server.cli.printing import say
from server.cli.progress import progress
from server.cli.runner import FAILED, WRONGLY_USED, fail, failures, settings
from server.cli.termination import ending_in_order
from server.settings import Settings

_TABLES_NAMED = 3


@ending_in_order()
def copy_from(
    file: Annotated[Path, typer.Argument(help="The SQLite file, or a backup of it; it is not changed.")],
) -> None:
    """Fill an empty PostgreSQL database with all data of a SQLite file, and check it as doctor does.

    DATABASE_URL names the PostgreSQL database, in which “portal migrate” has made the tables. Stop the servers of the
    file first. Exits with 1 if nothing was copied, and on findings.
    """
    given = settings()
    if diagnosis.sqlite_file(given.database_url) is not None:
        fail(
            "DATABASE_URL names a SQLite file, and has to name the PostgreSQL database to fill. "
            "To put a SQLite file in the place of another, run: portal restore",
            status=WRONGLY_USED,
        )
    refuse_other_bytes(file, "FILE")
    if not file.is_file():
        fail(f"{file} is not a file; give the path of a SQLite database. Nothing was copied.")
    with failures(given):
        try:
            backups.check_unused(file)
        except InUseError:
            fail(
                f"{file} is in use, and what is written to it from now on would be lost. Stop every server and program "
                "that has it open. Nothing was copied."
            )
        # What SQLite writes beside a database that it opens is written beside the draft.
        with drafts.near(file) as draft:
            rows, findings = asyncio.run(_copy(given, file, draft))
    say(f"Copied {rows:,} rows from {file}.")
    if findings:
        doctor.report(findings)
        raise typer.Exit(FAILED)


async def _copy(given: Settings, file: Path, draft: Path) -> tuple[int, list[Finding]]:
    target = open_portal(given)
    try:
        with row_scope.of_every_partner():
            await diagnosis.check_tables(target.database)
            rows = await _fill(given, target.database, file, draft)
            return rows, await doctor.findings_of(target)
    finally:
        await target.database.close()


async def _fill(given: Settings, target: Database, file: Path, draft: Path) -> int:
    source = open_portal(given, url=backups.url_of(draft))
    try:
        await _take(file, draft, source)
        with progress() as report:
            return await target.write(lambda tx: copies.copy(source.database, tx, report))
    except FilledError as error:
        some = ", ".join(error.tables[:_TABLES_NAMED]) + (", …" if len(error.tables) > _TABLES_NAMED else "")
        fail(f"The database of DATABASE_URL has data already ({some}), and has to be empty. Nothing was copied.")
    finally:
        await source.database.close()


async def _take(file: Path, draft: Path, source: Portal) -> None:
    """Copy the file to the draft, which the source is on, and exit unless it is a whole database of this version."""
    try:
        backups.copy(file, draft)
        await _check(source, file)
    except UnwritableCopyError as error:
        raise diagnosis.trouble(error, backups.url_of(draft)) from error
    except (Unavailable, sqlite3.Error) as error:
        if kind_of(error.__cause__ or error) is Kind.DAMAGED:
            fail(f"{file} is damaged or no SQLite database. Nothing was copied.")
        raise diagnosis.trouble(error, backups.url_of(file)) from error


async def _check(source: Portal, file: Path) -> None:
    examined = await revisions.examine(source.database)
    match examined.state:
        case State.CURRENT:
            pass
        case State.EMPTY | State.FOREIGN:
            fail(f"{file} is not a database of the portal: it has none of its tables. Nothing was copied.")
        case State.OLDER:
            fail(
                f"{file} has the tables of an older version. Run “portal migrate” with DATABASE_URL="
                f"{backups.url_of(file)} first. Nothing was copied."
            )
        case _:
            fail(f"{file} is of a newer version of the portal; use that version. Nothing was copied.")
    if damage := await doctor.findings_of_file(source):
        doctor.report(damage)
        fail(f"{file} is damaged; copy from a backup. Nothing was copied.")
