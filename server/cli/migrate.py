"""`portal migrate`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from db.engine import backups, storage
from db.migrations.revisions import BrokenConstraintError, UnfitRowsError, WrongDatabaseError
from server import diagnosis
from server.cli.ownership import narrowed
from server.cli.printing import say
from server.cli.runner import fail, failures, settings
from server.cli.termination import ending_in_order
from server.settings import Settings

_KEPT = "Its transaction was rolled back, and steps of earlier ones stay. Mend the rows, and run the command again."


@ending_in_order()
def migrate(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only say which steps are open, and whether servers may run meanwhile.")
    ] = False,
) -> None:
    """Create the database's tables, or upgrade them to this version. Data is kept.

    Only this command creates a SQLite file and its secret.key, and it removes other users' access to both. With --check
    it changes nothing, and exits with 0 if no step is open, 3 if servers of the version before may run beside the open
    ones, and 4 if they must be stopped.
    """
    # Imported here because it takes ten megabytes, and servers load the commands too.
    from alembic.util.exc import CommandError  # noqa: PLC0415

    from db.migrations.migrate import upgrade  # noqa: PLC0415

    given = settings()
    if check:
        from server.cli.migration_check import report  # noqa: PLC0415

        report(given)
        return
    with failures(given):
        try:
            with _prepared(given), _printed() as notices:
                upgrade(given.database_url, tell=notices.append)
        except WrongDatabaseError as error:
            fail(str(diagnosis.trouble_of(error.examined)))
        except BrokenConstraintError as error:
            fail(f"{error} {_KEPT}")
        except UnfitRowsError as error:
            fail(f"{error} {_KEPT} `portal doctor` of the version before lists all such rows.")
        except CommandError as error:
            fail(f"The steps of this version can't be read ({error}). Install the portal again.")
        if (made := given.keep_secret()) is not None:
            say(f"Made the secret {made}. Back it up together with the data.")
        for line in narrowed(given):
            typer.echo(line)
    say("The database is up to date.")


@contextmanager
def _printed() -> Iterator[list[str]]:
    """Print what is put into the list after the migration, also if a later transaction of it fails."""
    notices: list[str] = []
    try:
        yield notices
    finally:
        for notice in notices:
            typer.echo(notice)


@contextmanager
def _prepared(given: Settings) -> Iterator[None]:
    """Make the database's file unless it exists, and remove it again if no step could be run."""
    path = diagnosis.sqlite_file(given.database_url)
    if path is None:
        diagnosis.check_file(given.database_url)
        yield
        return
    if logs := storage.left_logs(Path(os.path.realpath(path))):
        fail(
            f"{logs[0]} is there without {path}: it is the log of a database that was moved or removed, and SQLite "
            "would remove it. Move the database back, or the log away. Nothing was changed."
        )
    is_new = storage.create(path)
    try:
        if is_new:
            typer.echo(f"Made the database file {path}.")
        diagnosis.check_file(given.database_url)
        yield
    except BaseException:
        if is_new and backups.discard_empty(Path(path)):
            typer.secho(f"Removed {path} again, since nothing is in it.", err=True)
        raise
