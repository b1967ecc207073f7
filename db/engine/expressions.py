"""Expressions that compile differently for each engine."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, CompoundSelect, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from db.engine.column_types import Many

KEEPING_KEYS = True
"""Lock rows with FOR NO KEY UPDATE.

A full lock waits for each transaction that wrote a row that refers to the locked one, and that transaction may wait for
this one in turn. No mutation changes a key. SQLite locks the whole file.
"""


SQLITE_HASHED = "portal_sha256"
"""Name of the SQL function of `hashed` that SQLite connections get."""

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)

AnyColumn: TypeAlias = ColumnElement[Any]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]

Text: TypeAlias = str | ColumnElement[str]
"""A text, or the name by which a statement binds it."""

Value = TypeVar("Value")


class Among(FunctionElement[Any]):
    """The expression of `among`."""

    inherit_cache = True
    # As a Boolean, SQLite would be asked whether it is equal to 1, and not look into an index.
    type: TypeEngine[Any] = sa.types.NullType()
    name = "among"

    def __init__(self, column: AnyColumn, name: str) -> None:
        """Take the column and the values."""
        bound: BindParameter[Any] = sa.bindparam(name, type_=Many(column.type))
        super().__init__(column, bound)


class Contains(FunctionElement[Any]):
    """The expression of `contains`."""

    inherit_cache = True
    # As a Boolean, SQLite would be asked whether it is equal to 1, and not look into an index.
    type: TypeEngine[Any] = sa.types.NullType()
    name = "contains"

    def __init__(self, column: AnyColumn, part: Text) -> None:
        """Take the column and the text."""
        super().__init__(column, part)


class AmongRows(FunctionElement[Any]):
    """The expression of `among_rows`."""

    inherit_cache = True
    # As a Boolean, SQLite would be asked whether it is equal to 1, and not look into an index.
    type: TypeEngine[Any] = sa.types.NullType()
    name = "among_rows"

    def __init__(self, column: AnyColumn, rows: AnySelect | CompoundSelect[Any]) -> None:
        """Take the column and the rows of one column."""
        super().__init__(column, rows.scalar_subquery())


class ByEngine(FunctionElement[Any]):
    """The expression of `by_engine`."""

    inherit_cache = True
    # As a Boolean, SQLite would be asked whether it is equal to 1, and not look into an index.
    type: TypeEngine[Any] = sa.types.NullType()
    name = "by_engine"


class FoundById(FunctionElement[Any]):
    """The expression of `found_by_id`."""

    inherit_cache = True
    name = "found_by_id"

    def __init__(self, column: AnyColumn) -> None:
        """Take the column."""
        super().__init__(column)
        self.type = column.type


class Hashed(FunctionElement[bytes]):
    """The expression of `hashed`."""

    inherit_cache = True
    type: TypeEngine[bytes] = sa.LargeBinary()
    name = "hashed"


class Written(FunctionElement[str]):
    """The expression of `written`."""

    inherit_cache = True
    type: TypeEngine[str] = sa.Text()
    name = "written"


def written(moment: AnyColumn) -> ColumnElement[str]:
    """Return a moment as SQLite stores it: text such as `2026-11-24T12:30:00.000000Z`."""
    return Written(moment)


def hashed(first: ColumnElement[bytes], second: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """Return the SHA-256 over two byte strings, one after the other."""
    return Hashed(first, second)


def among(column: AnyColumn, name: str) -> ColumnElement[bool]:
    """Return a condition: the column is one of the values bound by the name."""
    return Among(column, name)


def among_rows(column: AnyColumn, rows: AnySelect | CompoundSelect[Any]) -> ColumnElement[bool]:
    """Return a condition: the column is the value of one of the rows, which are read first, and once.

    As an array, PostgreSQL takes them for few and looks for each by an index; in a join, it may read the whole table.
    """
    return AmongRows(column, rows)


def contains(column: AnyColumn, part: Text) -> ColumnElement[bool]:
    """Return a condition: the column contains the text, byte for byte."""
    return Contains(column, part)


def by_engine(*, sqlite: ColumnElement[bool], postgresql: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return a condition that is written in one way for SQLite and in another for PostgreSQL."""
    return ByEngine(sqlite, postgresql)


def found_by_id(column: ColumnElement[Value]) -> ColumnElement[Value]:
    """Return the column for a condition on rows that are found by their ids, or another filter, not by this column.

    SQLite does not know how many rows a partner has, and would read all of them instead of a few by id.
    """
    return FoundById(column)


def beside(columns: Sequence[AnyColumn], *narrow: object) -> Sequence[AnyColumn]:
    """Return the columns for conditions on ranges beside filters, by whose indexes few rows are found if any is given.

    SQLite takes any range for a small one, and would read all of it instead of these rows.
    """
    return columns if all(each is None for each in narrow) else [found_by_id(each) for each in columns]


@compiles(ByEngine, "sqlite")
def _for_sqlite(element: ByEngine, compiler: SQLCompiler, **named: object) -> str:
    of_sqlite, _ = element.clauses
    return f"({compiler.process(of_sqlite, **named)})"


@compiles(ByEngine, "postgresql")
def _for_postgresql(element: ByEngine, compiler: SQLCompiler, **named: object) -> str:
    _, of_postgresql = element.clauses
    return f"({compiler.process(of_postgresql, **named)})"


@compiles(FoundById, "sqlite")
def _without_index(element: FoundById, compiler: SQLCompiler, **named: object) -> str:
    return f"+{compiler.process(next(iter(element.clauses)), **named)}"


@compiles(FoundById, "postgresql")
def _as_it_is(element: FoundById, compiler: SQLCompiler, **named: object) -> str:
    return compiler.process(next(iter(element.clauses)), **named)


@compiles(Written, "sqlite")
def _written_as_it_is(element: Written, compiler: SQLCompiler, **named: object) -> str:
    return compiler.process(next(iter(element.clauses)), **named)


@compiles(Written, "postgresql")
def _written_in_utc(element: Written, compiler: SQLCompiler, **named: object) -> str:
    moment = compiler.process(next(iter(element.clauses)), **named)
    return f"""to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


@compiles(Contains, "sqlite")
def _contains_instr(element: Contains, compiler: SQLCompiler, **named: object) -> str:
    column, part = [compiler.process(each, **named) for each in element.clauses]
    return f"instr({column}, {part}) > 0"


@compiles(Contains, "postgresql")
def _contains_strpos(element: Contains, compiler: SQLCompiler, **named: object) -> str:
    column, part = [compiler.process(each, **named) for each in element.clauses]
    return f"strpos({column}, {part}) > 0"


@compiles(Hashed, "sqlite")
def _hashed_by_python(element: Hashed, compiler: SQLCompiler, **named: object) -> str:
    first, second = [compiler.process(each, **named) for each in element.clauses]
    return f"{SQLITE_HASHED}({first}, {second})"


@compiles(Hashed, "postgresql")
def _hashed_by_server(element: Hashed, compiler: SQLCompiler, **named: object) -> str:
    first, second = [compiler.process(each, **named) for each in element.clauses]
    return f"sha256({first} || {second})"


@compiles(Among, "sqlite")
def _among_json(element: Among, compiler: SQLCompiler, **named: object) -> str:
    column, values = [compiler.process(each, **named) for each in element.clauses]
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 — both are the compiler's own texts.


@compiles(Among, "postgresql")
def _among_array(element: Among, compiler: SQLCompiler, **named: object) -> str:
    column, values = [compiler.process(each, **named) for each in element.clauses]
    return f"{column} = ANY({values})"


@compiles(AmongRows, "sqlite")
def _among_subquery(element: AmongRows, compiler: SQLCompiler, **named: object) -> str:
    column, rows = [compiler.process(each, **named) for each in element.clauses]
    return f"{column} IN {rows}"


@compiles(AmongRows, "postgresql")
def _among_array_of_rows(element: AmongRows, compiler: SQLCompiler, **named: object) -> str:
    column, rows = [compiler.process(each, **named) for each in element.clauses]
    return f"{column} = ANY(ARRAY{rows})"


def starts_with(column: AnyColumn, beginning: Text) -> ColumnElement[bool]:
    """Return a condition: the bytewise column begins with the text. It is a range, which an index serves."""
    end = sa.cast(beginning, sa.Text) + sa.literal("\U0010ffff", sa.Text)
    return sa.and_(column >= beginning, column < end)


def since(column: AnyColumn, start: object) -> Iterable[ColumnElement[bool]]:
    """Return the conditions that a time is the start or later, which few rows fulfil; None is any time."""
    # SQLite takes a range with two ends for a small one, and looks into its index whatever the order of the list is.
    yield from () if start is None else during(column, start, sa.literal(_NEVER, column.type))


def during(column: AnyColumn, start: object, end: object) -> Iterable[ColumnElement[bool]]:
    """Return the conditions of a time range: from the start on, and before the end; None is an open side."""
    if start is not None:
        yield column >= start
    if end is not None:
        yield column < end
