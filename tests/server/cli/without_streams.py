"""`portal` without some of the standard streams, in a process that was forked: what Python does as it starts is done.

CLOSED has the descriptors.
"""

import contextlib
import os
import runpy
import sys

CLOSED = "CLOSED"

_NAMES = ("stdin", "stdout", "stderr")


def main() -> None:
    """Close the streams, and run the program from its first line."""
    for number in map(int, os.environ.pop(CLOSED).split()):
        # Python has None for a stream that was closed when it started.
        setattr(sys, _NAMES[number], None)
        with contextlib.suppress(OSError):
            os.close(number)
    # Under another name, it leaves the end of the process to the one that has forked it.
    runpy.run_module("server", run_name="portal")["main"]()
