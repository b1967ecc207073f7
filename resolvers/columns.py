"""Values of many rows: their columns, those that a page joined to them, and those that several of them have."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

from db.engine.row_batch import RowBatch
from db.engine.statement import Join

Value = TypeVar("Value")


class Recurring(Sequence[Value], Generic[Value]):
    """A value for each object of a batch, dictionary-encoded: several objects have the same one."""

    __slots__ = ("dictionary", "indices")

    def __init__(self, dictionary: Sequence[Value], indices: list[int]) -> None:
        """Take the distinct values, and the index of each object's value among them."""
        self.dictionary, self.indices = dictionary, indices

    @property
    def of_class(self) -> type[Value]:
        """Class of the values, which are rows of one kind."""
        rows = self.dictionary
        return rows.of_class if isinstance(rows, RowBatch) else type(rows[0])

    def column(self, name: str) -> list[Any]:
        """Return an attribute of each value; the executor reads those of the distinct values instead."""
        of_each = list(map(attrgetter(name), self.dictionary))
        return list(map(of_each.__getitem__, self.indices))

    def joined(self, _others: Sequence[object]) -> None:
        """Return None: these values are never joined."""

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.indices)

    def __iter__(self) -> Iterator[Value]:
        """Return the value of each object; those that have the same one get one object."""
        return map(list(self.dictionary).__getitem__, self.indices)

    def __getitem__(self, index: Any, /) -> Any:  # noqa: ANN401 — as a list.
        """Return the value of one object, or of a slice."""
        if isinstance(index, slice):
            return [self.dictionary[at] for at in self.indices[index]]
        return self.dictionary[self.indices[index]]


def column(rows: Sequence[Any], name: str) -> list[Any]:
    """Return an attribute of each row."""
    return rows.column(name) if isinstance(rows, RowBatch) else list(map(attrgetter(name), rows))


def joined(rows: Sequence[Any], join: Join) -> RowBatch[Any] | Recurring[Any] | None:
    """Return the rows that a page joined to these, one for each; None if it did not, or if one is missing."""
    found = rows.related(join) if isinstance(rows, RowBatch) else None
    return _encoded(found) if join.recurs and found is not None else found


def _encoded(rows: RowBatch[Any]) -> RowBatch[Any] | Recurring[Any]:
    """Return the rows dictionary-encoded if most of them recur."""
    keys = rows.column("id")
    places = dict(zip(keys, range(len(keys)), strict=True))
    if len(places) > len(keys) // 2:
        return rows
    index = dict(zip(places, range(len(places)), strict=True))
    return Recurring(rows.of(places.values()), list(map(index.__getitem__, keys)))
