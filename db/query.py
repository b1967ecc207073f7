"""Queries: statements that are compiled once for an engine, so that a request only brings their values."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Select, UpdateBase
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from db.types import Instant

Row = TypeVar("Row")


class Query(Generic[Row]):
    """A statement whose values are bound by name, and the class of the rows that it returns, where it returns any.

    SQLite may have a statement of its own, where it finds the same rows faster so. An INSERT names the columns that it
    is given values for.
    """

    def __init__(
        self,
        statement: Select[Any] | UpdateBase,
        row: Callable[..., Row],
        *,
        on_sqlite: Select[Any] | None = None,
        inserted: Sequence[str] | None = None,
    ) -> None:
        """Compile nothing yet."""
        self.statement, self.row, self._on_sqlite, self.inserted = statement, row, on_sqlite, inserted
        self._compiled: dict[str, Compiled[Row]] = {}

    def of(self, dialect: Dialect) -> Select[Any] | UpdateBase:
        """The statement for an engine."""
        return self.statement if self._on_sqlite is None or dialect.name != "sqlite" else self._on_sqlite

    def compiled(self, dialect: Dialect) -> "Compiled[Row]":
        """The query for an engine."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = Compiled(self, dialect)
        return found


class Compiled(Generic[Row]):
    """A query as a driver takes it: its text, how its values are bound, and how its rows are read."""

    def __init__(self, query: Query[Row], dialect: Dialect) -> None:
        """Compile the statement."""
        statement = query.of(dialect)
        compiled: Any = statement.compile(dialect=dialect, column_keys=query.inserted)
        self.text = str(compiled)
        self._fixed = compiled.construct_params(_check=False)
        self._binders = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        columns = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
        self.read = _reader(query, [_reading(column.type, dialect) for column in columns])

    def bound(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """The values in the order in which the text asks for them."""
        parameters = []
        for name, bind in self._binders:
            value = values[name] if name in values else self._fixed[name]
            parameters.append(value if bind is None else bind(value))
        return parameters


class _Reading(NamedTuple):
    """How a column's value is made of the driver's: an expression over it, and what that needs to know."""

    expression: str
    known: Any = None


def _reading(column_type: TypeEngine[Any], dialect: Dialect) -> _Reading:
    if isinstance(column_type, sa.Enum) and column_type.enum_class is not None:
        members: dict[str | None, Enum | None] = {member.name: member for member in column_type.enum_class}
        return _Reading("{known}[{value}]", {None: None} | members)
    if isinstance(column_type, Instant) and dialect.name == "sqlite":
        return _Reading("None if {value} is None else {known}({value})", datetime.fromisoformat)
    process = column_type.dialect_impl(dialect).result_processor(dialect, None)
    return _Reading("{value}") if process is None else _Reading("{known}({value})", process)


def _reader(query: Query[Row], readings: Sequence[_Reading]) -> Callable[[Sequence[tuple[Any, ...]]], list[Row]]:
    """A function that makes rows of the driver's.

    It is written and compiled for the columns: a loop over rows with what is read in place takes a third of the time of
    one that loops over their columns too.
    """
    make = getattr(query.row, "_make", None)
    if not readings:
        return lambda _: []
    if make is not None and all(reading.known is None for reading in readings):
        return lambda found: list(map(make, found))
    names = [f"v{place}" for place in range(len(readings))]
    values = [
        reading.expression.format(value=name, known=f"k{name}") for name, reading in zip(names, readings, strict=True)
    ]
    known = {f"k{name}": reading.known for name, reading in zip(names, readings, strict=True)}
    made = f"row(({', '.join(values)},))" if make is not None else f"row({', '.join(values)})"
    source = f"lambda found: [{made} for {', '.join(names)}, in found]"
    function: Callable[[Sequence[tuple[Any, ...]]], list[Row]] = eval(  # noqa: S307 — it is made of numbers alone.
        source, known | {"row": make or query.row}
    )
    return function


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
