"""Redis or Valkey server of a test."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def redis_server() -> Iterator[str]:
    """Yield the URL of a server that listens on a socket of its own, and keeps nothing."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    assert program is not None, "Install redis-server or valkey-server: the package of the system has it."
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        with subprocess.Popen([*command, "--dir", folder], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            for line in server.stdout:
                if "ready to accept connections" in line.lower():
                    break
            try:
                yield f"unix://{socket}"
            finally:
                server.terminate()
