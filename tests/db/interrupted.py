"""`portal migrate` that stops at one of its statements: `python -m tests.db.interrupted NUMBER kill|pause`.

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


def main(number: int, how: str) -> None:
    """Run the command, which is stopped before so many of its statements that change something."""
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


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
