"""Dataloaders that take many keys at once: what a level asks for is read together, and kept for the request."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from db.engine import Connection, Database
from db.query import Columns

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Result = TypeVar("Result")

Level = list[Value] | Awaitable[list[Value]]
"""A value for each object of a level; awaitable unless all of them are at hand."""


def then(level: Level[Value], made: Callable[[list[Value]], list[Result]]) -> Level[Result]:
    """What is made of a level, as soon as it is there."""
    return made(level) if isinstance(level, list) else _after(level, made)


async def loaded(level: Level[Value]) -> list[Value]:
    """The values of a level, waited for where they have to be."""
    return level if isinstance(level, list) else await level


async def _after(level: Awaitable[list[Value]], made: Callable[[list[Value]], list[Result]]) -> list[Result]:
    return made(await level)


class Loader(Generic[Key, Value]):
    """Reads values by their keys: in one batch all that is asked for until the loop comes round again."""

    def __init__(
        self,
        database: Database,
        read: Callable[[Connection, list[Key], Columns], Awaitable[Mapping[Key, Value]]],
        *,
        at_once: bool = False,
        wide: bool = False,
        columns: Columns = None,
    ) -> None:
        """Begin with nothing loaded. `read` is given keys, each once, and returns the values of those that have one.

        What is found by an index can be read at once where the database can be read in place. That is for callers who
        ask with all the keys of a level: those who ask one by one need the batch. The rows of a `wide` loader can be
        read with some of their columns.
        """
        self._database, self._read_columns, self._wide, self._columns = database, read, wide, columns
        self._reading: dict[Columns, Loader[Key, Value]] = {columns: self}
        self._at_once = at_once and database.reads_here
        self._loaded: dict[Key, Value | None] = {}
        self._batches: dict[Key, asyncio.Future[None]] = {}
        self._wanted: list[Key] = []
        self._next: asyncio.Future[None] | None = None

    def reading(self, columns: Columns) -> "Loader[Key, Value]":
        """The loader of the same rows with these of their columns, where they can be read so."""
        if not self._wide:
            return self
        found = self._reading.get(columns)
        if found is None:
            found = Loader(self._database, self._read_columns, at_once=self._at_once, wide=True, columns=columns)
            self._reading[columns] = found
        return found

    async def bring(self, connection: Connection, keys: Iterable[Key | None]) -> None:
        """Load what is not loaded in a unit of work that is under way."""
        missing = [key for key in dict.fromkeys(keys) if key is not None and key not in self._loaded]
        if missing:
            self._keep(missing, await self._read(connection, missing))

    def load_many(self, keys: Sequence[Key | None]) -> Level[Value | None]:
        """A value for each key in their order, None where there is none; awaitable unless all of them are loaded."""
        loaded = self._loaded
        missing = set(keys) - loaded.keys()
        missing.discard(None)
        if missing:
            # In their order, so that one request sends one statement each time.
            ordered = [key for key in dict.fromkeys(keys) if key is not None and key in missing]
            if not self._at_once:
                return self._after({self._batch(key) for key in ordered}, keys)
            self._keep(ordered, self._database.query_here(lambda connection: self._read(connection, ordered)))
        return [None if key is None else loaded[key] for key in keys]

    async def load(self, key: Key) -> Value | None:
        """The value of one key, None where it has none."""
        if key not in self._loaded:
            if self._at_once:
                self._keep([key], self._database.query_here(lambda connection: self._read(connection, [key])))
            else:
                await self._batch(key)
        return self._loaded[key]

    def _read(self, connection: Connection, keys: list[Key]) -> Awaitable[Mapping[Key, Value]]:
        return self._read_columns(connection, keys, self._columns)

    def _keep(self, keys: Iterable[Key], found: Mapping[Key, Value]) -> None:
        self._loaded.update({key: found.get(key) for key in keys})

    async def _after(self, batches: set[asyncio.Future[None]], keys: Sequence[Key | None]) -> list[Value | None]:
        for batch in batches:
            await batch
        return [None if key is None else self._loaded[key] for key in keys]

    def _batch(self, key: Key) -> asyncio.Future[None]:
        """The batch that brings the key's value."""
        under_way = self._batches.get(key)
        if under_way is not None:
            return under_way
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.create_future()
            loop.call_soon(self._dispatch)
        self._wanted.append(key)
        self._batches[key] = self._next
        return self._next

    def _dispatch(self) -> None:
        batch, keys = self._next, self._wanted
        self._next, self._wanted = None, []
        if batch is not None:
            task = asyncio.ensure_future(self._load(keys))
            task.add_done_callback(lambda done: _settle(batch, done))

    async def _load(self, keys: list[Key]) -> None:
        try:
            found = await self._database.query(lambda connection: self._read(connection, keys))
            self._keep(keys, found)
        finally:
            for key in keys:
                del self._batches[key]


def _settle(batch: asyncio.Future[None], done: asyncio.Task[None]) -> None:
    if batch.cancelled():
        return
    if done.cancelled():
        batch.cancel()
        return
    error = done.exception()
    if error is None:
        batch.set_result(None)
        return
    batch.set_exception(error)
    # Whoever asked may be gone by now, and then nobody hears of the error.
    batch.exception()
