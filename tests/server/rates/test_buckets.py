"""Stores of buckets: each grants what the rule does, however many claim at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from db.engine import storage
from domain.errors import Unavailable
from domain.rates import SECOND, Claim, Limit
from server.rates.buckets import Buckets, DatabaseBuckets, MemoryBuckets
from server.rates.redis_buckets import RedisBuckets
from tests.databases import Databases
from tests.redis_servers import redis_server

LIMIT = Limit(per_second=100, seconds=50)
NOW = 1_700_000_000 * SECOND
STORES = ("memory", "sqlite", "postgresql", "redis")


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """URL of a Redis or Valkey server of this run."""
    with redis_server() as url:
        yield url


@pytest.fixture(params=STORES)
async def stores(
    request: pytest.FixtureRequest, databases: Databases, redis_url: str
) -> AsyncIterator[tuple[Buckets, Buckets]]:
    """The same store as two processes have it."""
    kind = str(request.param)
    async with AsyncExitStack() as stack:
        opened: list[Buckets]
        if kind == "memory":
            memory = MemoryBuckets()
            opened = [memory, memory]
        elif kind == "redis":
            opened = [RedisBuckets(redis_url) for _ in range(2)]
        else:
            url = databases.migrated(kind)
            opened = [DatabaseBuckets(url) for _ in range(2)]
        for each in opened:
            stack.push_async_callback(each.close)
        yield opened[0], opened[1]


def claim(points: int, *, bucket: str, needed: int | None = None) -> Claim:
    """Return a claim of the limit's bucket."""
    least = points if needed is None else needed
    return Claim(bucket, least * LIMIT.point, points * LIMIT.point, LIMIT.window)


async def test_a_store_grants_what_the_rule_does(stores: tuple[Buckets, Buckets]) -> None:
    chance, model, now = Random("claims"), MemoryBuckets(), NOW  # noqa: S311 — the same claims each time.
    names = [uuid4().hex for _ in range(3)]

    for number in range(60):
        now += chance.choice([0, 3, 40]) * SECOND // 4
        claims = [
            claim(points := chance.randint(-300, 3_000), bucket=name, needed=min(points, chance.randint(1, 100)))
            for name in chance.sample(names, chance.randint(1, 3))
        ]
        found = await stores[number % 2].claim(claims, now=now)
        assert list(found) == list(await model.claim(claims, now=now))


async def test_claims_at_once_get_no_more_than_a_bucket_has(stores: tuple[Buckets, Buckets]) -> None:
    bucket = uuid4().hex

    found = await asyncio.gather(
        *(stores[number % 2].claim([claim(100, bucket=bucket)], now=NOW) for number in range(80))
    )

    assert sum(each.granted for (each,) in found) == LIMIT.window


async def test_buckets_that_are_empty_are_deleted_and_as_new(stores: tuple[Buckets, Buckets]) -> None:
    bucket, later = uuid4().hex, NOW + LIMIT.window + SECOND
    await stores[0].claim([claim(LIMIT.points, bucket=bucket)], now=NOW)

    await stores[1].drop_empty(now=later)

    (grant,) = await stores[1].claim([claim(LIMIT.points, bucket=bucket)], now=later)
    assert grant.granted == LIMIT.window


async def test_memory_has_room_for_so_many_buckets() -> None:
    memory = MemoryBuckets(kept=2)
    full = [claim(LIMIT.points, bucket=name) for name in ("a", "b", "c")]

    await memory.claim(full, now=NOW)

    found = await memory.claim([claim(1, bucket=name) for name in ("c", "b")], now=NOW)
    assert [each.granted for each in found] == [0, 0]
    (forgotten,) = await memory.claim([claim(1, bucket="a")], now=NOW)
    assert forgotten.granted


async def test_sqlite_counts_in_a_file_beside_the_database(databases: Databases) -> None:
    url = databases.migrated("sqlite")
    buckets = DatabaseBuckets(url)
    await buckets.claim([claim(1, bucket="a")], now=NOW)
    await buckets.close()

    assert _mode(f"{url.partition(':///')[2]}-rates") == 0o600


async def test_a_file_that_is_removed_is_made_anew(databases: Databases) -> None:
    url = databases.migrated("sqlite")
    buckets, file = DatabaseBuckets(url), Path(f"{url.partition(':///')[2]}-rates")
    await buckets.claim([claim(1, bucket="a")], now=NOW)

    for each in storage.beside(str(file)):
        each.unlink(missing_ok=True)
    with pytest.raises(Unavailable):
        await buckets.claim([claim(1, bucket="a")], now=NOW)
    granted = await buckets.claim([claim(1, bucket="a")], now=NOW)
    await buckets.close()

    assert [each.granted for each in granted] == [LIMIT.point]
    assert _mode(str(file)) == 0o600


async def test_several_claims_to_one_bucket_are_granted_in_their_order(stores: tuple[Buckets, Buckets]) -> None:
    bucket, other = uuid4().hex, uuid4().hex
    claims = [claim(60, bucket=bucket), claim(20, bucket=other), claim(10, bucket=bucket), claim(30, bucket=bucket)]

    found = await stores[0].claim(claims, now=NOW)

    assert list(found) == list(await MemoryBuckets().claim(claims, now=NOW))


def _mode(path: str) -> int:
    return Path(path).stat().st_mode & 0o777
