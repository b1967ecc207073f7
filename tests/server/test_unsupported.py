"""Servers and databases of PostgreSQL that the portal does not support: each command says why."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from tests.clusters import Cluster, proxied
from tests.server.test_trouble import WITH_MIGRATE, refused


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("DEMO", "true"), ("SECRET_KEY", uuid4().hex)):
        monkeypatch.setenv(name, value)


@WITH_MIGRATE
def test_a_server_that_is_too_old_is_refused(
    arguments: Sequence[str], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(cluster) as proxy:
        proxy.version = b"14"
        monkeypatch.setenv("DATABASE_URL", proxy.url)

        sentence = refused(arguments)

    assert sentence.startswith(f"PostgreSQL at 127.0.0.1:{proxy.port} is older than version 15")


@WITH_MIGRATE
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused(
    arguments: Sequence[str], encoding: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(cluster.url)
    asyncio.run(_create(cluster, encoding))
    monkeypatch.setenv("DATABASE_URL", url.set(database=encoding).render_as_string())

    sentence = refused(arguments)

    assert sentence.startswith(f"The database “{encoding}” of PostgreSQL at {cluster.directory}")
    assert "has another encoding than UTF8" in sentence


async def _create(cluster: Cluster, encoding: str) -> None:
    async with cluster.connected() as connection:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", encoding):
            await connection.execute(f"CREATE DATABASE \"{encoding}\" TEMPLATE template0 ENCODING '{encoding}'")
