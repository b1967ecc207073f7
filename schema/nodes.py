"""Base classes of the schema's types."""

from typing import Any, ClassVar

import strawberry
from strawberry.types.info import Info as StrawberryInfo

from breadth import by_class
from breadth.lookahead import reads
from db.engine.statement import Columns
from resolvers.context import Context
from schema import relations

Info = StrawberryInfo[Context, None]


class OfRow:
    """Type over database rows: resolvers return the rows, and fields read them."""

    row: ClassVar[type[Any]]

    def __init_subclass__(cls, *, row: type[Any] | None = None) -> None:
        """Raise TypeError if a field of the type reads what the row class does not have."""
        super().__init_subclass__()
        if row is not None:
            cls.row = row
            relations.check(cls, row)


@strawberry.interface(description="An object with an ID, by which `node` can find it.")
class Node(OfRow):
    """Type whose objects have a global id."""

    id: strawberry.ID = relations.global_id(
        "The ID of the object. It is opaque, unique among all types, and never changes."
    )

    @classmethod
    @by_class
    def is_type_of(cls, value: object, _info: object) -> bool:
        """Return whether the value is an instance of the type's row class."""
        return type(value) is cls.row


def columns(info: Info) -> Columns:
    """Return the columns that the query reads of the field's rows; None for all."""
    return reads(relations.plain(info))
