"""Another process that has a SQLite file open: locks of the same one would not count."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USING = (
    "import sqlite3, sys; other = sqlite3.connect(sys.argv[1]); other.execute('PRAGMA journal_mode = WAL'); "
    "print(other.execute('SELECT 1 FROM partners').fetchone(), flush=True); sys.stdin.read()"
)


@contextmanager
def using(file: Path) -> Iterator[None]:
    """Let another process have the file open, as a server has it."""
    with subprocess.Popen([sys.executable, "-c", _USING, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield
        finally:
            other.stdin.close()
