"""Column types that mean the same on both engines."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit id; SQLite numbers rows by itself only where the column says INTEGER."""

BytewiseText = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text compared byte by byte, as SQLite does, whatever the server's locale."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: timestamptz on PostgreSQL, RFC 3339 text of fixed width (so that it sorts) on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the engine's own type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Write the moment."""
        if value is None or dialect.name != "sqlite":
            return value
        # strftime would write the year 999 with three digits, and times would no longer sort as text.
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: object, dialect: Dialect) -> datetime | None:  # noqa: ARG002 — of the base.
        """Read the moment."""
        match value:
            case datetime():
                return value.astimezone(UTC)
            case str():
                return datetime.fromisoformat(value)
            case _:
                return None


def one_of(enum: type[Enum]) -> sa.Enum:
    """A column that holds a name of the enum, and nothing else by a CHECK."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in enum.__name__).strip("_")
    return sa.Enum(enum, native_enum=False, create_constraint=True, name=name, length=32)
