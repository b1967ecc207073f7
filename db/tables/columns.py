"""The columns and indexes that tables are made of."""

from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from db.engine.column_types import Id, Instant, names_of

FOUND_ON_SQLITE = "found on SQLite"
"""Key of a primary key's info: whether SQLite has a unique index of it."""

NEVER = "1970-01-01T00:00:00.000000Z"

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def own_id() -> Column[int]:
    """Return the column of a table's own ids, which are never given twice."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def id_within_partner(*, found_on_sqlite: bool) -> tuple[Column[int] | PrimaryKeyConstraint | Index, ...]:
    """Return the columns of a row's id and of its partner, their primary key, and an index of ids for all partners.

    On SQLite the id alone is the primary key (`db.tables.forms`). If foreign keys or lists of the partner need both
    columns there, `found_on_sqlite` adds a unique index of them.
    """
    return (
        Column("id", Id, autoincrement=True),
        partner_id(),
        PrimaryKeyConstraint("partner_id", "id", info={FOUND_ON_SQLITE: found_on_sqlite}),
        Index(None, "id"),
    )


def reference(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    """Return a column of ids of the target table, whose rows are no partner's."""
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable)


def person(name: str, *, nullable: bool = False) -> Column[int]:
    """Return a column of the user who did something: one of the partner, or one of the vendor on its behalf."""
    return reference(name, "users", nullable=nullable)


def reference_within_partner(
    name: str, target: str, *, nullable: bool = False, primary_key: bool = False
) -> tuple[Column[int], ForeignKeyConstraint]:
    """Return a column of ids of the target table, and a foreign key that takes rows of the same partner only."""
    column: Column[int] = Column(name, Id, nullable=nullable, primary_key=primary_key, autoincrement=False)
    return column, ForeignKeyConstraint(["partner_id", name], [f"{target}.partner_id", f"{target}.id"])


def key_reference(name: str, target: str) -> Column[int]:
    """Return a column of ids of the target table which is part of the primary key."""
    return Column(name, Id, ForeignKey(f"{target}.id"), primary_key=True, autoincrement=False)


def partner_id() -> Column[int]:
    """Return the column of the partner whose row it is."""
    return reference("partner_id", "partners")


def hash_of(name: str) -> Column[bytes]:
    """Return a column of SHA-256 hashes."""
    # SQLite adds no such column without a default, which the engines write differently: no bytes.
    return Column(name, sa.LargeBinary(32), nullable=False, server_default=sa.FetchedValue())


def updated_at() -> Column[datetime]:
    """Return the column with the time of a row's last change.

    Every INSERT and UPDATE of the table sets it to the time that is bound as `at`, and fails without one.
    """
    now: sa.BindParameter[datetime] = sa.bindparam("at", type_=Instant())
    # SQLite adds no such column without a default, which says that a row was never changed.
    return Column("updated_at", Instant, nullable=False, server_default=NEVER, default=now, onupdate=now)


def one_of(
    name: str,
    enum: type[Enum],
    *,
    nullable: bool = False,
    primary_key: bool = False,
    server_default: str | None = None,
) -> tuple[Column[Any], CheckConstraint]:
    """Return a column of an enum's names, and a CHECK that compares it with one after the other.

    For IN, SQLite makes an index of all the names at each INSERT: with fifty names, that took a fifth of the time of
    appending an event.
    """
    column: Column[Any] = Column(
        name, names_of(enum), nullable=nullable, primary_key=primary_key, server_default=server_default
    )
    return column, CheckConstraint(
        " OR ".join(f"{name} = '{member.name}'" for member in enum),
        name="".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in enum.__name__).strip("_"),
    )


def for_vendor(*columns: str, where: str | None = None) -> Index:
    """Return an index for the vendor's users, whose lists are of all partners."""
    return Index(None, *columns) if where is None else partial(*columns, where=where)


def of_some(column: str, *order: str) -> Index:
    """Return an index for a reference that few rows have, so that the others need no entry."""
    return partial("partner_id", column, *order, where=f"{column} IS NOT NULL")


def partial(*columns: str, where: str, name: str | None = None, unique: bool = False) -> Index:
    """Return an index of the rows that fit the SQL condition."""
    condition = sa.text(where)
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def table(name: str, *items: Column[Any] | sa.Constraint | Index) -> Table:
    """Return a table of the portal's metadata; SQLite gives no id of a deleted row again."""
    return Table(name, metadata, *items, sqlite_autoincrement=any(getattr(item, "name", "") == "id" for item in items))
