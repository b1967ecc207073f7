"""Expressions that both engines have, each in its own words."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

KEEPING_KEYS = True
"""Lock rows with FOR NO KEY UPDATE.

A full lock waits for each transaction that wrote a row that refers to the locked one, and that transaction may wait for
this one in turn. No mutation changes a key. SQLite locks the whole file.
"""


class Many(TypeDecorator[Any]):
    """Many values bound as one: a JSON array on SQLite, an array on PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        """Name the type of each of them."""
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the engine's own type."""
        return sa.Text().dialect_impl(dialect) if dialect.name == "sqlite" else sa.ARRAY(self.item)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Writes the values, each as its own type writes it."""
        if dialect.name != "sqlite":
            whole = super().bind_processor(dialect)
            return lambda values: list(values) if whole is None else whole(list(values))
        each = self.item.dialect_impl(dialect).bind_processor(dialect)
        if each is None:
            return lambda values: orjson.dumps(list(values)).decode()
        return lambda values: orjson.dumps([each(value) for value in values]).decode()


class among(FunctionElement[bool]):  # noqa: N801 — it is used as a function is.
    """Whether the column is one of the values that are bound by the name, however many they are."""

    inherit_cache = True
    # As a Boolean, SQLite would be asked whether it is equal to 1, and not look into an index.
    type = sa.types.NullType()  # type: ignore[assignment]
    name = "among"

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        """Name the column and the values."""
        bound: BindParameter[Any] = sa.bindparam(name, type_=Many(column.type))
        super().__init__(column, bound)


class contains(FunctionElement[bool]):  # noqa: N801 — it is used as a function is.
    """Whether the text stands anywhere in the column, byte for byte."""

    inherit_cache = True
    # As a Boolean, SQLite would be asked whether it is equal to 1, and not look into an index.
    type = sa.types.NullType()  # type: ignore[assignment]
    name = "contains"

    def __init__(self, column: ColumnElement[Any], part: Any) -> None:  # noqa: ANN401 — a text or its name.
        """Name the column and the text."""
        super().__init__(column, part)


class found_by_id(FunctionElement[Any]):  # noqa: N801 — as above.
    """A column that is looked at in rows which are found by their ids, and not to find them by.

    SQLite knows nothing of how many rows a partner has, and would rather read all of them than find a few by id.
    """

    inherit_cache = True
    name = "found_by_id"

    def __init__(self, column: ColumnElement[Any]) -> None:
        """Name the column."""
        super().__init__(column)
        self.type = column.type


@compiles(found_by_id, "sqlite")
def _without_index(element: found_by_id, compiler: SQLCompiler, **named: Any) -> str:  # noqa: ANN401 — the compiler's own.
    return f"+{compiler.process(next(iter(element.clauses)), **named)}"


@compiles(found_by_id, "postgresql")
def _as_it_is(element: found_by_id, compiler: SQLCompiler, **named: Any) -> str:  # noqa: ANN401 — the compiler's own.
    return compiler.process(next(iter(element.clauses)), **named)


@compiles(contains, "sqlite")
def _contains_instr(element: contains, compiler: SQLCompiler, **named: Any) -> str:  # noqa: ANN401 — the compiler's own.
    column, part = [compiler.process(each, **named) for each in element.clauses]
    return f"instr({column}, {part}) > 0"


@compiles(contains, "postgresql")
def _contains_strpos(element: contains, compiler: SQLCompiler, **named: Any) -> str:  # noqa: ANN401 — the compiler's own.
    column, part = [compiler.process(each, **named) for each in element.clauses]
    return f"strpos({column}, {part}) > 0"


@compiles(among, "sqlite")
def _among_json(element: among, compiler: SQLCompiler, **named: Any) -> str:  # noqa: ANN401 — the compiler's own.
    column, values = [compiler.process(each, **named) for each in element.clauses]
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 — both are the compiler's own texts.


@compiles(among, "postgresql")
def _among_array(element: among, compiler: SQLCompiler, **named: Any) -> str:  # noqa: ANN401 — the compiler's own.
    column, values = [compiler.process(each, **named) for each in element.clauses]
    return f"{column} = ANY({values})"


def starts_with(column: ColumnElement[Any], beginning: Any) -> ColumnElement[bool]:  # noqa: ANN401 — a text or its name.
    """Whether the bytewise column begins with the text: a range, so that an index serves it."""
    end = sa.cast(beginning, sa.Text) + sa.literal("\U0010ffff", sa.Text)
    return sa.and_(column >= beginning, column < end)


def during(column: ColumnElement[Any], start: object, end: object) -> Iterable[ColumnElement[bool]]:
    """The conditions of a range of time: from its start on, and before its end; None leaves a side open."""
    if start is not None:
        yield column >= start
    if end is not None:
        yield column < end
