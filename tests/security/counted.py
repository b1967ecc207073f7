"""Server whose work is counted: the bytecodes of Python that its event loop runs, however busy the machine is.

`python -m tests.security.counted serve` is `portal serve` with a loop of asyncio. COUNTS names the file in which each
iteration of the loop leaves its count.
"""

import asyncio
import mmap
import os
import sys
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from types import FrameType
from typing import Any

from benchmarks import bytecodes

COUNTED = "tests.security.counted"
"""Program that counts."""

_FIGURES = Struct("=QQ")
"""Bytecodes in all, and of the longest iteration."""

_LOOP = "/asyncio/"
"""What runs the program, which no request asks for."""

_OWN = frozenset({__file__, bytecodes.__file__})
"""What counts."""


class Counts:
    """Counts of a process, in a file that others map too."""

    def __init__(self, file: Path) -> None:
        """Map the file, which is made if it is not there."""
        with file.open("a+b") as opened:
            opened.truncate(_FIGURES.size)
            self._mapped = mmap.mmap(opened.fileno(), _FIGURES.size)

    @property
    def all(self) -> int:
        """The bytecodes in all."""
        return int(_FIGURES.unpack_from(self._mapped)[0])

    @property
    def longest(self) -> int:
        """The bytecodes of the longest iteration since the last `begin`."""
        return int(_FIGURES.unpack_from(self._mapped)[1])

    def begin(self) -> None:
        """Forget the longest iteration; the process must have nothing to do meanwhile."""
        _FIGURES.pack_into(self._mapped, 0, self.all, 0)

    def add(self, bytecodes: int) -> None:
        """Add an iteration."""
        _FIGURES.pack_into(self._mapped, 0, self.all + bytecodes, max(self.longest, bytecodes))


class _Loop(asyncio.SelectorEventLoop):
    """Event loop that counts what each iteration runs."""

    def __init__(self) -> None:
        super().__init__()
        self._counts = Counts(Path(os.environ["COUNTS"]))
        self._ran, self._taken = bytecodes.opcodes()
        sys.settrace(self._called)

    def _run_once(self) -> None:
        """Run an iteration."""
        super()._run_once()  # type: ignore[misc]  # asyncio's own.
        self._counts.add(self._taken())

    def _called(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        if _LOOP in frame.f_code.co_filename or frame.f_code.co_filename in _OWN:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._ran


def main() -> None:
    """Serve."""
    import uvicorn  # noqa: PLC0415 — only of the process that is counted.

    from server.cli import app  # noqa: PLC0415 — the same.

    def loop_factory(_: uvicorn.Config) -> Callable[[], asyncio.AbstractEventLoop]:
        return _Loop

    uvicorn.Config.get_loop_factory = loop_factory  # type: ignore[method-assign, assignment]  # A method of it.
    app(prog_name="portal")


if __name__ == "__main__":
    main()
