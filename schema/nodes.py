"""What the types of the schema have in common."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import strawberry
from strawberry.types.info import Info as StrawberryInfo

from breadth import by_class
from breadth.lookahead import reads
from breadth.strawberry import level_field
from db.engine.row_batch import RowBatch
from db.engine.statement import Columns
from resolvers import ids
from resolvers.context import Context
from resolvers.dataloader import Level

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
    @by_class
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Whether the value is of the row class that the type stands for."""
        return type(value) is cls.row

    @level_field(
        graphql_type=strawberry.ID,
        reads=["id"],
        description="The id of the object: opaque, unique among all types, and the same for ever.",
    )
    @staticmethod
    def id(rows: strawberry.Parent[Sequence[Any]]) -> Level[str]:
        if isinstance(rows, RowBatch):
            return ids.encode_all(_TYPE_NAMES[rows.of_class], rows.column("id"))
        kinds = set(map(type, rows))
        if len(kinds) == 1:
            return ids.encode_all(_TYPE_NAMES[kinds.pop()], [row.id for row in rows])
        return [ids.encode(_TYPE_NAMES[type(row)], row.id) for row in rows]


def columns(info: Info, *path: str) -> Columns:
    """The columns that are read of the field's rows, or of those at a path of fields below it."""
    # Stock execution asks for one row after the other, and looking ahead for each of them would take longer.
    return reads(info._raw_info, *path) if info.context.by_level else None  # noqa: SLF001 — Strawberry has no public name for it.


def given(value: Value | None) -> Value | None:
    """An argument's value; None where it was omitted."""
    return None if value is strawberry.UNSET else value
