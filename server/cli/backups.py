"""`portal backup` and `portal restore`, of a SQLite file."""

import asyncio
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from db.doctor.findings import Finding
from db.engine import backups, drafts, hosts, storage
from db.engine.backups import InUseError, UnwritableCopyError
from db.engine.failures import Kind, kind_of
from db.migrations import revisions
from db.migrations.revisions import Examined, State
from domain.errors import Unavailable
from server import diagnosis
from server.app import open_portal
from server.cli import doctor
from server.cli.commands import refuse_other_bytes
from server.cli.printing import say
from server.cli.runner import FAILED, WRONGLY_USED, fail, failures, settings
from server.cli.termination import ending_in_order
from server.settings import Settings

_FILE = "file"
"""The check of the doctor without whose success a copy is of no use."""

_OF_POSTGRESQL = {
    "backup": "pg_dump --format=custom --file={file} {url}",
    "restore": "pg_restore --clean --if-exists --dbname={url} {file}",
}


@ending_in_order()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; its folder is made too.")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file, if it exists.")] = False,
) -> None:
    """Copy the database to a file, while servers use it, and check the copy as doctor does.

    The file gets its name when the copy is complete and checked. Exits with 1 without a copy, and on findings.
    """
    given = settings()
    path = _sqlite_file(given, "backup", file)
    refuse_other_bytes(file, "FILE")
    with failures(given):
        diagnosis.check_file(given.database_url, writes=False)
        target = _target(given, path, file, replace=replace)
        with _free(file, target):
            backups.check_unused(target)
        with drafts.beside(target) as draft:
            examined, findings = _copied(given, storage.regular(path), draft, to=file)
            if examined is None:
                fail(f"{path} is damaged, so no backup was made. Restore an earlier one: portal restore --replace FILE")
            if examined.state in {State.EMPTY, State.FOREIGN}:
                raise diagnosis.trouble_of(examined)
            with _free(file, target):
                (backups.replace if replace else backups.publish)(draft, target, former=None)
    say(f"Made the backup {file}.")
    for secret in given.secret_files():
        if secret.exists():
            typer.echo(f"The backup is of no use without the secret: keep a copy of {secret} too.")
    if findings:
        doctor.report(findings)
        raise typer.Exit(FAILED)


@ending_in_order()
def restore(
    file: Annotated[Path, typer.Argument(help="The backup, which is not changed.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the database that there is; it keeps a name of its own.")
    ] = False,
) -> None:
    """Put a backup in the place of the database, after a check as doctor does. Stop the servers first.

    Refuses a damaged file, one of a newer version, and to replace a database without --replace or while a server uses
    it. Exits with 1 if nothing was restored, and on findings.
    """
    given = settings()
    path = _sqlite_file(given, "restore", file)
    refuse_other_bytes(file, "FILE")
    with failures(given):
        if storage.is_part_of(file, str(path), given.secret_files()):
            fail(f"{file} is part of the database itself; give the path of a backup.")
        if not file.is_file():
            fail(f"{file} is not a file; give the path of a backup.")
        if path.exists() and not replace:
            _refuse_existing(path)
        # SQLite keeps the log beside the file that a link names; the former database is kept there too.
        path = storage.regular(path)
        log = Path(f"{storage.regular(file)}-wal")
        has_log = log.exists() and log.stat().st_size
        with drafts.beside(path) as draft:
            examined, findings = _copied(given, file, draft, to=path)
            if examined is None:
                fail(f"{file} is damaged or no SQLite database. Nothing was changed; restore another backup.")
            _refuse_other(file, examined)
            former = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            kept = _put(draft, path, former, replace=replace)
    say(f"Restored {path} from {file}.")
    if has_log:
        typer.echo(f"It has the changes in {file}-wal too, which were made after {file} was copied.")
    if kept is not None:
        typer.echo(f"The former database is {kept}. Delete it when you no longer need it.")
    if examined.state is State.OLDER:
        typer.echo("It has the tables of an older version. Run: portal migrate")
    if findings:
        doctor.report(findings)
        raise typer.Exit(FAILED)


def _sqlite_file(given: Settings, command: str, file: Path) -> Path:
    path = diagnosis.sqlite_file(given.database_url)
    if path is None:
        url = shlex.quote(hosts.of_libpq(hosts.parsed(given.database_url)))
        program = _OF_POSTGRESQL[command].format(file=shlex.quote(str(file)), url=url)
        fail(
            f"DATABASE_URL names PostgreSQL, which has a program for this: {program}\nIt asks for the password, or "
            "takes that of PGPASSWORD. Run it as the owner of the tables, and at the server itself, not at a pooler.",
            status=WRONGLY_USED,
        )
    return Path(path)


def _target(given: Settings, path: Path, file: Path, *, replace: bool) -> Path:
    """Return the file that a backup of the database is made at; exit if the name can't be taken."""
    # The logs of a file that is replaced are removed.
    if any(
        storage.is_part_of(each, str(path), given.secret_files()) for each in (file, *storage.logs_of(file.resolve()))
    ):
        fail(f"{file} is part of the database itself. Name another file.")
    if file.is_dir():
        fail(f"{file} is a folder. Name a file.")
    if file.exists() and not replace:
        fail(f"{file} exists. Name another file, or give --replace.")
    target = storage.regular(file)
    if not replace and (logs := storage.left_logs(target)):
        fail(
            f"{logs[0]} is there without {target.name}: SQLite would take it for the log of the backup. Remove it, "
            "name another file, or give --replace."
        )
    return target


@contextmanager
def _free(file: Path, target: Path) -> Iterator[None]:
    """Exit if the name of a backup is taken meanwhile, or another process has the file open that is replaced."""
    try:
        yield
    except FileExistsError:
        fail(f"{file} exists. Name another file, or give --replace.")
    except InUseError:
        fail(
            f"{file} is in use, so no backup was made. Stop every server and program that has it open, or name another "
            "file."
        )
    except sqlite3.Error as error:
        raise diagnosis.trouble(error, backups.url_of(target)) from error


def _copied(given: Settings, source: Path, draft: Path, *, to: Path) -> tuple[Examined | None, list[Finding]]:
    """Copy a database; return what the copy is, None if it is damaged, and what doctor finds in it."""
    failing = source
    try:
        backups.copy(source, draft)
        failing = to
        examined, findings = asyncio.run(_examine(given, draft))
    except UnwritableCopyError as error:
        raise diagnosis.trouble(error, backups.url_of(to)) from error
    except (Unavailable, sqlite3.Error) as error:
        if kind_of(error.__cause__ or error) is Kind.DAMAGED:
            return None, []
        raise diagnosis.trouble(error, backups.url_of(failing)) from error
    of_file = [finding for finding in findings if finding.check == _FILE]
    if of_file:
        doctor.report(of_file)
        return None, findings
    return examined, findings


async def _examine(given: Settings, copy: Path) -> tuple[Examined, list[Finding]]:
    """Return what a copy is, and what is wrong with it: all that doctor knows, or only its file for other tables."""
    portal = open_portal(given, url=backups.url_of(copy), reads_only=True)
    try:
        examined = await revisions.examine(portal.database)
        if examined.state in {State.CURRENT, State.EXPANDED}:
            return examined, await doctor.findings_of(portal)
        return examined, await doctor.findings_of_file(portal)
    finally:
        await portal.database.close()


def _put(draft: Path, path: Path, former: Path, *, replace: bool) -> Path | None:
    """Give the draft the name of the database; return the name that the former one got, None if there was none."""
    try:
        if replace:
            return backups.replace(draft, path, former=former)
        backups.publish(draft, path, former=former)
    except InUseError:
        fail(f"{path} is in use, so nothing was changed. Stop every server and program that has it open.")
    except FileExistsError:
        if replace:
            raise
        _refuse_existing(path)
    return None


def _refuse_existing(path: Path) -> NoReturn:
    fail(f"{path} exists. Give --replace to put the backup in its place; it is kept by another name.")


def _refuse_other(file: Path, examined: Examined) -> None:
    match examined.state:
        case State.EMPTY | State.FOREIGN:
            fail(f"{file} is not a backup of the portal: it has none of its tables. Nothing was changed.")
        case State.NEWER:
            fail(
                f"{file} is a backup of a newer version of the portal, at {', '.join(examined.steps)}. Restore it with "
                "that version. Nothing was changed."
            )
