"""Buckets: shared by all processes in a database, or of this process alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from db import rates as statements
from db.engine import Database, storage
from db.engine.pool_sizes import PoolSizes
from domain.errors import Unavailable
from domain.rates import Claim, Grant, granted

_KEPT_MAX = 20_000
_SECONDS = 2.0
"""How long a claim may take, before the process limits by itself."""

_SIZES = PoolSizes(reading=2, writing=4)


class Buckets(Protocol):
    """Buckets of callers, by name."""

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Return what the buckets grant, one claim for each; raise what the store raises."""

    async def drop_empty(self, *, now: int) -> None:
        """Delete buckets that are the same as new ones."""

    async def close(self) -> None:
        """Close the connections."""


class MemoryBuckets:
    """Buckets of this process."""

    def __init__(self, *, kept: int = _KEPT_MAX) -> None:
        """Keep the buckets that were used last, at most so many."""
        self._empties_at: dict[str, int] = {}
        self._kept = kept

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Return what the buckets grant, one claim for each."""
        return [self._claim(each, now) for each in claims]

    def _claim(self, claim: Claim, now: int) -> Grant:
        grant = granted(claim, self._empties_at.pop(claim.bucket, now), now)
        self._empties_at[claim.bucket] = grant.empties_at
        if len(self._empties_at) > self._kept:
            del self._empties_at[next(iter(self._empties_at))]
        return grant

    async def drop_empty(self, *, now: int) -> None:
        """Delete buckets that are the same as new ones."""
        self._empties_at = {bucket: at for bucket, at in self._empties_at.items() if at > now}

    async def close(self) -> None:
        """Close nothing."""


class DatabaseBuckets:
    """Buckets in the table of a database, which has a connection of its own for them."""

    def __init__(self, url: str) -> None:
        """Prepare without connecting.

        SQLite gets a file of its own beside the database, whose commits wait for no disk, so that claims neither wait
        for mutations nor delay them. Without the file, every bucket is new.
        """
        self._database = Database(url, sizes=_SIZES, seconds=_SECONDS)
        self._is_made, self._file = True, None
        if self._database.url.get_backend_name() == "sqlite":
            self._is_made, self._file = False, Path(f"{self._database.url.database}-rates")
            self._database = _in_file(self._file)

    async def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Grant]:
        """Return what the buckets grant, one claim for each."""
        await self._make()
        try:
            return await self._database.write(lambda tx: statements.claim(tx, claims, now=now))
        except Unavailable:
            await self._forget_removed()
            raise

    async def drop_empty(self, *, now: int) -> None:
        """Delete buckets that are the same as new ones."""
        await self._make()
        await self._database.write(lambda tx: statements.drop_empty(tx, now=now))

    async def close(self) -> None:
        """Close the connections."""
        await self._database.close()

    async def _make(self) -> None:
        if self._is_made:
            return
        storage.create(str(self._file))
        await self._database.write(statements.create)
        self._is_made = True

    async def _forget_removed(self) -> None:
        """Let the next claim make the file anew, if it was removed."""
        if self._file is not None and not self._file.exists():
            # A database goes on only with the tables that it had.
            removed, self._database, self._is_made = self._database, _in_file(self._file), False
            await removed.close()


def _in_file(file: Path) -> Database:
    return Database(f"sqlite+aiosqlite:///{file}?synchronous=off", in_place=False, seconds=_SECONDS)
