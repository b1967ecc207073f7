"""PgBouncer in front of a PostgreSQL server of the tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clusters import NAME, USER, Cluster

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
"""


@contextmanager
def pgbouncer(cluster: Cluster, *, sessions: int = 3, user: str = USER) -> Iterator[str]:
    """Start a PgBouncer that shares so many sessions of a user, and yield its URL, which does not name it."""
    # Debian has it in a directory that only root's PATH has.
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "Install pgbouncer: the package of the system has it."
    # The pooler can be asked for no database that is not there yet.
    assert cluster.url
    owner = cluster.directory.stat()
    with tempfile.TemporaryDirectory(dir=cluster.directory.parent) as folder:
        directory = Path(folder)
        file = directory / "pgbouncer.ini"
        file.write_text(
            _SETTINGS.format(server=cluster.directory, user=user, port=_PORT, directory=directory, sessions=sessions)
        )
        for each in (directory, file):
            os.chown(each, owner.st_uid, owner.st_gid)
        # It refuses to run as root, as PostgreSQL does.
        with subprocess.Popen([program, file], user=owner.st_uid, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            for line in server.stderr:
                if "process up" in line:
                    break
            try:
                yield f"postgresql+asyncpg://{user}@/{NAME}?host={directory}&port={_PORT}"
            finally:
                server.terminate()
