"""Base classes of the schema's types."""

from collections.abc import Sequence
from typing import Any, ClassVar

import strawberry
from strawberry.types.info import Info as StrawberryInfo

from breadth import by_class
from breadth.lookahead import reads
from db.engine.row_batch import RowBatch
from db.engine.statement import Columns
from resolvers import ids
from resolvers.context import Context
from resolvers.dataloader import column
from schema import relations

Info = StrawberryInfo[Context, None]

_TYPE_NAMES: dict[type[Any], str] = {}


class OfRow:
    """Type over database rows: resolvers return the rows, and fields read them."""

    row: ClassVar[type[Any]]

    def __init_subclass__(cls, *, row: type[Any] | None = None) -> None:
        """Raise TypeError if a field of the type reads what the row class does not have."""
        super().__init_subclass__()
        if row is not None:
            cls.row = row
            relations.check(cls, row)


def _ids(_context: Context, rows: Sequence[Any]) -> list[str]:
    kinds = {rows.of_class} if isinstance(rows, RowBatch) else set(map(type, rows))
    if len(kinds) == 1:
        return ids.encode_all(_TYPE_NAMES[kinds.pop()], column(rows, "id"))
    return [ids.encode(_TYPE_NAMES[type(row)], row.id) for row in rows]


@strawberry.interface(description="An object with an ID, by which `node` can find it.")
class Node(OfRow):
    """Type whose objects have a global id."""

    id: strawberry.ID = relations.computed_together(
        _ids,
        reads=("id",),
        of_each=True,
        description="The ID of the object. It is opaque, unique among all types, and never changes.",
    )

    def __init_subclass__(cls, *, row: type[Any]) -> None:
        """Register the type of the row class."""
        super().__init_subclass__(row=row)
        _TYPE_NAMES[row] = cls.__name__

    @classmethod
    @by_class
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Return whether the value is an instance of the type's row class."""
        return type(value) is cls.row


def columns(info: Info) -> Columns:
    """Return the columns that the query reads of the field's rows; None for all."""
    return reads(relations.plain(info))
