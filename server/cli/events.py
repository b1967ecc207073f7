"""`portal events`: the events of a partner, by the API."""

import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from db.engine import storage
from domain.events import EventType
from server.cli import follower
from server.cli.commands import Commands
from server.cli.follower import EndedError, Followed
from server.cli.runner import WRONGLY_USED, fail

app = Commands(help="Follow the events of a partner.", no_args_is_help=True)


class Format(StrEnum):
    """Form of a line."""

    JSONL = "jsonl"
    TEXT = "text"


@app.callback()
def _events() -> None:
    """Follow the events of a partner by the API, with a token, from any machine."""


@app.command()
def follow(
    *,
    url: Annotated[str, typer.Option(envvar="PORTAL", help="The address of the portal.")] = "http://127.0.0.1:8000",
    token: Annotated[str, typer.Option(envvar="TOKEN", help="A token; better as the variable.", show_envvar=True)] = "",
    after: Annotated[str | None, typer.Option(help="The cursor to begin after. [default: events from now on]")] = None,
    state: Annotated[Path | None, typer.Option(help="A file that keeps the cursor to go on from.")] = None,
    form: Annotated[Format, typer.Option("--format", help="The form of a line.")] = Format.JSONL,
    types: Annotated[list[EventType] | None, typer.Option("--type", help="A type of events; can be repeated.")] = None,
    partner: Annotated[str | None, typer.Option(help="The id of a partner, or of the vendor, for its tokens.")] = None,
    select: Annotated[str, typer.Option(help="More fields of an event, such as: client { id name }")] = "",
) -> None:
    """Print a line for each event of the token's partner, as it happens, until Ctrl-C.

    It connects again if the connection or the server ends. With --state, a later run goes on where this one ended: the
    file is written at the start and after each line, so that an event is printed again at most if the program is killed
    in between.
    """
    # A file with the line ends of Windows leaves one at the end.
    token = token.strip().removeprefix("\ufeff")
    if not token:
        fail("There is no token: set TOKEN.", status=WRONGLY_USED)
    if not token.isascii() or not token.isprintable() or " " in token:
        fail("TOKEN has characters that no token has; copy it again.", status=WRONGLY_USED)
    if not url.startswith(("http://", "https://")):
        fail("--url has to be an address such as https://portal.example.", status=WRONGLY_USED)
    chosen: dict[str, Any] = {"types": [each.value for each in types]} if types else {}
    if partner is not None:
        chosen["partnerId"] = partner
    try:
        state = None if state is None else storage.regular(state)
        after = _kept(state) or after
        for event in follower.events(Followed(url, token, chosen, select), after, partial(_keep, state), _tell):
            sys.stdout.buffer.write(_line(event, form) + b"\n")
            sys.stdout.buffer.flush()
    except EndedError as error:
        fail(str(error))
    except BrokenPipeError:
        # The reader has enough. Python would write again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        fail(f"{error.filename or state}: {error.strerror}.")
    except KeyboardInterrupt:
        return


def _tell(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _line(event: follower.Event, form: Format) -> bytes:
    if form is Format.JSONL:
        return orjson.dumps(event)
    return f"{event['number']}\t{event['occurredAt']}\t{event['message']}".encode()


def _kept(state: Path | None) -> str | None:
    try:
        return None if state is None else state.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        fail(f"{state} has no cursor; name another file, or remove it.", status=WRONGLY_USED)


def _keep(state: Path | None, cursor: str) -> None:
    """Replace the file as a whole, so that a program that is killed leaves a complete cursor."""
    if state is None:
        return
    new = state.with_name(f".{state.name}.{os.getpid()}")
    new.write_text(cursor + "\n", encoding="ascii")
    new.replace(state)
