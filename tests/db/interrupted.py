"""`portal migrate` that stops at one of its statements; its arguments are the statement's number, and kill or pause.

It is killed there, or says so and goes on when its standard input is closed.
"""

import itertools
import os
import signal
import sys

import sqlalchemy as sa
from sqlalchemy import event

from server.cli import app

READS = ("SELECT", "PRAGMA", "WITH")


def changes(statement: str) -> bool:
    """Return whether a statement of a migration changes something."""
    return not statement.lstrip().startswith(READS)


def main() -> None:
    """Run the command, which is stopped before so many of its statements that change something."""
    number, how = int(sys.argv[1]), sys.argv[2]
    numbers = itertools.count()

    def stop(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if not changes(statement) or next(numbers) != number:
            return
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        sys.stdout.write("paused\n")
        sys.stdout.flush()
        sys.stdin.read()

    event.listen(sa.Engine, "before_cursor_execute", stop)
    app(["migrate"])
