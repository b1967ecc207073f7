"""Groups of fields: those of a wide selection, of which an executor with a pause begins some at once."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from breadth.parts import FIELDS_AT_ONCE


class _Field(Protocol):
    @property
    def is_leaf(self) -> bool:
        """Whether the field is a scalar or enum."""


Field = TypeVar("Field", bound=_Field)


def grouped(fields: Sequence[Field]) -> Sequence[Sequence[Field]]:
    """Return the fields in groups, in order, each of at most so many with a selection of their own."""
    groups: list[list[Field]] = [[]]
    number = 0
    for field in fields:
        number += not field.is_leaf
        if number > FIELDS_AT_ONCE:
            groups.append([])
            number = 1
        groups[-1].append(field)
    return groups
