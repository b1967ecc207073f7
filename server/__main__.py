"""`python -m server`, the same as `portal`."""

from server.cli import app

if __name__ == "__main__":
    app(prog_name="portal")
