"""`portal migrate`."""

import typer
from alembic.util.exc import CommandError

from db.migrate import upgrade
from server.cli.running import fail, failures, settings


def migrate() -> None:
    """Make the database's tables, or bring them to this version. What is stored is kept."""
    given = settings()
    with failures():
        try:
            upgrade(given.database_url)
        except CommandError:
            fail("The database is of a newer version of the portal than this one. Nothing was changed.")
    typer.echo("The database is up to date.")
