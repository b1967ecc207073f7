"""Declarations of dataloaders: what a loader reads by which keys. It is made at its first use in a request."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from db.engine import Connection, Database
from db.engine.listings import Listing
from db.engine.statement import Columns
from domain.tenancy import Scope
from resolvers.dataloader import Loader
from resolvers.page_loaders import Pages

Made = TypeVar("Made")
Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)
Row = TypeVar("Row", bound=tuple[Any, ...])
Key = TypeVar("Key", bound=Hashable)
Read = Callable[[Connection, Scope, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
"""Read of the values of a scope that some keys have."""

ReadColumns = Callable[[Connection, Scope, Sequence[int], Columns], Awaitable[Mapping[int, Value]]]
"""Read of some columns of rows, by their ids."""

ONE_ROW, LISTS, PAGES = "one row", "lists of rows", "pages"
"""What loaders of relations have, in the words of an error."""


class ReadAt(Protocol[Value_co]):
    """Read of what is in force at a time."""

    def __call__(
        self, connection: Connection, scope: Scope, ids: Sequence[int], /, *, at: datetime
    ) -> Awaitable[Mapping[int, Value_co]]:
        """Return the values that the ids have."""


class World(Protocol):
    """What the loaders of a request share."""

    @property
    def database(self) -> Database:
        """Where they read."""

    @property
    def scope(self) -> Scope:
        """Whose rows they read."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The time."""


class Declared(Generic[Made]):
    """Attribute with a loader, which is made at its first use.

    `functools.cached_property` takes a lock each time before Python 3.12, which costs more than a loader does.
    """

    def __init__(self, loads: str, make: Callable[[World], Made]) -> None:
        """Take what the loader has, in the words of an error, and the function that makes it."""
        self.loads, self._make, self._name = loads, make, ""

    def __set_name__(self, _owner: type[Any], name: str) -> None:
        """Take the attribute's name."""
        self._name = name

    def __get__(self, instance: Any, _owner: type[Any]) -> Made:  # noqa: ANN401 — of any class.
        """Make it, and store it on the object, where the next access finds it."""
        made = instance.__dict__[self._name] = self._make(instance)
        return made


def row_by_id(read: Read[int, Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of one row for each id."""
    return Declared(ONE_ROW, _by(read))


def wide_row_by_id(read: ReadColumns[Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of one row with many columns for each id, which reads those that a query selects."""

    def make(world: World) -> Loader[int, Value]:
        scope = world.scope

        async def load(connection: Connection, ids: list[int], columns: Columns) -> Mapping[int, Value]:
            return await read(connection, scope, ids, columns)

        return Loader(world.database, load, wide=True)

    return Declared(ONE_ROW, make)


def row_in_force(read: ReadAt[Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of the row that is in force of each id."""
    return Declared(ONE_ROW, _now_by(read))


def rows_by_id(read: Read[int, Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of the rows that each id has."""
    return Declared(LISTS, _by(read))


def rows_in_force(read: ReadAt[Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of the rows that are in force of each id."""
    return Declared(LISTS, _now_by(read))


def value_by_id(read: Read[int, Value]) -> Declared[Loader[int, Value]]:
    """Declare a loader of a value for each id, which is no row: no relation has it."""
    return Declared("a value", _by(read))


def row_by_key(read: Read[Key, Value]) -> Declared[Loader[Key, Value]]:
    """Declare a loader of one row for each key, which is no id: no relation has it."""
    return Declared("one row by a key that is no id", _by(read))


def pages(
    listing: Callable[[Scope, Sequence[int], Any], Listing[Row]], *, of_partners: bool = False
) -> Declared[Pages[Row]]:
    """Declare a loader of pages of the list that each parent has."""
    return Declared(PAGES, lambda world: Pages(world.database, listing, of_partners=of_partners))


def shared(read: Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, Value]]]) -> Read[int, Value]:
    """Return a read of what belongs to no partner."""
    return lambda connection, _scope, ids: read(connection, ids)


def unfiltered(
    listing: Callable[[Scope, Sequence[int]], Listing[Row]],
) -> Callable[[Scope, Sequence[int], object], Listing[Row]]:
    """Return a listing that takes a filter and has none."""
    return lambda scope, parent_ids, _chosen: listing(scope, parent_ids)


def _by(read: Read[Key, Value]) -> Callable[[World], Loader[Key, Value]]:
    def make(world: World) -> Loader[Key, Value]:
        scope = world.scope

        async def load(connection: Connection, keys: list[Key], _columns: Columns) -> Mapping[Key, Value]:
            return await read(connection, scope, keys)

        return Loader(world.database, load)

    return make


def _now_by(read: ReadAt[Value]) -> Callable[[World], Loader[int, Value]]:
    def make(world: World) -> Loader[int, Value]:
        now = world.now

        async def of_now(connection: Connection, scope: Scope, ids: Sequence[int]) -> Mapping[int, Value]:
            return await read(connection, scope, ids, at=now())

        return _by(of_now)(world)

    return make
