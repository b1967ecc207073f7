"""Permissions of the files that hold data or the secret: only their owner may open them."""

from collections.abc import Iterator
from pathlib import Path

import typer

from db.engine import storage
from server import diagnosis
from server.settings import Settings


def warn_if_open_to_others(given: Settings) -> None:
    """Print a warning for each file that other users of the machine can read or write."""
    for file in storage.open_to_others(_files(given)):
        message = f"{file} can be read by other users of the machine. Take it from them with: portal migrate"
        typer.secho(message, err=True, fg=typer.colors.YELLOW)


def narrowed(given: Settings) -> Iterator[str]:
    """Take the permissions of other users from the files, and yield a message for each of them.

    A file that is mounted, or another user's, keeps them: nothing else has failed.
    """
    for file in storage.open_to_others(_files(given)):
        mode = file.stat().st_mode & 0o777
        try:
            storage.narrow(file)
        except OSError as error:
            yield f"{file} stays open to other users of the machine, with mode {mode:o}: {error.strerror}."
            continue
        yield f"Took {file} from other users of the machine: its mode is 600 now, and was {mode:o}."


def _files(given: Settings) -> list[Path]:
    path = diagnosis.sqlite_file(given.database_url)
    return [*given.secret_files(), *([] if path is None else storage.beside(path))]
