"""Dataloaders: the keys of a batch are read in one statement, and their values cached for the request."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from db.engine import Connection, Database, Pending, deadline
from db.engine.statement import Columns
from domain.errors import NotRead
from domain.tenancy import Scope
from resolvers.columns import Recurring

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

Batch = list[Value] | Awaitable[list[Value]]
"""A value for each object of a batch; awaitable unless all of them are loaded."""

Related = Sequence[Value] | Awaitable[Sequence[Value]]
"""The same where it is for the executor alone, which takes any sequence."""


class Later(Awaitable[Result_co]):
    """What is awaited once, or not at all: a coroutine that is left out, as after an error, warns of it."""

    __slots__ = ("_begin",)

    def __init__(self, begin: Callable[[], Awaitable[Result_co]]) -> None:
        """Take the function that begins it."""
        self._begin = begin

    def __await__(self) -> Generator[Any, None, Result_co]:
        """Begin it."""
        return self._begin().__await__()


def then(batch: Batch[Value], made: Callable[[list[Value]], list[Result]]) -> Batch[Result]:
    """Return the function's value for a batch, once it is loaded."""
    return made(batch) if isinstance(batch, list) else Later(partial(_after, batch, made))


async def loaded(batch: Batch[Value]) -> list[Value]:
    """Return the values of a batch, awaited if necessary."""
    return batch if isinstance(batch, list) else await batch


async def _after(batch: Awaitable[list[Value]], made: Callable[[list[Value]], list[Result]]) -> list[Result]:
    return made(await batch)


MaybeAwaitable: TypeAlias = Value | Awaitable[Value]
"""A value; awaitable unless it is loaded."""

Read = Callable[[Connection, Scope, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
"""Read of the values of a scope that some keys have."""


class ReadColumns(Protocol[Value_co]):
    """Read of some columns of the rows of a scope, by their ids."""

    def __call__(
        self, connection: Connection, scope: Scope, ids: Sequence[int], /, *, columns: Columns
    ) -> Awaitable[Mapping[int, Value_co]]:
        """Return the rows that the ids have."""


class Loader(Generic[Key, Value]):
    """Loader of values by key: all keys of one iteration of the event loop are read together."""

    wide: ClassVar[bool] = False
    """Whether it can read some of the columns of its rows."""

    def __init__(self, database: Database, scope: Scope, read: Read[Key, Value]) -> None:
        """Start empty. `read` gets distinct keys, and returns the values of those that have one.

        The engine may read in place, so callers pass all keys of a batch together.
        """
        self._database, self._scope, self._read = database, scope, read
        self._loaded: dict[Key | None, Value | None] = {None: None}
        self._batches: dict[Key, asyncio.Future[None]] = {}
        self._wanted: list[Key] = []
        self._next: asyncio.Future[None] | None = None

    def load_only(self, _columns: Columns) -> "Loader[Key, Value]":
        """Return the loader of the same rows with only these columns, if it is wide."""
        return self

    async def bring(self, connection: Connection, keys: Iterable[Key | None]) -> None:
        """Load the missing keys in a unit of work that has begun."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._loaded]
        if missing:
            self._keep(missing, await self._read(connection, self._scope, missing))  # type: ignore[arg-type]  # None is loaded.

    def load_many(self, keys: Sequence[Key | None]) -> Batch[Value | None]:
        """Return the value of each key, None for a key without one; awaitable unless all are loaded."""
        batches = self._asked(keys)
        return _each(self._loaded, keys) if batches is None else Later(partial(self._after, batches, keys, _each))

    def relate(self, keys: Sequence[Key | None]) -> Related[Value | None]:
        """Return the same dictionary-encoded, for a field that returns it unchanged."""
        batches = self._asked(keys)
        return (
            _recurring(self._loaded, keys)
            if batches is None
            else Later(partial(self._after, batches, keys, _recurring))
        )

    def find(self, key: Key) -> MaybeAwaitable[Value | None]:
        """Return the value of one key, or None; awaitable unless it is loaded."""
        batches = self._asked([key])
        return self._loaded[key] if batches is None else Later(partial(self._found, batches, key))

    async def load(self, key: Key) -> Value | None:
        """Return the value of one key, or None."""
        for batch in self._asked([key]) or ():
            await self._awaited(batch)
        return self._loaded[key]

    async def _found(self, batches: set[asyncio.Future[None]], key: Key) -> Value | None:
        for batch in batches:
            await self._awaited(batch)
        return self._loaded[key]

    def _keep(self, keys: Sequence[Key], found: Mapping[Key, Value]) -> None:
        self._loaded.update(zip(keys, map(found.get, keys), strict=True))

    def _asked(self, keys: Sequence[Key | None]) -> set[asyncio.Future[None]] | None:
        """Return the batches that load the keys, or None if all are loaded."""
        missing = set(keys) - self._loaded.keys()
        if not missing:
            return None
        # In their order, so that one request sends one statement each time. None is loaded.
        ordered: list[Key] = list(filter(missing.__contains__, dict.fromkeys(keys)))  # type: ignore[arg-type]
        if self._database.is_remote:
            # Nothing of a server is read at once.
            return self._batches_of(ordered)
        found = self._database.read_now(lambda connection: self._read(connection, self._scope, ordered), alone=True)
        if not isinstance(found, Pending):
            self._keep(ordered, found)
            if (meter := self._database.meter) is not None:
                meter.keys(len(ordered))
            return None
        return self._batches_of(ordered)

    async def _after(
        self,
        batches: set[asyncio.Future[None]],
        keys: Sequence[Key | None],
        made: Callable[[Mapping[Key | None, Value | None], Sequence[Key | None]], Any],
    ) -> Any:  # noqa: ANN401 — what is made.
        for batch in batches:
            await self._awaited(batch)
        return made(self._loaded, keys)

    def _batches_of(self, keys: list[Key]) -> set[asyncio.Future[None]]:
        """Return the batches that load the keys: those under way, and the next one for all others."""
        batches: set[asyncio.Future[None]] = set()
        if self._batches:
            batches.update(self._batches[key] for key in keys if key in self._batches)
            keys = [key for key in keys if key not in self._batches]
        if keys:
            if self._next is None:
                loop = asyncio.get_running_loop()
                self._next = loop.create_future()
                loop.call_soon(self._dispatch, self._next)
            self._wanted += keys
            self._batches.update(dict.fromkeys(keys, self._next))
            batches.add(self._next)
        return batches

    async def _awaited(self, batch: asyncio.Future[None]) -> None:
        """Wait until a batch is loaded.

        Where deadlines know the tasks of their requests, which a remote database is worth, that task loads the batch
        itself: while it does, no other task can add keys.
        """
        until = deadline.current.get()
        if self._next is not batch or until is None or until.task_id != id(asyncio.current_task()):
            # A task that is cancelled cancels what it waits for, and others wait for the same.
            await asyncio.shield(batch)
            return
        await self._load(batch, self._take())

    def _take(self) -> list[Key]:
        """Return the keys of the next batch, which gets no others."""
        keys = self._wanted
        self._next, self._wanted = None, []
        return keys

    def _dispatch(self, batch: asyncio.Future[None]) -> None:
        if self._next is batch:
            task = asyncio.ensure_future(self._load(batch, self._take()))
            task.add_done_callback(lambda done: _settle(batch, done))

    async def _load(self, batch: asyncio.Future[None], keys: list[Key]) -> None:
        try:
            found = await self._database.read(lambda connection: self._read(connection, self._scope, keys), alone=True)
            self._keep(keys, found)
            if (meter := self._database.meter) is not None:
                meter.keys(len(keys))
        except BaseException as error:
            _fail(batch, error)
            raise
        finally:
            if len(self._batches) == len(keys):
                self._batches.clear()
            else:
                for key in keys:
                    del self._batches[key]
        if not batch.done():
            batch.set_result(None)


class WideLoader(Loader[int, Value]):
    """Loader of rows with many columns, some of which it can read: it has a loader for each choice of columns."""

    wide = True

    def __init__(self, database: Database, scope: Scope, read: ReadColumns[Value]) -> None:
        """Start without any, since most requests want one choice, and not all columns."""
        self._database, self._scope, self._read_columns = database, scope, read
        self._by_columns: dict[Columns, Loader[int, Value]] = {}

    def load_only(self, columns: Columns) -> Loader[int, Value]:
        """Return the loader of the same rows with only these columns; None is for all."""
        found = self._by_columns.get(columns)
        if found is None:
            found = Loader(self._database, self._scope, partial(self._read_columns, columns=columns))
            self._by_columns[columns] = found
        return found

    async def bring(self, connection: Connection, keys: Iterable[int | None]) -> None:
        """Load the missing keys in a unit of work that has begun, with all columns."""
        await self.load_only(None).bring(connection, keys)

    def load_many(self, keys: Sequence[int | None]) -> Batch[Value | None]:
        """Return the value of each key with all columns."""
        return self.load_only(None).load_many(keys)

    def relate(self, keys: Sequence[int | None]) -> Related[Value | None]:
        """Return the same dictionary-encoded."""
        return self.load_only(None).relate(keys)

    def find(self, key: int) -> MaybeAwaitable[Value | None]:
        """Return the value of one key with all columns."""
        return self.load_only(None).find(key)

    async def load(self, key: int) -> Value | None:
        """Return the value of one key with all columns."""
        return await self.load_only(None).load(key)


def _each(loaded: Mapping[Key | None, Value | None], keys: Sequence[Key | None]) -> list[Value | None]:
    return list(map(loaded.__getitem__, keys))


def _recurring(loaded: Mapping[Key | None, Value | None], keys: Sequence[Key | None]) -> Sequence[Value | None]:
    different = dict.fromkeys(keys)
    values = _each(loaded, list(different))
    # Where nothing recurs, or something is missing, each place has to be looked at.
    there = [value for value in values if value is not None]
    if len(values) == len(keys) or len(there) < len(values):
        return _each(loaded, keys)
    index = dict(zip(different, range(len(different)), strict=True))
    return Recurring(there, list(map(index.__getitem__, keys)))


def _settle(batch: asyncio.Future[None], done: asyncio.Task[None]) -> None:
    # asyncio logs an error that is not retrieved. A task that is cancelled before it begins settles no batch.
    error = asyncio.CancelledError() if done.cancelled() else done.exception()
    if error is not None:
        _fail(batch, error)


def _fail(batch: asyncio.Future[None], error: BaseException) -> None:
    if batch.done():
        return
    # If the reading task is cancelled, the tasks that wait for it are not.
    batch.set_exception(NotRead() if isinstance(error, asyncio.CancelledError) else error)
    # If the caller was cancelled, nothing awaits the error.
    batch.exception()
