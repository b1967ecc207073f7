"""Progress of long work, shown on a terminal only."""

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

ProgressCallback = Callable[[str, int, int], None]
"""Callback with the name of a step, the number of units just done, and their total."""


@contextmanager
def progress() -> Iterator[ProgressCallback]:
    """Yield a callback that shows a progress bar for each step."""
    console = Console()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    tasks: dict[str, TaskID] = {}
    # Printed lines appear above the bars.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def on_progress(doing: str, done: int, total: int) -> None:
            if doing not in tasks:
                tasks[doing] = bars.add_task(doing, total=total)
            bars.advance(tasks[doing], done)

        yield on_progress
