"""`portal migrate`."""

from collections.abc import Iterator
from pathlib import Path

import typer

from db import storage
from db.revisions import WrongDatabaseError
from server import diagnosis
from server.cli.running import fail, failures, settings
from server.settings import Settings


def migrate() -> None:
    """Make the database's tables, or bring them to this version. What is stored is kept.

    It is the only command that makes a SQLite file and the secret.key beside it, and it takes both from other users of
    the machine.
    """
    # Imported here because it takes ten megabytes, and a server comes by these commands too.
    from alembic.util.exc import CommandError  # noqa: PLC0415

    from db.migrate import upgrade  # noqa: PLC0415

    given = settings()
    with failures(given):
        for line in _prepared(given):
            typer.echo(line)
        try:
            upgrade(given.database_url)
        except WrongDatabaseError as error:
            fail(str(diagnosis.trouble_of(error.examined)))
        except CommandError as error:
            fail(f"The steps of this version can't be read ({error}). Install the portal again.")
        if (made := given.keep_secret()) is not None:
            typer.echo(f"Made the secret {made}. Back it up together with the data.")
        for line in _narrowed(given):
            typer.echo(line)
    typer.echo("The database is up to date.")


def _prepared(given: Settings) -> Iterator[str]:
    path = diagnosis.sqlite_file(given.database_url)
    if path is not None:
        if storage.create(path):
            yield f"Made the database file {path}."
        diagnosis.check_file(given.database_url)


def _narrowed(given: Settings) -> Iterator[str]:
    for file in storage.open_to_others(own_files(given)):
        mode = file.stat().st_mode & 0o777
        storage.narrow(file)
        yield f"Took {file} from other users of the machine: its mode is 600 now, and was {mode:o}."


def own_files(given: Settings) -> list[Path]:
    """Return the files that hold data or the secret, which are for the owner only."""
    path = diagnosis.sqlite_file(given.database_url)
    return [*given.secret_files(), *([] if path is None else storage.beside(path))]
