"""Where values stand in a response: chains of places, from which a path is made only where something needs one."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from graphql import GraphQLError, Node
from graphql.pyutils import Path

Key = str | int


class Place(Protocol):
    """Where each value of a column stands: at one path, or at several where equal objects share their work."""

    def paths(self, index: int) -> Iterator[Path | None]:
        """The paths of a value; None is the root's."""


class Root:
    """Where the root object stands."""

    __slots__ = ()

    def paths(self, _index: int) -> Iterator[Path | None]:
        """The root has no path."""
        yield None


class Under:
    """The values of one field of the objects of a level."""

    __slots__ = ("_key", "_place", "_typename")

    def __init__(self, place: Place, key: str, typename: str) -> None:
        """Name the objects' place and the field's key there."""
        self._place, self._key, self._typename = place, key, typename

    def paths(self, index: int) -> Iterator[Path | None]:
        """The paths of the object, each with the key."""
        for path in self._place.paths(index):
            yield Path(path, self._key, self._typename)


class Chosen:
    """Some of the values of a column."""

    __slots__ = ("_indices", "_place")

    def __init__(self, place: Place, indices: Sequence[int]) -> None:
        """Name the column's place and which of its values these are."""
        self._place, self._indices = place, indices

    def paths(self, index: int) -> Iterator[Path | None]:
        """The paths in the whole column."""
        return self._place.paths(self._indices[index])


class Items:
    """The items of all the lists of a column, one list after the other."""

    __slots__ = ("_place", "_starts")

    def __init__(self, place: Place, starts: Sequence[int]) -> None:
        """Name the lists' place and where each of them begins."""
        self._place, self._starts = place, starts

    @property
    def of_one_list(self) -> bool:
        """Whether there is just one list."""
        return len(self._starts) == 1

    def paths(self, index: int) -> Iterator[Path | None]:
        """The paths of the list, each with the item's place in it."""
        of_list = self.list_of(index)
        for path in self._place.paths(of_list):
            yield Path(path, index - self._starts[of_list], None)

    def list_of(self, index: int) -> int:
        """Which list an item is in."""
        return bisect_right(self._starts, index) - 1


class Shared:
    """The different objects of a column, each of which may stand in several places."""

    __slots__ = ("_different", "_objects", "_place")

    def __init__(self, place: Place, objects: Sequence[Any], different: Sequence[Any]) -> None:
        """Name the column, its place, and the different objects in it."""
        self._place, self._objects, self._different = place, objects, different

    def paths(self, index: int) -> Iterator[Path | None]:
        """The paths of every place of the object."""
        wanted = self._different[index]
        for at, value in enumerate(self._objects):
            if value is wanted:
                yield from self._place.paths(at)


class Repeated:
    """The different objects of a table, which says in which places each of them stands."""

    __slots__ = ("_place", "_places")

    def __init__(self, place: Place, places: Sequence[int]) -> None:
        """Name the table's place, and which object stands in each place of it."""
        self._place, self._places = place, places

    def paths(self, index: int) -> Iterator[Path | None]:
        """The paths of every place of the object."""
        for at, which in enumerate(self._places):
            if which == index:
                yield from self._place.paths(at)


class Raised:
    """An error on its way up, in the place of a value that can't be null, to the first place that can."""

    __slots__ = ("error", "nodes", "suffix")

    def __init__(self, error: Exception, nodes: Sequence[Node], suffix: tuple[Key, ...] = ()) -> None:
        """Name the error, where the document asked for what failed, and the keys from the place here down to it."""
        self.error, self.nodes, self.suffix = error, nodes, suffix

    def under(self, key: Key) -> "Raised":
        """The error one place further up."""
        return Raised(self.error, self.nodes, (key, *self.suffix))


class Failure:
    """An error of the response, and the place that is null because of it."""

    __slots__ = ("error", "position")

    def __init__(self, error: GraphQLError, position: Path | None) -> None:
        """Name both; the position None is that of all the data."""
        self.error, self.position = error, position
