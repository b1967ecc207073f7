"""What the fields of `features` give: a value, null or an error, decided by a seed and the path of the field."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple
from zlib import crc32

from graphql import (
    GraphQLError,
    GraphQLOutputType,
    Undefined,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from tests.breadth.documents import ROWS_MAX
from tests.breadth.row_batches import tabled

OBJECTS_KEPT = 4
"""How many objects of each type that batch resolvers choose from, so that one object occurs in several places."""


class Color(Enum):
    """An enum whose values are its members."""

    RED = "r"
    GREEN = "g"
    BLUE = "b"


class How(Enum):
    """What a place needs its value to be like."""

    FRESH = "an object of its own"
    KEPT = "an object that may have other paths too"
    PLAIN = "a value that may be left unread, so that no part of it has to be awaited"


class FaultError(Exception):
    """What happens at a place."""


class Later:
    """An awaitable that is no coroutine."""

    def __init__(self, value: object) -> None:
        """Name what will be there."""
        self.value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        """Wait for other tasks, and give the value."""
        yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class World:
    """Decides about every value of one execution; another with the same seed decides equally."""

    def __init__(self, seed: int, types: Mapping[str, Any]) -> None:
        """Name the seed, which is without faults for a third of all seeds, and the types of the schema."""
        self._seed, self._types = seed, types
        self._faults = (0, 4, 12)[seed % 3]
        self._kept: dict[str, object] = {}
        self.log: list[str] = []

    def number(self, what: str) -> int:
        """Any number, always the same one for the same thing."""
        return crc32(f"{self._seed} {what}".encode())

    async def pause(self, place: str) -> None:
        """Let other tasks run, at some places more often than at others."""
        for _ in range(self.number(f"pause {place}") % 3):
            await asyncio.sleep(0)

    def given(self, place: str, of_type: GraphQLOutputType, how: How = How.FRESH) -> Any:  # noqa: ANN401 — of that type.
        """What a place gives; an error is given and not raised."""
        fate = self.number(f"fate of {place}") % 100
        if fate < self._faults:
            return Undefined if fate % 3 == 2 else None
        if fate < 2 * self._faults:
            return self._fault(place)
        return self._value(place, of_type, how)

    def resolved(self, place: str, of_type: GraphQLOutputType) -> Any:  # noqa: ANN401 — of that type.
        """What a place gives; half of its errors are raised."""
        value = self.given(place, of_type)
        if isinstance(value, Exception) and self.number(f"raise {place}") % 2:
            raise value
        return value

    def told(self, place: str, answer: object) -> Any:  # noqa: ANN401 — of the answer's type.
        """The answer, or null or an error."""
        fate = self.number(f"answer of {place}") % 100
        if fate < self._faults:
            raise self._fault(place)
        return None if fate < 2 * self._faults else answer

    def object(self, name: str, place: str) -> Any:  # noqa: ANN401 — one of many classes.
        """An object of the type, known by its place."""
        return OBJECTS[name](self, self._types[name], place)

    def _fault(self, place: str) -> Exception:
        if self.number(f"kind of fault {place}") % 4:
            return FaultError(f"At {place}.")
        return GraphQLError(f"Told at {place}.", extensions={"code": "TOLD"})

    def _value(self, place: str, of_type: GraphQLOutputType, how: How) -> Any:  # noqa: ANN401 — of that type.
        if is_non_null_type(of_type):
            return self._value(place, of_type.of_type, how)
        if is_list_type(of_type):
            return self._list(place, of_type.of_type, how)
        name = get_named_type(of_type).name
        made = _LEAVES.get(name)
        if made is not None:
            return made(self.number(f"value {place}"), self._faults > 0)
        choices = _CHOICES.get(name, (name,))
        chosen = choices[self.number(f"type {place}") % len(choices)]
        if how is not How.KEPT:
            return self.object(chosen, place)
        key = f"{chosen}#{self.number(place) % OBJECTS_KEPT}"
        if key not in self._kept:
            self._kept[key] = self.object(chosen, key)
        return self._kept[key]

    def _list(self, place: str, of_type: GraphQLOutputType, how: How) -> Any:  # noqa: ANN401 — any kind of list.
        length = self.number(f"length {place}") % (ROWS_MAX + 1)
        form = self.number(f"form {place}") % 12
        if form == 0 and self._faults:
            return self.number(f"no list {place}")
        items = (self.given(f"{place}.{index}", of_type, how) for index in range(length))
        return list(items) if how is How.PLAIN else _FORMS.get(form, list)(items)


def _generated(items: Iterator[Any]) -> Iterator[Any]:
    return items


async def _iterated(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


async def _later(item: object) -> object:
    await asyncio.sleep(0)
    if isinstance(item, FaultError):
        raise item
    return item


def _awaited(items: Iterator[Any]) -> list[Any]:
    return [(item, Later(item), _later(item))[index % 3] for index, item in enumerate(items)]


def _table(items: Iterator[Any]) -> Any:  # noqa: ANN401 — a table, or a list.
    return tabled(list(items))


def _repeating(items: Iterator[Any]) -> Any:  # noqa: ANN401 — of any type.
    return tabled(list(items), 1)


_FORMS: Mapping[int, Callable[[Iterator[Any]], Any]] = {
    1: tuple,
    2: _generated,
    3: _iterated,
    4: _awaited,
    5: _table,
    6: _repeating,
    7: _table,
}

_LEAVES: Mapping[str, Callable[[int, bool], Any]] = {
    "Int": lambda number, faulty: (number % 1000, float(number % 10), 2**31 if faulty else 0, True, -7)[number % 5],
    "Float": lambda number, faulty: (number / 8, number % 9, "no" if faulty else "1.5", -0.0, float("inf"))[
        number % (5 if faulty else 4)
    ],
    "String": lambda number, faulty: (f"é{number}", number, True, [] if faulty else "", 1.5)[number % 5],
    "Boolean": lambda number, faulty: (True, False, number, "no" if faulty else True)[number % 4],
    "ID": lambda number, faulty: (f"id{number}", number, object if faulty else "")[number % 3],
    "Color": lambda number, faulty: "PINK" if faulty and number % 7 == 0 else list(Color)[number % 3],
    "Moment": lambda number, faulty: ("wrong" if faulty else 4, number % 90, FaultError("moment") if faulty else 8, 5)[
        number % 4
    ],
    "Amount": lambda number, faulty: ("wrong" if faulty else 7, number % 90_000, [] if faulty else 8, 5)[number % 4],
}

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "Named": ("Row", "Item", "Note", "Point"),
    "Kinded": ("Row", "Note", "Point"),
    "Slow": ("Row", "Item", "Note", "Point", "Item"),
    "Thing": ("Row", "Item", "Note", "Point"),
    "Chosen": ("Item", "Point"),
}


class Row:
    """An object of attributes and methods."""

    def __init__(self, world: World, of_type: Any, place: str) -> None:  # noqa: ANN401 — its GraphQL type.
        """Name where it was given."""
        self._world, self._type, self.place = world, of_type, place

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — any field's.
        """The attribute that a field reads."""
        fields = self._type.fields
        if name.startswith("_") or name not in fields:
            raise AttributeError(name)
        return own_value(self._world, self.place, name, fields[name].type)


class Item(Mapping[str, Any]):
    """An object of keys."""

    def __init__(self, world: World, of_type: Any, place: str) -> None:  # noqa: ANN401 — its GraphQL type.
        """Name where it was given."""
        self._world, self._type, self.place = world, of_type, place

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 — any field's.
        """The value that a field reads."""
        if name == "__typename":
            return "Item"
        if name not in self._type.fields:
            raise KeyError(name)
        return own_value(self._world, self.place, name, self._type.fields[name].type)

    def __iter__(self) -> Iterator[str]:
        """The fields."""
        return iter(self._type.fields)

    def __len__(self) -> int:
        """How many fields there are."""
        return len(self._type.fields)


def own_value(world: World, place: str, name: str, of_type: GraphQLOutputType) -> Any:  # noqa: ANN401 — of that type.
    """The attribute of an object, some of which raise; methods give their value when they are called."""
    here = f"{place}.{name}"
    if not name.startswith("method"):
        return world.resolved(here, of_type)

    def method(_info: object, **given: object) -> Any:  # noqa: ANN401 — of that type.
        return world.resolved(f"{here}{written(given)}", of_type)

    async def method_later(info: object, **given: object) -> Any:  # noqa: ANN401 — of that type.
        await world.pause(here)
        return method(info, **given)

    return method_later if name.startswith("methodLater") else method


def _leaves(world: World, of_type: Any, place: str) -> dict[str, Any]:  # noqa: ANN401 — a GraphQL type.
    plain = {name: field.type for name, field in of_type.fields.items() if name in Point._fields}
    return {"place": place, **{name: world.given(f"{place}.{name}", each, How.PLAIN) for name, each in plain.items()}}


class Point(NamedTuple):
    """A tuple, as a database gives them."""

    place: str
    int: Any
    must: Any
    float: Any
    string: Any
    boolean: Any
    id: Any
    color: Any
    amount: Any
    moment: Any
    ints: Any
    matrix: Any


def written(given: Mapping[str, object]) -> str:
    """The arguments as a part of a place."""
    return repr(sorted(given.items())) if given else ""


def place_of(source: Any) -> str:  # noqa: ANN401 — any of the objects.
    """Where an object was given."""
    return str(source["place"] if type(source) is dict else source.place)


OBJECTS: Mapping[str, Callable[[World, Any, str], Any]] = {
    "Row": Row,
    "Item": Item,
    "Note": _leaves,
    "Point": lambda world, of_type, place: Point(**_leaves(world, of_type, place)),
    "Query": Row,
}
