"""`portal migrate`."""

import typer

from server.cli.running import fail, failures, settings


def migrate() -> None:
    """Make the database's tables, or bring them to this version. What is stored is kept."""
    # Imported here because it takes ten megabytes, and a server comes by these commands too.
    from alembic.util.exc import CommandError  # noqa: PLC0415

    from db.migrate import upgrade  # noqa: PLC0415

    given = settings()
    with failures():
        try:
            upgrade(given.database_url)
        except CommandError:
            fail("The database is of a newer version of the portal than this one. Nothing was changed.")
    typer.echo("The database is up to date.")
