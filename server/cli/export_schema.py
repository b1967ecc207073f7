"""`portal export-schema`."""

from pathlib import Path
from typing import Annotated

import typer

from schema import schema
from server.cli.runner import fail

_Output = Annotated[Path, typer.Option(help="The file to write; - for standard output.", dir_okay=False)]


def export_schema(output: _Output = Path("schema.graphql")) -> None:
    """Write the schema as GraphQL's schema definition language."""
    text = schema.as_str() + "\n"
    if str(output) == "-":
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} can't be written: {error.strerror}.")
    typer.echo(f"Wrote {output}.")
