"""`portal erase-check`."""

from collections import Counter
from typing import Annotated

import typer

from db.doctor import traces
from db.doctor.traces import Trace
from db.engine import storage
from domain.text import fold
from resolvers.portal import Portal
from server.cli.runner import FAILED, WRONGLY_USED, fail, run

_SHOWN = 20
"""Maximum number of places shown of one column or file."""


def erase_check(
    text: Annotated[str, typer.Argument(help="A CNPJ in any mask, or a name, searched as whole words in any case.")],
) -> None:
    """Search every column of every table for a text, and on SQLite the files too. Exits with 1 where it is found."""
    if not fold(text):
        fail("The text to search for is empty.", status=WRONGLY_USED)
    found = run(lambda portal: _traces(portal, text), reads_only=True)
    shown: Counter[str] = Counter()
    for trace in found:
        shown[trace.where] += 1
        if shown[trace.where] <= _SHOWN:
            typer.echo(f"{trace.where}: {trace.row}")
    for where, count in shown.items():
        if count > _SHOWN:
            typer.echo(f"{where}: and {count - _SHOWN} more.")
    if found:
        typer.secho(f"Found in {len(found)} places.", err=True, fg=typer.colors.RED)
        raise typer.Exit(FAILED)
    typer.echo("Not found.")


async def _traces(portal: Portal, text: str) -> list[Trace]:
    wanted = traces.searched(text)
    found = await portal.database.read(lambda connection: traces.in_columns(connection, wanted))
    if portal.database.url.get_backend_name() == "sqlite":
        path = str(portal.database.url.database)
        found += traces.in_files(storage.beside(path), wanted)
    return found
