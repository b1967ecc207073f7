"""PgBouncer in front of a PostgreSQL server of the tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clusters import NAME, USER, Cluster
from tests.e2e.processes import wait_until

_PORT = 6432

_SETTINGS = """
[databases]
* = host={server} user={user}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
server_login_retry = 0.2
query_wait_timeout = 2
"""


class Pooler:
    """PgBouncer, which can be killed and started again."""

    def __init__(self, directory: Path, cluster: Cluster, *, sessions: int, user: str) -> None:
        """Write its settings, without starting it."""
        # Debian has it in a directory that only root's PATH has.
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None, "Install pgbouncer: the package of the system has it."
        self.url = f"postgresql+asyncpg://{user}@/{NAME}?host={directory}&port={_PORT}"
        file, self._log = directory / "pgbouncer.ini", directory / "log"
        file.write_text(
            _SETTINGS.format(server=cluster.directory, user=user, port=_PORT, directory=directory, sessions=sessions)
        )
        self._command = program, str(file)
        owner = cluster.directory.stat()
        # It refuses to run as root, as PostgreSQL does.
        self._user = owner.st_uid
        for each in (directory, file):
            os.chown(each, owner.st_uid, owner.st_gid)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, user=self._user, stderr=log)
        wait_until(lambda: b"process up" in self._log.read_bytes())

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it, and wait for it."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def pooling(cluster: Cluster, *, sessions: int = 3, user: str = USER) -> Iterator[Pooler]:
    """Start a PgBouncer that shares so many sessions of a user."""
    # The pooler can be asked for no database that is not there yet.
    assert cluster.url
    with tempfile.TemporaryDirectory(dir=cluster.directory.parent) as folder:
        pooler = Pooler(Path(folder), cluster, sessions=sessions, user=user)
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.stop()


@contextmanager
def pgbouncer(cluster: Cluster, *, sessions: int = 3, user: str = USER) -> Iterator[str]:
    """Start a PgBouncer as `pooling` does, and yield its URL, which does not name it."""
    with pooling(cluster, sessions=sessions, user=user) as pooler:
        yield pooler.url
