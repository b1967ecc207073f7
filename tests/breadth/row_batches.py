"""Row batches, as a program that reads columns would give them in place of lists of objects."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from graphql import Undefined


class Columns(Sequence[Any]):
    """Objects of one class."""

    def __init__(self, objects: Sequence[Any]) -> None:
        """Keep the objects."""
        self.objects = list(objects)
        self.read: list[str] = []

    @property
    def of_class(self) -> type[Any]:
        """Their class."""
        return type(self.objects[0])

    def column(self, name: str) -> Any:  # noqa: ANN401 — a list, or another row batch.
        """What the default resolver would read."""
        self.read.append(name)
        values = [each.get(name) if isinstance(each, Mapping) else getattr(each, name) for each in self.objects]
        return tabled(values) if name.startswith("own") else values

    def joined(self, others: Sequence[Self]) -> "Columns | None":
        """Return one row batch, if the others are of the same class."""
        objects = [*self.objects, *(each for other in others for each in other.objects)]
        return Columns(objects) if len(set(map(type, objects))) == 1 else None

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self.objects)

    def __getitem__(self, index: Any, /) -> Any:  # noqa: ANN401 — as a list.
        """One of the objects, or some."""
        return self.objects[index]


class DictionaryEncoded(Columns):
    """Objects of one class, some of which occur several times."""

    def __init__(self, objects: Sequence[Any]) -> None:
        """Find out which of them repeat."""
        super().__init__(objects)
        self.dictionary = list({id(each): each for each in objects}.values())
        index = {id(each): place for place, each in enumerate(self.dictionary)}
        self.indices = [index[id(each)] for each in objects]

    def joined(self, others: Sequence[Self]) -> None:
        """Return None: they are never joined."""


def tabled(values: Sequence[Any], choice: int = 0) -> Any:  # noqa: ANN401 — a list, or a row batch.
    """Return the values as a row batch, if they are objects of one class that are all there."""
    kinds = set(map(type, values))
    there = not any(value is None or value is Undefined or isinstance(value, Exception) for value in values)
    objects = all(hasattr(value, "place") or (isinstance(value, dict) and "place" in value) for value in values)
    if len(kinds) != 1 or not there or not objects:
        return list(values)
    return (Columns, DictionaryEncoded)[choice % 2](values)
