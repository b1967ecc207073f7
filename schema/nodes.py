"""What the types of the schema have in common."""

from typing import Any, ClassVar, TypeVar

import strawberry
from strawberry.types.info import Info as StrawberryInfo

from resolvers import ids
from resolvers.context import Context

Info = StrawberryInfo[Context, None]

Value = TypeVar("Value")

_TYPE_NAMES: dict[type[Any], str] = {}


@strawberry.interface(description="Anything that has an id of its own, by which `node` finds it again.")
class Node:
    """A type over rows of the database: resolvers return the rows, and fields read them."""

    row: ClassVar[type[Any]]

    def __init_subclass__(cls) -> None:
        """Know which type stands for the row class."""
        super().__init_subclass__()
        _TYPE_NAMES[cls.row] = cls.__name__

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Whether the value is of the row class that the type stands for."""
        return type(value) is cls.row

    @strawberry.field(description="The id of the object: opaque, unique among all types, and the same for ever.")
    @staticmethod
    def id(row: strawberry.Parent[Any]) -> strawberry.ID:
        return strawberry.ID(ids.encode(_TYPE_NAMES[type(row)], row.id))


def given(value: Value | None) -> Value | None:
    """An argument's value; None where it was omitted."""
    return None if value is strawberry.UNSET else value
