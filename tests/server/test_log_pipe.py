"""Log lines for a reader that is slow, or has stopped."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import log_pipe
from server.log_pipe import BYTES_MAX, PipeHandler
from server.settings import Settings
from tests.server.log import Log

LINE = "x" * 1000
TOO_MANY = BYTES_MAX // len(LINE) + 1000


class Reader:
    """Both ends of a pipe or of a connection, of which nothing is read at first."""

    def __init__(self, kind: str) -> None:
        self.reading, self.writing = os.pipe() if kind == "pipe" else _connected()

    def read(self, last: str) -> list[str]:
        """Return the lines up to the one that has this text."""
        text = ""
        while last not in text or not text.endswith("\n"):
            text += os.read(self.reading, 1 << 20).decode()
        return text.splitlines()


def _connected() -> tuple[int, int]:
    one, other = socket.socketpair()
    return one.detach(), other.detach()


@pytest.fixture(params=["pipe", "socket"])
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    made = Reader(request.param)
    yield made
    for each in (made.reading, made.writing):
        os.close(each)


def write(handler: PipeHandler, line: str) -> None:
    handler.handle(logging.LogRecord("portal.test", logging.INFO, "", 0, line, None, None))


@pytest.fixture
def handler(reader: Reader) -> Iterator[PipeHandler]:
    """The handler of the log."""
    Log(Settings(log_format="json"))
    made = PipeHandler(reader.writing)
    logger = logging.getLogger("portal.log")
    logger.addHandler(made)
    yield made
    logger.removeHandler(made)
    made.close()


def test_lines_that_wait_for_a_reader_keep_their_order(reader: Reader, handler: PipeHandler) -> None:
    lines = [f"{number} {LINE}" for number in range(1000)]

    for line in lines:
        write(handler, line)
    read = reader.read(lines[-1])
    handler.flush()
    write(handler, "later")

    assert read == lines
    assert reader.read("later") == ["later"]


def test_lines_beyond_the_bound_are_dropped_and_counted(reader: Reader, handler: PipeHandler) -> None:
    for number in range(TOO_MANY):
        write(handler, f"{number} {LINE}")
    read = reader.read("lines were dropped")
    write(handler, "later")
    read += reader.read("later")

    kept = [int(line.partition(" ")[0]) for line in read if line.endswith(LINE)]
    said = next(line for line in read if "lines were dropped" in line)
    assert kept == list(range(len(kept)))
    assert len(kept) < TOO_MANY
    assert str(TOO_MANY - len(kept)) in said
    assert read.index(said) == len(kept)


def test_a_reader_that_ends_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    handler = PipeHandler(writing)
    for number in range(1000):
        write(handler, f"{number} {LINE}")

    os.close(reading)
    handler.flush()
    write(handler, "later")
    handler.close()
    os.close(writing)

    assert capsys.readouterr().err == ""


def test_a_pipe_of_another_user_is_written_too(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError

    with monkeypatch.context() as patched:
        # Root may open each pipe.
        patched.setattr(os, "open", refused)
        handler = PipeHandler(reader.writing)
    lines = [f"{number} {LINE}" for number in range(200)]

    for line in lines:
        write(handler, line)
    read = reader.read(lines[-1])
    handler.flush()
    handler.close()

    assert read == lines


def test_a_file_is_no_pipe(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        assert not log_pipe.is_pipe(file.fileno())
