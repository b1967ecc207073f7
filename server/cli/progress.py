"""Showing how far long work is, on a terminal; elsewhere nothing is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

Told = Callable[[str, int, int], None]
"""Told what is being done, how many units of it were done just now, and how many there are."""


@contextmanager
def progress() -> Iterator[Told]:
    """A bar for each thing that is being done."""
    console = Console()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    tasks: dict[str, TaskID] = {}
    # Lines that are printed meanwhile stand above the bars.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def told(doing: str, done: int, total: int) -> None:
            if doing not in tasks:
                tasks[doing] = bars.add_task(doing, total=total)
            bars.advance(tasks[doing], done)

        yield told
