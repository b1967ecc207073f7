"""Positions of values in a response, as linked steps; a path is made of them only for an error or a resolver."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from graphql import GraphQLError, Node
from graphql.pyutils import Path

from breadth.values import Key, Value

CAUSES_MAX = 100
"""Maximum number of errors in a response for one null."""


class Paths(Protocol):
    """Paths of each value of a column: one, or several if equal objects share their work."""

    @property
    def together(self) -> bool:
        """Whether one value that can't be had makes all of them null, so that nothing of them is needed any more."""

    def paths(self, index: int) -> Iterator[Path | None]:
        """Yield the paths of a value; None is the root's."""


class Root:
    """Path of the root object."""

    __slots__ = ()
    together = False

    def paths(self, _index: int) -> Iterator[Path | None]:
        """Yield None, since the root has no path."""
        yield None


class Under:
    """Paths of the values of one field of the objects of a batch."""

    __slots__ = ("_key", "_paths", "_typename", "together")

    def __init__(self, paths: Paths, key: str, typename: str, *, nullable: bool) -> None:
        """Take the paths of the objects, the field's key in them, and whether it may be null."""
        self._paths, self._key, self._typename = paths, key, typename
        self.together = not nullable and paths.together

    def paths(self, index: int) -> Iterator[Path | None]:
        """Yield the paths of the object, each with the key."""
        for path in self._paths.paths(index):
            yield Path(path, self._key, self._typename)


class Chosen:
    """Paths of some of the values of a column."""

    __slots__ = ("_indices", "_paths", "together")

    def __init__(self, paths: Paths, indices: Sequence[int]) -> None:
        """Take the paths of the column, and the indices of these values in it."""
        self._paths, self._indices = paths, indices
        self.together = paths.together

    def paths(self, index: int) -> Iterator[Path | None]:
        """Return the paths in the whole column."""
        return self._paths.paths(self._indices[index])


class Items:
    """Paths of the items of all lists of a column, one list after the other."""

    __slots__ = ("_firsts", "_paths", "_starts", "together")

    def __init__(
        self, paths: Paths, starts: Sequence[int], firsts: Sequence[int] | None = None, *, nullable: bool
    ) -> None:
        """Take the paths of the lists, the index at which each begins, and the number of earlier items of each.

        `nullable` is whether an item may be null.
        """
        self._paths, self._starts, self._firsts = paths, starts, firsts
        self.together = not nullable and (len(starts) == 1 or paths.together)

    def paths(self, index: int) -> Iterator[Path | None]:
        """Yield the paths of the list, each with the item's index in it."""
        of_list = self.list_of(index)
        first = self._firsts[of_list] if self._firsts else 0
        for path in self._paths.paths(of_list):
            yield Path(path, index - self._starts[of_list] + first, None)

    def list_of(self, index: int) -> int:
        """Return the index of the list that an item is in."""
        return bisect_right(self._starts, index) - 1


class Shared:
    """Paths of the distinct objects of a column, each of which may have several indices in it."""

    __slots__ = ("_distinct", "_indices", "_objects", "_paths", "together")

    def __init__(self, paths: Paths, objects: Sequence[Value], distinct: Sequence[Value]) -> None:
        """Take the paths of the column, its objects, and the distinct ones among them."""
        self._paths, self._objects, self._distinct = paths, objects, distinct
        self.together = paths.together
        self._indices: dict[int, list[int]] | None = None

    def paths(self, index: int) -> Iterator[Path | None]:
        """Yield the paths of every index of the object."""
        if self._indices is None:
            self._indices = _indices(map(id, self._objects))
        for at in self._indices[id(self._distinct[index])]:
            yield from self._paths.paths(at)


class Repeated:
    """Paths of the distinct objects of a row batch, which has the index of one for each of its rows."""

    __slots__ = ("_indices", "_paths", "_places", "together")

    def __init__(self, paths: Paths, places: Sequence[int], number: int) -> None:
        """Take the paths of the row batch, the index of the object in each row, and the number of objects."""
        self._paths, self._places = paths, places
        # An error of an object that no row has makes nothing null.
        self.together = paths.together and len(set(places)) == number
        self._indices: dict[int, list[int]] | None = None

    def paths(self, index: int) -> Iterator[Path | None]:
        """Yield the paths of every row of the object."""
        if self._indices is None:
            self._indices = _indices(self._places)
        for at in self._indices.get(index, ()):
            yield from self._paths.paths(at)


def _indices(values: Iterable[int]) -> dict[int, list[int]]:
    """Return the indices of each value."""
    found: dict[int, list[int]] = {}
    for index, value in enumerate(values):
        found.setdefault(value, []).append(index)
    return found


class Cause(NamedTuple):
    """An error, the nodes that it is located at, and the keys from the null down to what failed."""

    error: Exception
    nodes: Sequence[Node]
    suffix: tuple[Key, ...] = ()


class PropagatingError:
    """Errors that propagate, in place of a value that can't be null, to the nearest nullable parent."""

    __slots__ = ("causes",)

    def __init__(self, *causes: Cause) -> None:
        """Take the errors, in the order of the document."""
        self.causes = causes

    def under(self, key: Key) -> "PropagatingError":
        """Return the errors one step further up."""
        return PropagatingError(*[Cause(each.error, each.nodes, (key, *each.suffix)) for each in self.causes])


def propagated(values: Iterable[Value], keys: Iterable[Key]) -> PropagatingError | None:
    """Return the propagating errors among the values of these keys, as one; None if there is none."""
    causes: list[Cause] = []
    for key, value in zip(keys, values, strict=False):
        if type(value) is PropagatingError and len(causes) < CAUSES_MAX:
            causes += value.under(key).causes
    return PropagatingError(*causes) if causes else None


def both(first: Value, second: Value) -> Value:
    """Return an object with the fields of two, the first of which is changed, or the propagating errors of both."""
    if type(first) is PropagatingError or type(second) is PropagatingError:
        causes = [each.causes for each in (first, second) if type(each) is PropagatingError]
        return PropagatingError(*list(chain.from_iterable(causes))[:CAUSES_MAX])
    first |= second
    return first


class Failure(NamedTuple):
    """An error of the response, the exception that it is made of, and the path at which this was raised."""

    error: GraphQLError
    exception: Exception
    path: Sequence[Key]


class Raised(NamedTuple):
    """An error that was sent on its way up, and the index of its value in a column of these paths."""

    cause: Cause
    paths: Paths
    at: int


def lost(raised: Iterable[Raised], failures: Iterable[Failure]) -> Iterator[tuple[Cause, list[Key]]]:
    """Yield the errors that are not among the failures, with their paths: nothing waited for what they are part of."""
    recorded = {(id(failure.exception), *failure.path) for failure in failures}
    for cause, paths, index in raised:
        for path in paths.paths(index):
            keys: list[Key] = path.as_list() if path else []
            if (id(cause.error), *keys) not in recorded:
                recorded.add((id(cause.error), *keys))
                yield cause, keys
