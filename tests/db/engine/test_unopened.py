"""Connections that can't be opened, for a reason that only their opening has: the database is UNAVAILABLE."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pytest
from structlog.testing import capture_logs

from db.engine import Database, replicas
from db.migrations import revisions
from domain.errors import NotRead
from tests.certificates import Certificate, certificate
from tests.clusters import Cluster
from tests.db.engine.replica_reads import on_replica, query
from tests.eventually import eventually
from tests.replicas import Standby
from tests.tls_servers import with_tls

_MANY = 6


@asynccontextmanager
async def opened(cluster: Cluster, url: str) -> AsyncIterator[Database]:
    """Open a database whose replica is read, on one connection."""
    database = Database(cluster.url, replica_urls=[url])
    try:
        await eventually(lambda: is_used(database))
        async with query(database):
            assert await database.read(on_replica)
        yield database
    finally:
        await database.close()


async def is_used(database: Database) -> bool:
    assert database.replicas is not None
    await database.replicas.look()
    return database.replicas.states["used"] == 1


async def read_at_once(database: Database) -> list[bool]:
    """Read so much at once that it needs new connections."""

    async def read() -> bool:
        async with query(database):
            return await database.read(on_replica)

    return list(await asyncio.gather(*(read() for _ in range(_MANY))))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a replica that is just behind for as long as a busy machine needs."""
    monkeypatch.setattr(replicas, "_CATCH_UP_SECONDS", 20)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Certificate that is the root of the test."""
    made = certificate("server.example")
    (tmp_path / "root.crt").write_text(made.pem)
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "root.crt"))
    return made


async def test_the_primary_replaces_a_replica_of_an_untrusted_certificate(
    own_cluster: Cluster, standby: Standby, trusted: Certificate
) -> None:
    async with with_tls(standby, trusted) as server, opened(own_cluster, server.url) as database:
        server.shown = certificate("server.example")
        with capture_logs() as lines:
            await eventually(lambda: fails_over(database))
            still_used = await is_used(database)
        server.shown = trusted
        await eventually(lambda: is_used(database))

    assert not still_used
    assert [(each["event"], each["error"]) for each in lines] == [
        ("replica is passed over", "SSLCertVerificationError")
    ]


async def fails_over(database: Database) -> bool:
    """Whether a replica was found unreachable by reads, all of which have an answer."""
    await read_at_once(database)
    assert database.replicas is not None
    return database.replicas.states["unreachable"] == 1


class Closed(NamedTuple):
    """What closes a database to new sessions, what opens it again, and the code in between."""

    close: str
    open: str
    code: str


@pytest.mark.parametrize(
    "closed",
    [
        Closed(
            "ALTER DATABASE portal ALLOW_CONNECTIONS false", "ALTER DATABASE portal ALLOW_CONNECTIONS true", "55000"
        ),
        Closed("REVOKE CONNECT ON DATABASE portal FROM public", "GRANT CONNECT ON DATABASE portal TO public", "42501"),
    ],
    ids=lambda closed: closed.code,
)
async def test_a_database_that_takes_no_sessions_is_unavailable(
    cluster: Cluster, caplog: pytest.LogCaptureFixture, recovered: Callable[[float], None], closed: Closed
) -> None:
    assert cluster.url
    async with cluster.connected("postgres") as connection:
        await connection.execute("DROP ROLE IF EXISTS server")
        await connection.execute("CREATE ROLE server LOGIN")
        await connection.execute("GRANT pg_read_all_data TO server")
        await connection.execute(closed.close)
        database = Database(cluster.url.replace("postgres@", "server@"))
        with caplog.at_level(logging.ERROR, "portal.database"), pytest.raises(NotRead):
            await revisions.can_serve(database)
        await connection.execute(closed.open)
        begun_at = monotonic()
        found = await revisions.can_serve(database)
        recovered(monotonic() - begun_at)
        await database.close()

    assert found
    assert [closed.code in line for line in caplog.messages] == [True]
    assert "PostgreSQL refuses the connection" in caplog.text


async def test_a_primary_of_an_untrusted_certificate_is_unavailable(
    own_cluster: Cluster, trusted: Certificate, caplog: pytest.LogCaptureFixture, recovered: Callable[[float], None]
) -> None:
    async with with_tls(own_cluster, trusted) as server:
        server.shown = certificate("server.example")
        database = Database(server.url)
        with caplog.at_level(logging.ERROR, "portal.database"):
            for _ in range(3):
                with pytest.raises(NotRead):
                    await revisions.can_serve(database)
        server.shown = trusted
        begun_at = monotonic()
        found = await revisions.can_serve(database)
        recovered(monotonic() - begun_at)
        await database.close()

    assert found
    assert len(caplog.messages) == 1
    assert "does not trust the certificate" in caplog.text


async def test_a_replica_is_read_whatever_isolation_its_role_has(own_cluster: Cluster, standby: Standby) -> None:
    assert own_cluster.url
    async with own_cluster.connected() as connection:
        await connection.execute("ALTER ROLE postgres SET default_transaction_isolation = 'serializable'")
        try:
            async with opened(own_cluster, standby.url) as database:
                found = await read_at_once(database)
        finally:
            await connection.execute("ALTER ROLE postgres RESET default_transaction_isolation")

    assert found == [True] * _MANY


@pytest.mark.parametrize(
    ("is_given", "sentence"),
    [
        (True, "The root certificate for PostgreSQL, {folder}/root.crt, can't be used: No such file"),
        (False, "there is no root certificate to verify PostgreSQL's with"),
    ],
)
async def test_a_root_certificate_that_is_removed_is_named(
    trusted: Certificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    is_given: bool,
    sentence: str,
) -> None:
    assert trusted
    monkeypatch.setenv("HOME", str(tmp_path))
    if not is_given:
        monkeypatch.delenv("PGSSLROOTCERT")
    (tmp_path / "root.crt").unlink()
    database = Database("postgresql+asyncpg://portal@127.0.0.1:1/portal?ssl=verify-ca")

    with caplog.at_level(logging.ERROR, "portal.database"), pytest.raises(NotRead):
        await revisions.can_serve(database)
    await database.close()

    assert sentence.format(folder=tmp_path) in caplog.text


async def test_an_untrusted_certificate_is_the_reason_beside_a_standby(
    own_cluster: Cluster, standby: Standby, trusted: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    assert trusted
    async with with_tls(own_cluster, certificate("server.example")) as server:
        listed = f"127.0.0.1:{server.port},{standby.directory}"
        database = Database(f"postgresql+asyncpg://postgres@/portal?host={listed}&ssl=verify-ca")
        with caplog.at_level(logging.ERROR, "portal.database"), pytest.raises(NotRead):
            await revisions.can_serve(database)
        await database.close()

    assert "does not trust the certificate" in caplog.text
