"""Buckets in Redis or Valkey, for several machines."""

from collections.abc import Sequence
from typing import Any

from domain.rates import Claim, Grant

_PREFIX = "portal:rates:"
_TIMEOUT_SECONDS = 2

# The rule of domain.rates.granted. Redis runs a script with nothing else in between. Lua's numbers are doubles, which
# have no room for nanoseconds since 1970: microseconds are exact.
_CLAIM = """
local now, window, needed, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local level = math.min(math.max(tonumber(redis.call('GET', KEYS[1]) or now), now), now + window)
local left = now + window - level
local granted = 0
if left >= needed then granted = math.min(wanted, left) end
local empties_at = level + granted
if empties_at > now then
  redis.call('SET', KEYS[1], string.format('%.0f', empties_at), 'PX', math.ceil((empties_at - now) / 1000) + 1000)
else
  redis.call('DEL', KEYS[1])
end
return {granted, empties_at}
"""
_UNIT = 1_000
"""Nanoseconds of a microsecond."""


def is_url(url: str) -> bool:
    """Return whether the package redis can connect by the URL, as far as its text says; it must be installed."""
    from redis.asyncio import Redis  # noqa: PLC0415 — as below.
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        redis: Any = Redis.from_url(url)
        # Only a connection refuses a parameter that it does not know; none is opened.
        redis.connection_pool.make_connection()
    except (RedisError, TypeError, ValueError):
        return False
    return True


class RedisBuckets:
    """Buckets that expire when they are empty."""

    def __init__(self, url: str) -> None:
        """Prepare without connecting; raise ImportError without the package redis."""
        # An optional package, for portals of several machines.
        from redis.asyncio import Redis  # noqa: PLC0415

        self._redis: Any = Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS, protocol=2
        )
        self._claim = self._redis.register_script(_CLAIM)

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Return what the buckets grant, one claim for each, in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for bucket, *numbers in ((each.bucket, each.window, each.needed, each.wanted) for each in claims):
                arguments = [now // _UNIT, *(-(-number // _UNIT) for number in numbers)]
                await self._claim(keys=[_PREFIX + bucket], args=arguments, client=pipeline)
            found = await pipeline.execute()
        return [Grant(given * _UNIT, empties_at * _UNIT) for given, empties_at in found]

    async def drop_empty(self, *, now: int) -> None:
        """Do nothing: the keys expire."""

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
