"""Column types that mean the same on both engines."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit id; SQLite numbers rows by itself only where the column says INTEGER."""

BytewiseText = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text compared byte by byte, as SQLite does, whatever the server's locale."""


class Instant(TypeDecorator[datetime]):
    """Moment in UTC: timestamptz on PostgreSQL, RFC 3339 text of fixed width (so that it sorts) on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """Type of the values."""
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the dialect."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Convert a moment for the driver."""
        if value is None or dialect.name != "sqlite":
            return value
        # strftime would write the year 999 with three digits, and times would no longer sort as text.
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — of the base.
        """Convert a value of the driver."""
        match value:
            case datetime():
                return value.astimezone(UTC)
            case str():
                return datetime.fromisoformat(value)
            case _:
                return None


class Many(TypeDecorator[Any]):
    """Values bound as one parameter: a JSON array on SQLite, an array on PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        """Take the type of each value."""
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the dialect."""
        return sa.Text().dialect_impl(dialect) if dialect.name == "sqlite" else sa.ARRAY(self.item)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return a function that converts the values, each by its own type."""
        each = self.item.dialect_impl(dialect).bind_processor(dialect)
        if dialect.name != "sqlite":
            whole = super().bind_processor(dialect)
            # SQLAlchemy looks at each value for what is nested, which nothing is.
            return list if whole is None or each is None else lambda values: whole(list(values))
        if each is None:
            return lambda values: orjson.dumps(list(values)).decode()
        return lambda values: orjson.dumps([each(value) for value in values]).decode()


def names_of(enum: type[Enum]) -> sa.Enum:
    """Column of an enum's names, of which `one_of` in db/tables makes a CHECK."""
    return sa.Enum(enum, native_enum=False, create_constraint=False, length=32)
