"""Hosts of a PostgreSQL URL: both forms of a list, and connections to the one that takes writes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from db.engine import Database, hosts, returned, sockets
from db.engine.failures import PoolerFoundError, TooOldError
from db.engine.hosts import Host, Hosts, HostsError
from domain.errors import NotChanged, NotRead
from tests import cnpjs
from tests.clusters import NAME, USER, Cluster, proxied
from tests.db.engine.test_postgres_failures import PID
from tests.factories import add_bare_partner
from tests.pairs import Pair
from tests.poolers import pgbouncer

NOWHERE = "nowhere.invalid"


@pytest.mark.parametrize(
    "listed",
    [
        "postgresql://u:p@a,b:5433/db",
        "postgresql://u:p@a:5432,b:5433/db?target_session_attrs=read-write",
        "postgresql://u:p@/db?host=a,b&port=5432,5433",
        "postgresql://u:p@/db?host=a,b:5433",
        "postgresql://u:p@/db?host=a:5432&host=b:5433",
        "postgresql+asyncpg://u:p@/db?host=a&host=b:5433&target_session_attrs=primary",
    ],
)
def test_both_forms_of_a_list_name_the_same_hosts(listed: str) -> None:
    url = hosts.parsed(listed)

    assert list(hosts.of(url)) == [Host("a", 5432), Host("b", 5433)]
    assert (url.username, url.password, url.database) == ("u", "p", "db")
    assert hosts.parsed(url.render_as_string(hide_password=False)) == url


@pytest.mark.parametrize(
    ("given", "of_libpq"),
    [
        ("postgresql+asyncpg://portal:secret@db/portal?pooler=transaction", "postgresql://portal@db/portal"),
        (
            "postgresql+asyncpg://portal@db:6432/portal?ssl=require",
            "postgresql://portal@db:6432/portal?sslmode=require",
        ),
        ("postgresql:///portal?host=/run/sql&port=5", "postgresql:///portal?host=%2Frun%2Fsql&port=5"),
        ("postgresql://a%20b:s@db/c%20d", "postgresql://a%20b@db/c%20d"),
        ("postgresql:///p?host=/run/a%20b%2Bc&servicefile=/s", "postgresql:///p?host=%2Frun%2Fa%20b%2Bc"),
        ("postgresql://p:s@a,b:5/p", "postgresql://p@a:5432,b:5/p?target_session_attrs=read-write"),
        (
            "postgresql://a@/a?host=/run/a:1&host=[::1]:2",
            "postgresql://a@%2Frun%2Fa:1,[::1]:2/a?target_session_attrs=read-write",
        ),
    ],
)
def test_the_programs_of_postgresql_get_a_url_of_theirs(given: str, of_libpq: str) -> None:
    assert hosts.of_libpq(hosts.parsed(given)) == of_libpq


@pytest.mark.parametrize(
    "one", ["u:p@a/db", "a:5433/db", "[::1]:5433/db", "/db", "/db?host=/run/postgresql", "/db?host=a"]
)
def test_a_url_of_one_host_is_left_as_it_is(one: str) -> None:
    url = f"postgresql://{one}"

    assert hosts.parsed(url) == make_url(url)
    assert hosts.of(hosts.parsed(url)) == ()


NAMES = st.one_of(
    st.sampled_from(["a", "db-1", "db_2", "primary.db.example"]),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)


@given(st.lists(st.builds(Host, NAMES, st.integers(1, 65_535)), min_size=2, max_size=5))
def test_any_list_of_hosts_is_read_as_it_was_written(wanted: list[Host]) -> None:
    listed = ",".join(map(str, wanted))
    repeated = "&".join(f"host={each}" for each in wanted)

    assert list(hosts.of(hosts.parsed(f"postgresql://u:p@{listed}/db"))) == wanted
    assert list(hosts.of(hosts.parsed(f"postgresql://u:p@/db?{repeated}"))) == wanted


@pytest.mark.parametrize("listed", ["a", "a,b"])
def test_a_parameter_of_sqlalchemy_is_passed_on_with_any_hosts(listed: str) -> None:
    url = hosts.parsed(f"postgresql+asyncpg://u:p@{listed}/db?prepared_statement_cache_size=7")

    given = hosts.options(url, seconds=1, connect=sockets.connect)

    assert given["url"].query["prepared_statement_cache_size"] == "7"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("a,,b/db", "each of its hosts"),
        ("a,b:x/db", "each of its hosts"),
        ("a,b:70000/db", "each port"),
        ("a,b:0/db", "each port"),
        ("a,b/db?port=1,2,3", "as many ports as hosts"),
        ("a:1,b/db?port=5432", "each of its hosts"),
        ("a,b/db?host=c", "both before the name of the database and in “host”"),
        ("a/db?host=c", "both before the name of the database and in “host”"),
        ("a..b/db", "1 to 63 characters"),
        (".b/db", "1 to 63 characters"),
        (f"{'a' * 64}.example/db", "1 to 63 characters"),
        ("a,b..c:5433/db", "1 to 63 characters"),
        ("/db?host=a%00b", "1 to 63 characters"),
        ("/db?host=a..b:5433", "1 to 63 characters"),
        ("/db?host=a,b..c", "1 to 63 characters"),
        ("a,b/db?target_session_attrs=any", "target_session_attrs"),
        ("a,b/db?target_session_attrs=standby", "target_session_attrs"),
        ("a/db?target_session_attrs=prefer-standby", "target_session_attrs"),
    ],
)
def test_hosts_that_are_not_understood_are_refused_with_the_reason(wrong: str, said: str) -> None:
    with pytest.raises(HostsError, match=said):
        hosts.parsed(f"postgresql://{wrong}")


@asynccontextmanager
async def opened(*listed: object) -> AsyncIterator[Database]:
    """Yield a database with these hosts."""
    names = ",".join(map(str, listed))
    database = Database(f"postgresql+asyncpg://{USER}@/{NAME}?host={names}")
    yield database
    await database.close()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """Folder with the socket of a server that takes connections and never answers, as a machine that hangs."""
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(tmp_path / ".s.PGSQL.5432"))
        listening.listen(50)
        yield tmp_path


async def pid(database: Database) -> int:
    return await database.read(lambda connection: returned(connection, PID))


async def test_hosts_that_do_not_answer_are_passed_over(
    cluster: Cluster, silent: Path, tmp_path: Path, recovered: Callable[[float], None]
) -> None:
    assert cluster.url
    for before in (NOWHERE, "127.0.0.1:1", tmp_path / "missing", silent):
        begun_at = monotonic()
        async with opened(before, cluster.directory, silent) as database:
            await database.write(lambda tx: add_bare_partner(tx, cnpjs.another()))
            recovered(monotonic() - begun_at)

            assert await pid(database) > 0
            assert await database.can_write()


async def test_hosts_that_answered_are_asked_again_while_another_is_silent(
    cluster: Cluster, silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("_NEXT_SECONDS", "_AGAIN_SECONDS"):
        monkeypatch.setattr(hosts, pause, 0.05)
    asked, later = asyncio.Event(), tmp_path / "later"

    async def connect(*arguments: object, host: str, **named: object) -> Any:  # noqa: ANN401 — the driver has no types.
        try:
            return await sockets.connect(*arguments, host=host, **named)
        finally:
            if host == str(later):
                asked.set()

    listed = f"postgresql+asyncpg://{USER}@/{NAME}?host={silent},{later}"
    connecting = asyncio.create_task(Hosts(hosts.parsed(listed), seconds=60, connect=connect).connect())
    await asked.wait()
    later.symlink_to(cluster.directory)

    connection = await connecting

    assert await connection.fetch("SELECT 1") == [(1,)]
    connection.terminate()


async def test_no_number_of_silent_hosts_takes_longer_than_one(silent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_NEXT_SECONDS", 0.2)
    asked = list[str]()

    async def connect(*arguments: object, host: str, **named: object) -> Any:  # noqa: ANN401 — the same.
        asked.append(host)
        return await sockets.connect(*arguments, host=host, **named)

    listed = f"postgresql+asyncpg://{USER}@/{NAME}?host={','.join([str(silent)] * 9)}"
    with pytest.raises(TimeoutError):
        await Hosts(hosts.parsed(listed), seconds=0.5, connect=connect).connect()

    assert 0 < len(asked) < 9


async def test_a_standby_is_passed_over(pair_of_servers: Pair) -> None:
    primary, standby = pair_of_servers.primary, pair_of_servers.standby
    for listed in ((standby, primary), (primary, standby)):
        async with opened(*(each.directory for each in listed)) as database:
            await database.write(lambda tx: add_bare_partner(tx, cnpjs.another()))

            assert await database.can_write()


async def test_a_list_of_replicas_may_name_standbys(pair_of_servers: Pair, tmp_path: Path) -> None:
    listed = f"postgresql+asyncpg://{USER}@/{NAME}?host={tmp_path},{pair_of_servers.standby.directory}"

    connection = await Hosts(hosts.parsed(listed, writes=False), seconds=60).connect()

    assert await connection.fetch("SELECT pg_is_in_recovery()") == [(True,)]
    connection.terminate()


async def test_a_host_that_is_too_old_is_the_reason_beside_others(cluster: Cluster, pair_of_servers: Pair) -> None:
    assert cluster.url
    with proxied(cluster) as proxy:
        proxy.version = b"14"
        old = f"127.0.0.1:{proxy.port}"
        for listed in ((old, "127.0.0.1:1"), ("127.0.0.1:1", old), (pair_of_servers.standby.directory, old)):
            async with opened(*listed) as database:
                with pytest.raises(NotRead) as raised:
                    await pid(database)
                assert isinstance(raised.value.__cause__, TooOldError)


async def test_a_pooler_that_is_not_named_is_the_reason_beside_others(cluster: Cluster) -> None:
    with pgbouncer(cluster, sessions=1) as text:
        of_pooler = make_url(text).query
        pooled = f"{of_pooler['host']}:{of_pooler['port']}"
        for listed in ((pooled, "127.0.0.1:1"), ("127.0.0.1:1", pooled)):
            async with opened(*listed) as database:
                with pytest.raises(NotRead) as raised:
                    await pid(database)
                assert isinstance(raised.value.__cause__, PoolerFoundError)


async def test_without_a_host_that_takes_writes_all_is_unavailable(pair_of_servers: Pair, tmp_path: Path) -> None:
    for listed in ((NOWHERE, "127.0.0.1:1"), (tmp_path, pair_of_servers.standby.directory)):
        async with opened(*listed) as database:
            with pytest.raises(NotRead):
                await pid(database)
            with pytest.raises(NotChanged):
                await database.write(lambda tx: add_bare_partner(tx, cnpjs.another()))
