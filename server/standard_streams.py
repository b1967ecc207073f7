"""Standard streams of the command line: closed ones are opened, and output that can't be written ends in a sentence."""

import fcntl
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2


class UnwritableOutputError(Exception):
    """Standard output can't be written, for a reason other than a reader that ended; the message is the reason."""


class _Output(io.FileIO):
    """Standard output, whose errors are no OSError: a command would take one for the trouble of a file or database."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UnwritableOutputError(error.strerror) from error


class _Errors(io.FileIO):
    """Standard error, which drops what can't be written: there is no other stream to say so."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def open_closed() -> None:
    """Open the null device for closed streams: else a database's file would get the descriptor of one.

    A closed standard output is opened for reading only, so that what is written to it fails.
    """
    for descriptor, flags in ((_INPUT, os.O_RDONLY), (_OUTPUT, os.O_RDONLY), (_ERRORS, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            # The system gives the lowest free descriptor, which is this one.
            os.set_inheritable(os.open(os.devnull, flags), True)  # noqa: FBT003 — the function takes it by place only.
    # Python has None for a stream that was closed when it started.
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BufferedReader(io.FileIO(_INPUT, closefd=False)), "utf-8")
    sys.stdout = sys.stdout or _text(_Output(_OUTPUT, "w", closefd=False), "utf-8", "surrogateescape")
    sys.stderr = sys.stderr or _text(_Errors(_ERRORS, "w", closefd=False), "utf-8", "backslashreplace")


def take() -> None:
    """Let standard output raise UnwritableOutputError, and print names of files by their bytes."""
    # A file's name need not be UTF-8: Python reads its other bytes as surrogates.
    sys.stdout = _text(_Output(_OUTPUT, "w", closefd=False), sys.stdout.encoding, "surrogateescape")
    sys.stderr = _text(_Errors(_ERRORS, "w", closefd=False), sys.stderr.encoding, "backslashreplace")


def is_output_open() -> bool:
    """Return whether standard output was open when the program started."""
    try:
        flags = fcntl.fcntl(sys.stdout, fcntl.F_GETFL)
    except io.UnsupportedOperation:
        # It is not of the system.
        return True
    return flags & os.O_ACCMODE != os.O_RDONLY


def drop_output() -> None:
    """Drop what is still to be written to standard output, which Python would write again at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _OUTPUT)
    os.close(null)


def _text(raw: io.FileIO, encoding: str, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, line_buffering=raw.isatty())
