"""`portal`, and `python -m server`, which is the same."""

import gc
import os
import sys

# Collections while modules are imported, and of all modules when the program ends, take nearly half of a short command.
gc.disable()

from server import interruption, standard_streams  # noqa: E402 — collections would begin with the first import.

standard_streams.open_closed()

with interruption.ending_at_once():
    # A file that an import opens must not get the descriptor of a closed stream.
    from server import logs
    from server.cli import app
    from server.cli.endings import ServerEnded
    from server.cli.printing import unwritable_output_said

gc.freeze()
gc.enable()


def main() -> None:
    """Run the command line."""
    standard_streams.take()
    with unwritable_output_said():
        app(prog_name="portal")


def run() -> None:
    """Run the command line, and end the process.

    The interpreter would wait for the threads of a server, and the library of its event loop for others: those that
    look for a name, for as long as a name server may take that does not answer.
    """
    try:
        main()
    except ServerEnded:
        logs.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    run()
