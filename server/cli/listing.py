"""Printing of rows: a table on a terminal, and tab-separated lines elsewhere."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print the rows; column names are printed on a terminal only, so that programs need not skip a line."""
    clean = [[_printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in clean:
            typer.echo("\t".join(row))
        return
    table = Table(*columns, box=box.SIMPLE)
    for row in clean:
        table.add_row(*map(Text, row))
    Console().print(table)


def instant(moment: datetime | None) -> str:
    """Return the time as the API writes it; a hyphen for None."""
    return "-" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _printable(cell: str) -> str:
    # A user's text may have tabs, or control sequences for the terminal.
    return "".join(character if character.isprintable() else " " for character in cell)
