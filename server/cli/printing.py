"""Printing of what a command has done or made, also where standard output fails; and reading of standard input."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from server import standard_streams
from server.cli.runner import FAILED, WRONGLY_USED, fail
from server.standard_streams import UnwritableOutputError


@contextmanager
def unwritable_output_said() -> Iterator[None]:
    """End the program with a sentence if standard output can't be written."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except UnwritableOutputError as error:
        standard_streams.drop_output()
        typer.secho(f"Standard output can't be written: {error}.", err=True, fg=typer.colors.RED)
        sys.exit(FAILED)


def refuse_closed_output(made: str) -> None:
    """Exit if standard output is closed, before the command makes what it could not print."""
    if not standard_streams.is_output_open():
        fail(f"Standard output is closed, and {made} could not be printed. Nothing was made.")


def say(done: str) -> None:
    """Print what a command has done; if that fails, exit with the sentence on standard error."""
    try:
        typer.echo(done)
    except UnwritableOutputError as error:
        standard_streams.drop_output()
        fail(f"{done}\nBut standard output can't be written: {error}.")


@contextmanager
def secret_printed(otherwise: str) -> Iterator[None]:
    """Print a secret, which is shown only once; if that fails, exit with a sentence that says what to do."""
    try:
        yield
        sys.stdout.flush()
    except (UnwritableOutputError, BrokenPipeError) as error:
        standard_streams.drop_output()
        reason = str(error) if isinstance(error, UnwritableOutputError) else "its reader ended"
        fail(f"Standard output can't be written: {reason}. {otherwise}")


def typed_line(what: str) -> str:
    """Return the first line of standard input, without mark and end; exit if it is empty or not UTF-8."""
    try:
        line = sys.stdin.buffer.readline().decode("utf-8-sig")
    except UnicodeDecodeError:
        fail(f"Standard input has {what} with bytes that are not UTF-8.", status=WRONGLY_USED)
    if not (typed := line.rstrip("\r\n")):
        fail(f"Standard input is empty, and has to have {what}.", status=WRONGLY_USED)
    return typed


def asked_password() -> str:
    """Return a password that is typed twice on the terminal, unseen; exit if there is none."""
    if not sys.stdin.isatty():
        fail(
            "Standard input is no terminal to ask for the password on. Give --password-stdin to read it from there.",
            status=WRONGLY_USED,
        )
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
