"""Standard streams that are closed or full, and texts that are not UTF-8."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import typer
from typer.core import TyperGroup

from server.cli import app as portal_command
from tests.e2e import forks
from tests.e2e.processes import free_port, wait_until
from tests.server.cli import without_streams
from tests.server.conftest import Command

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
NOT_UTF_8 = "caf\udce9"
"""What Python makes of an argument with a byte of Latin-1."""

CLOSED = {"<&-": 0, ">&-": 1, "2>&-": 2}
"""What closes a stream in bash, and the stream's descriptor."""

USER = "gerente@alfa.example"
FULL = "Standard output can't be written: No space left on device."
ENCODED = "has bytes that are not UTF-8"


def is_ready(port: int) -> bool:
    with contextlib.suppress(OSError), contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    return False


def shell(script: str) -> CompletedProcess[str]:
    """Run a script of bash in which `portal` is the program."""
    return subprocess.run(
        [shutil.which("bash") or "bash", "-c", f'set -o pipefail\nportal() {{ {forks.portal()} "$@"; }}\n{script}'],
        env=os.environ | {"PYTHONPATH": str(forks.ROOT)},
        check=False,
        capture_output=True,
        text=True,
        errors="surrogateescape",
    )


@contextlib.contextmanager
def running(command_line: str, errors: Path) -> Iterator[forks.Process]:
    """Yield a process of the program, whose standard error is a file; the command line closes streams as bash does."""
    words = shlex.split(command_line)
    closed = [str(number) for word, number in CLOSED.items() if word in words]
    settings = {forks.PROGRAM: "tests.server.cli.without_streams", without_streams.CLOSED: " ".join(closed)}
    arguments = [word for word in words if word not in CLOSED]
    with Path(os.devnull).open("wb") as output, errors.open("wb") as error_output:
        process = forks.Process(arguments, os.environ | settings, output, error_output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@on_sqlite
@pytest.mark.parametrize("command_line", ["users", "doctor", "--help", "export-schema --output -", "--version"])
def test_a_full_standard_output_is_said_in_a_sentence(demo_portal: Command, command_line: str) -> None:
    del demo_portal

    done = shell(f"portal {command_line} >/dev/full")

    assert (done.returncode, done.stderr) == (1, f"{FULL}\n")


@on_sqlite
@pytest.mark.parametrize(
    ("command_line", "status", "said"),
    [
        ("users >&-", 1, "Standard output can't be written: Bad file descriptor."),
        ("revoke-token - <&-", 2, "Standard input is empty, and has to have a token."),
        (f"update-user --email {USER} --password-stdin <&-", 2, "Standard input is empty, and has to have a "),
        (f"create-token --email {USER} --permissions all >&-", 1, "Nothing was made."),
        ("doctor 2>&-", 0, ""),
        ("users <&- 2>&-", 0, ""),
    ],
)
def test_a_closed_stream_is_said_or_does_not_matter(
    demo_portal: Command, tmp_path: Path, command_line: str, status: int, said: str
) -> None:
    before = demo_portal("tokens").output

    with running(command_line, tmp_path / "errors") as process:
        process.wait(60)

    errors = (tmp_path / "errors").read_text(encoding="utf-8")
    assert (process.returncode, said in errors) == (status, True), errors
    assert "Traceback" not in errors
    assert demo_portal("tokens").output == before


@on_sqlite
@pytest.mark.parametrize("closed", ["2>&-", ">&-"])
def test_a_server_needs_no_standard_streams(demo_portal: Command, tmp_path: Path, closed: str) -> None:
    del demo_portal
    port = free_port()

    with running(f"serve --port {port} {closed}", tmp_path / "errors") as server:
        wait_until(lambda: server.poll() is not None or is_ready(port))
        answered = server.poll() is None

    assert (answered, server.returncode) == (True, 0)


@on_sqlite
def test_a_server_that_is_started_without_standard_streams_answers(demo_portal: Command) -> None:
    del demo_portal
    port = free_port()
    started = f"exec {sys.executable} -m server serve --port {port} <&- >&- 2>&-"
    with subprocess.Popen(
        [shutil.which("bash") or "bash", "-c", started], env=os.environ | {"PYTHONPATH": str(forks.ROOT)}
    ) as server:
        try:
            wait_until(lambda: server.poll() is not None or is_ready(port))
            answered = server.poll() is None
        finally:
            server.terminate()

    assert (answered, server.returncode) == (True, 0)


@on_sqlite
def test_a_reader_that_ends_is_no_error(demo_portal: Command) -> None:
    del demo_portal

    done = shell("portal users | head -1")

    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@on_sqlite
def test_a_token_that_can_not_be_printed_is_named(demo_portal: Command) -> None:
    done = shell(f"portal create-token --email {USER} --permissions all >/dev/full")

    named = re.search(r"run: portal revoke-token (\S+)\n", done.stderr)
    assert (done.returncode, named is not None) == (1, True), done.stderr
    assert named is not None
    assert demo_portal("revoke-token", named[1]).exit_code == 0


@on_sqlite
def test_an_invitation_that_can_not_be_printed_is_named(demo_portal: Command) -> None:
    del demo_portal
    options = "--partner 'Alfa Automação Comercial Ltda' --email rita@alfa.example --name Rita --role VIEWER"

    done = shell(f"portal invite-user {options} >/dev/full")

    assert done.returncode == 1
    assert "Invited rita@alfa.example, but the link can't be shown" in done.stderr


@on_sqlite
def test_a_change_that_can_not_be_printed_is_said(command: Command) -> None:
    del command

    done = shell("portal create-partner --name Delta --cnpj 11222333000181 >/dev/full")

    assert done.returncode == 1
    assert "Created the partner Delta" in done.stderr
    assert FULL.lower().removesuffix(".") in done.stderr.lower()


def texts() -> list[tuple[str, ...]]:
    """Return command lines that each have one text that is not UTF-8."""
    found: list[tuple[str, ...]] = []
    pending: list[tuple[tuple[str, ...], object]] = [((), typer.main.get_command(portal_command))]
    while pending:
        words, each = pending.pop()
        if isinstance(each, TyperGroup):
            pending += [((*words, name), below) for name, below in each.commands.items()]
            continue
        given = [parameter for parameter in each.params if parameter.name != "help"]  # type: ignore[attr-defined]
        for parameter in given:
            annotation = parameter.type_descriptor.annotation
            if annotation is not str:
                continue
            found.append((*words, *_arguments(given, parameter)))
    return found


def _arguments(given: list[object], wrong: object) -> list[str]:
    arguments: list[str] = []
    for parameter in given:
        if parameter is not wrong and not parameter.required:  # type: ignore[attr-defined]
            continue
        descriptor = parameter.type_descriptor  # type: ignore[attr-defined]
        value = NOT_UTF_8 if parameter is wrong else next(iter(descriptor.choices or ["1"]))
        value = getattr(value, "value", value)
        is_option = parameter.param_type_name == "option"  # type: ignore[attr-defined]
        arguments += [parameter.opts[0], str(value)] if is_option else [str(value)]  # type: ignore[attr-defined]
    return arguments


@on_sqlite
@pytest.mark.parametrize("command_line", texts(), ids=" ".join)
def test_a_text_that_is_not_utf_8_is_refused(command: Command, command_line: tuple[str, ...]) -> None:
    refused = command(*command_line)

    assert (refused.exit_code, ENCODED in refused.stderr) == (2, True), refused.output


@on_sqlite
def test_a_typed_password_that_is_not_utf_8_is_refused(demo_portal: Command) -> None:
    del demo_portal

    done = shell(rf"printf 'senha-\xe7\xe3o-bem-longa\n' | portal update-user --email {USER} --password-stdin")

    assert done.returncode == 2
    assert done.stderr == "Standard input has a password with bytes that are not UTF-8.\n"


@on_sqlite
def test_a_byte_order_mark_is_no_part_of_what_is_typed(demo_portal: Command) -> None:
    del demo_portal

    guessed = shell(rf"printf '\xef\xbb\xbf\n' | portal update-user --email {USER} --password-stdin")
    revoked = shell(rf"""
        token=$(portal create-token --email {USER} --permissions all)
        printf "\xef\xbb\xbf$token" | portal revoke-token -
    """)

    assert (guessed.returncode, guessed.stderr) == (2, "Standard input is empty, and has to have a password.\n")
    assert revoked.stdout.startswith("Revoked the token")


@on_sqlite
@pytest.mark.parametrize("words", ["backup", "restore --replace"])
def test_a_name_of_a_backup_that_is_not_utf_8_is_refused(demo_portal: Command, tmp_path: Path, words: str) -> None:
    del demo_portal
    before = set(tmp_path.iterdir())

    done = shell(f"cd {tmp_path} && portal {words} $'backup-\\xe7.db'")

    assert done.returncode == 2
    assert done.stderr == f"FILE {ENCODED}; give it in UTF-8.\n"
    assert set(tmp_path.iterdir()) == before
