"""`portal`, and `python -m server`, which is the same."""

import gc

# Collections while modules are imported, and of all modules when the program ends, take nearly half of a short command.
gc.disable()

from server.cli import app  # noqa: E402 — collections would begin with the first import.

gc.freeze()
gc.enable()


def main() -> None:
    """Run the command line."""
    app(prog_name="portal")


if __name__ == "__main__":
    main()
