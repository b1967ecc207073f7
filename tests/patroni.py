"""Two PostgreSQL servers under Patroni with an etcd, all of them own processes in folders of the run."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from itertools import permutations
from pathlib import Path
from time import monotonic

from tests.clusters import NAME, USER
from tests.databases import PostgreSQL
from tests.e2e.processes import kept_port, wait_until

PROGRAMS = ("patroni", "etcd")

_PATIENCE_SECONDS = 150
"""How long the members may take to change roles or to be whole: elections on a busy machine take their time."""

_ANSWER_SECONDS = 30
"""How long an answer of a Patroni may take: to a switchover, it answers 20 seconds after the request at the latest."""

_LEASE_SECONDS = 12
"""How long Patroni waits for a primary whose machine has died, before it promotes the standby."""

_SHARED = {
    "ttl": _LEASE_SECONDS,
    "loop_wait": 1,
    "retry_timeout": 5,
    "synchronous_mode": True,
    "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 60, "wal_keep_size": "256MB"}},
}


def are_installed() -> bool:
    """Return whether the machine has Patroni and etcd."""
    return all(shutil.which(program) for program in PROGRAMS)


class Member:
    """PostgreSQL server with the Patroni that looks after it: what one machine has."""

    def __init__(self, name: str, postgresql: PostgreSQL, etcd: int) -> None:
        """Write the configuration, without a start."""
        self.name = name
        self.port = kept_port()
        self._api = kept_port()
        self._folder = postgresql.own_directory(f"patroni-{self.port}")
        self._owner = self._folder.stat().st_uid
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        configuration = {
            "scope": NAME,
            "name": name,
            "restapi": {"listen": f"127.0.0.1:{self._api}", "connect_address": f"127.0.0.1:{self._api}"},
            "etcd3": {"host": f"127.0.0.1:{etcd}"},
            "bootstrap": {
                "dcs": _SHARED,
                "initdb": [{"auth": "trust"}, {"encoding": "UTF8"}, {"locale": "C"}, "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": str(self._data),
                "bin_dir": str(postgresql.binaries),
                "pgpass": str(self._folder / "pgpass"),
                "authentication": {"superuser": {"username": USER}, "replication": {"username": USER}},
                "pg_hba": [
                    "local all all trust",
                    "host all all 127.0.0.1/32 trust",
                    "host replication all 127.0.0.1/32 trust",
                ],
                # A crash of the server alone loses nothing that it gave to the operating system.
                "parameters": {"unix_socket_directories": str(self._folder), "fsync": "off", "autovacuum": "off"},
                "basebackup": [{"checkpoint": "fast"}],
            },
        }
        # JSON is YAML too.
        (self._folder / "patroni.yml").write_text(json.dumps(configuration), encoding="utf-8")

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(shutil.which("patroni")), str(self._folder / "patroni.yml")],
                cwd=self._folder,
                user=self._owner,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            )

    def kill(self) -> None:
        """End Patroni and every process of PostgreSQL at once, as when the machine loses power."""
        assert self._process is not None
        postmaster = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for each in (self._process.pid, postmaster, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Stop Patroni, which stops PostgreSQL."""
        if self.is_started:
            assert self._process is not None
            self._process.terminate()
            self._process.wait()

    @property
    def is_started(self) -> bool:
        """Whether its Patroni runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def is_primary(self) -> bool:
        """Whether its PostgreSQL is the primary, as its Patroni says to a load balancer."""
        return self.ask("GET", "/primary")[0] == HTTPStatus.OK

    @property
    def is_synchronous(self) -> bool:
        """Whether its PostgreSQL is the standby that each commit waits for."""
        return self.ask("GET", "/synchronous")[0] == HTTPStatus.OK

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Return status and text of an answer of its Patroni; 0 if there is none."""
        connection = HTTPConnection("127.0.0.1", self._api, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            return response.status, response.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def log(self) -> str:
        """Return the end of its Patroni's log."""
        return (self._folder / "log").read_text(encoding="utf-8")[-3000:]


class Patroni:
    """Primary and synchronous standby, whose roles Patroni changes."""

    def __init__(self, postgresql: PostgreSQL, etcd: int) -> None:
        """Take the port of etcd, without a start."""
        self._postgresql = postgresql
        self._members = [Member(name, postgresql, etcd) for name in ("a", "b")]
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in self._members)
        self.url = f"postgresql+asyncpg://{USER}@{hosts}/{NAME}?target_session_attrs=read-write"
        """URL of both, in libpq's form."""

    def make_whole(self) -> tuple[Member, Member]:
        """Start what does not run, wait until there are a primary and a synchronous standby, and return them."""
        for each in self._members:
            if not each.is_started:
                each.start()
        found: list[tuple[Member, Member]] = []

        def is_whole() -> bool:
            found.extend(
                (one, other) for one, other in permutations(self._members, 2) if one.is_primary and other.is_synchronous
            )
            return bool(found)

        self._wait(is_whole)
        return found[0]

    def create_database(self) -> None:
        """Create the empty database of the URL."""
        primary, _ = self.make_whole()
        self._postgresql.run("createdb", "--host=127.0.0.1", f"--port={primary.port}", f"--username={USER}", NAME)

    def switch_over(self) -> float:
        """Let primary and standby change roles, and return when the new primary took writes."""
        former, latter = self.make_whole()
        asked = {"leader": former.name, "candidate": latter.name}

        def is_switched() -> bool:
            if not latter.is_primary:
                # A Patroni whose view of the other is old refuses, and one that waited 20 seconds knows no result.
                # A request that comes after the change names a leader that is none any more, and is refused.
                latter.ask("POST", "/switchover", asked)
            return latter.is_primary

        self._wait(is_switched)
        return monotonic()

    def kill_primary(self) -> float:
        """End the machine of the primary, and return when the other one took writes."""
        former, latter = self.make_whole()
        former.kill()
        self._wait(lambda: latter.is_primary)
        return monotonic()

    def stop(self) -> None:
        """Stop both, the standby first."""
        for each in sorted(self._members, key=lambda each: each.is_primary):
            each.stop()

    def _wait(self, ready: Callable[[], bool]) -> None:
        try:
            wait_until(ready, seconds=_PATIENCE_SECONDS)
        except TimeoutError:
            raise AssertionError("\n".join(each.log() for each in self._members)) from None


@contextmanager
def patroni(postgresql: PostgreSQL, folder: Path) -> Iterator[Patroni]:
    """Yield both servers with an empty database."""
    with ExitStack() as stack:
        started = Patroni(postgresql, stack.enter_context(_etcd(folder)))
        stack.callback(started.stop)
        started.create_database()
        yield started


@contextmanager
def _etcd(folder: Path) -> Iterator[int]:
    """Start an etcd of one member, and yield its port."""
    port, between_members = kept_port(), f"http://127.0.0.1:{kept_port()}"
    url = f"http://127.0.0.1:{port}"
    given = {
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": url,
        "advertise-client-urls": url,
        "listen-peer-urls": between_members,
        "initial-advertise-peer-urls": between_members,
        "initial-cluster": f"default={between_members}",
    }
    with (folder / "etcd.log").open("wb") as log:
        command = [str(shutil.which("etcd")), *(f"--{name}={value}" for name, value in given.items())]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
