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
    """Moment in UTC: timestamptz on PostgreSQL, RFC 3339 text of fixed width (so that it sorts) on SQLite."""

    impl = sa.DateTime
    cache_ok = True

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


def one_of(enum: type[Enum]) -> sa.Enum:
    """Column of an enum's names, with a CHECK."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in enum.__name__).strip("_")
    return sa.Enum(enum, native_enum=False, create_constraint=True, name=name, length=32)
