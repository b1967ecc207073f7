"""Files that are made from the code: `portal export-schema` and `portal export-messages`."""

from pathlib import Path
from typing import Annotated

import typer

from db.engine import storage
from domain import catalogue
from schema import schema
from server.cli.runner import fail

_Output = Annotated[Path, typer.Option(help="The file to write; - for standard output.", dir_okay=False)]


def export_schema(output: _Output = Path("schema.graphql")) -> None:
    """Write the schema as GraphQL's schema definition language."""
    _write(output, schema.as_str() + "\n")


def export_messages(output: _Output = Path("docs/messages.md")) -> None:
    """Write the catalogue of messages, with samples in Portuguese and English, as Markdown."""
    _write(output, catalogue.page())


def _write(output: Path, text: str) -> None:
    if str(output) == "-":
        typer.echo(text, nl=False)
        return
    if storage.is_database(output):
        fail(f"{output} is a SQLite database, and was not changed. Name another file.")
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} can't be written: {error.strerror}.")
    typer.echo(f"Wrote {output}.")
