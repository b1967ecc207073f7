"""Imports of what comes by a pipe, and files that fail while they are read, on each engine."""

import os
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
import typer
from typer.testing import CliRunner, Result

from server.cli import app
from server.cli.runner import failures
from server.settings import Settings
from tests import cnpjs

Command = Callable[..., Result]


def workbook(*rows: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.fixture
def piped(command: Command, tmp_path: Path) -> Callable[[bytes], Result]:
    """`portal import clients` of a named pipe, for a partner in a database of its own."""
    command("create-partner", "--name", "Épsilon", "--cnpj", "11222333000181")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def call(content: bytes) -> Result:
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        done = command("import", "clients", "pipe", "--partner", "11222333000181")
        writer.join()
        return done

    return call


def test_a_sheet_that_comes_by_a_pipe_is_imported(piped: Callable[[bytes], Result]) -> None:
    many = "".join(f"{cnpjs.another()};Padaria\n" for _ in range(6_000))

    text = piped(f"CNPJ;Nome\n{many}".encode())
    utf_16 = piped(f"CNPJ;Nome\n{cnpjs.another()};Padaria\n".encode("utf-16"))
    book = piped(workbook(["CNPJ", "Nome"], [cnpjs.another(), "Padaria"]))

    assert (text.exit_code, text.stdout) == (0, "6,000 imported, 0 registered already, 0 bad.\n")
    assert (utf_16.exit_code, utf_16.stdout) == (0, "1 imported, 0 registered already, 0 bad.\n")
    assert (book.exit_code, book.stdout) == (0, "1 imported, 0 registered already, 0 bad.\n")


def test_an_empty_pipe_is_an_empty_file(piped: Callable[[bytes], Result]) -> None:
    done = piped(b"")

    assert (done.exit_code, "The file is empty" in done.stderr) == (2, True)


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("option", [[], ["--all-or-nothing"]])
def test_a_file_whose_disk_fails_is_not_taken_for_the_database(option: list[str]) -> None:
    # The memory of a process can't be read from its beginning.
    done = CliRunner().invoke(app, ["import", "products", "/proc/self/mem", *option])

    assert done.exit_code == 2
    assert done.stderr == "The file can't be read: the disk or the network failed.\n"


def test_an_error_of_the_system_is_not_taken_for_the_database(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit), failures(settings):
        os.fstat(-1)

    assert capsys.readouterr().err == "The operating system reports an error: Bad file descriptor.\n"
