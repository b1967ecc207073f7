"""SIGTERM and SIGHUP during commands that have drafts."""

import asyncio
import os
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Never, TypeAlias

import pytest

from server.cli import import_outcomes
from server.cli.termination import ending_in_order
from tests import cnpjs
from tests.db.engine.test_backups import during_copies
from tests.server.cli.test_backups import names, on_sqlite
from tests.server.conftest import Command

Handler: TypeAlias = Callable[[int, FrameType | None], Any] | signal.Handlers


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The handlers that a program has, whatever started the tests: asyncio replaces that of Ctrl-C by its own."""
    handlers: dict[signal.Signals, Handler] = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Done(NamedTuple):
    """What a command has left that a signal ended."""

    exit_code: int
    output: str
    stderr: str
    handles_signals: bool
    """Whether it still handles one of the signals afterwards."""


def in_a_child(command: Command, *words: str) -> Done:
    """Run a command in a child of this process: what the signal interrupts in its threads is no other test's."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # The child uses no thread of this process.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            done = command(*words)
            handled = any(signal.getsignal(each) is not signal.SIG_DFL for each in (signal.SIGTERM, signal.SIGHUP))
            os.write(writing, pickle.dumps(Done(done.exit_code, done.output, done.stderr, handled)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        written = pipe.read()
    os.waitpid(child, 0)
    found = pickle.loads(written)  # noqa: S301 — our own.
    assert isinstance(found, Done)
    return found


def database_files(file: Path) -> set[str]:
    return {each for each in names(file.parent) if file.name in each and not each.endswith(("-wal", "-shm"))}


async def ended(_: object) -> Never:
    signal.raise_signal(signal.SIGTERM)
    await asyncio.Future()
    raise AssertionError


@on_sqlite
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("words", [("backup", "other.db"), ("restore", "copy.db", "--replace")])
def test_a_signal_during_a_copy_leaves_no_draft(
    demo_portal: Command, file: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], number: signal.Signals
) -> None:
    demo_portal("backup", "copy.db")
    before = database_files(file)
    during_copies(monkeypatch, partial(signal.raise_signal, number))

    done = in_a_child(demo_portal, *words)

    assert (done.exit_code, done.output) == (128 + number, f"Ended by {number.name}.\n")
    assert (names(Path.cwd()), database_files(file)) == ({"copy.db"}, before)
    assert not done.handles_signals


@on_sqlite
@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN])
@pytest.mark.parametrize("words", [("backup", "other.db"), ("restore", "copy.db", "--replace")])
def test_a_signal_during_a_check_leaves_no_draft(
    demo_portal: Command, file: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], ctrl_c: Handler
) -> None:
    # A shell lets what runs in the background ignore Ctrl-C.
    signal.signal(signal.SIGINT, ctrl_c)
    demo_portal("backup", "copy.db")
    before = database_files(file)
    # The package has the command of this name.
    monkeypatch.setattr(import_module("server.cli.doctor"), "findings_of", ended)

    done = in_a_child(demo_portal, *words)

    assert (done.exit_code, done.output) == (128 + signal.SIGTERM, "Ended by SIGTERM.\n")
    assert (names(Path.cwd()), database_files(file)) == ({"copy.db"}, before)


@on_sqlite
def test_a_signal_during_an_import_leaves_no_draft_of_its_report(
    demo_portal: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.csv").write_text(f"CNPJ;Nome\n1;Bar\n{cnpjs.another()};Sol\n")
    # As a process that was killed has left it.
    (tmp_path / ".bad.csv.0123abcd.draft").touch()
    monkeypatch.setattr(import_outcomes.Outcome, "refuse", lambda *_: signal.raise_signal(signal.SIGTERM))

    done = in_a_child(demo_portal, "import", "clients", "c.csv", "--partner", "16727230000197", "--report", "bad.csv")

    assert (done.exit_code, done.stderr.splitlines()[-1]) == (143, "Ended by SIGTERM."), done.output
    assert names(tmp_path) == {"c.csv"}


def test_a_second_signal_does_not_end_the_removal() -> None:
    removed = []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGHUP)
        finally:
            signal.raise_signal(signal.SIGTERM)
            removed.append("draft")

    with pytest.raises(Exception, match="129"), ending_in_order():
        work()

    assert removed == ["draft"]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_in_order():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
