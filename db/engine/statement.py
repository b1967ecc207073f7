"""Statements that are compiled once for an engine, so that a request only brings their values."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from threading import Lock
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    FromClause,
    Select,
    SelectBase,
    TextClause,
    TextualSelect,
    UpdateBase,
)
from sqlalchemy.engine import Dialect

from db.engine import constants, row_batch
from db.engine.expressions import AnyColumn, AnySelect
from db.engine.row_batch import Converter, Layout

Row = TypeVar("Row")

Expression: TypeAlias = AnySelect | UpdateBase | TextClause | TextualSelect

Expressions: TypeAlias = Expression | Callable[[], Expression]
"""Expression, or a function that makes it for the first engine that compiles it."""

Values: TypeAlias = Mapping[str, Any]
"""What a statement binds, by name."""

Columns = frozenset[str] | None
"""The columns that are read of a row, by the names of its fields; None for all of them."""

_VARIANTS_MAX = 64
_UNBOUND = object()
_keeping = Lock()


@dataclass(frozen=True, eq=False)
class Join:
    """Rows that a query can join to its own, at most one to each.

    Their table has an alias, since a condition of the query may look into the same table.
    """

    row: type[Any]
    columns: Sequence[ColumnElement[Any]]
    table: FromClause
    on: ColumnElement[bool]
    recurs: bool = False
    """Whether many rows have the same one. A statement for the distinct ones then reads less, but is one more."""


Joins = Mapping[Join, Columns]
"""What is joined, and which columns are read of it."""

NO_JOINS: Joins = MappingProxyType({})


class Statement(Generic[Row]):
    """Statement, compiled once for each engine, and the class of its rows, if it returns any.

    Its values are bound by name. `on_sqlite` finds the same rows faster there. `inserted` names the columns that an
    INSERT is given values for. A `keyed` statement has one column more than its rows, which says whose each row is.
    `reads` returns the most rows that an index has for these values; None if no index bounds them.
    """

    def __init__(
        self,
        expression: Expressions,
        row: Callable[..., Row],
        *,
        on_sqlite: Expressions | None = None,
        inserted: Sequence[str] | None = None,
        keyed: bool = False,
        reads: Callable[[Values], int] | None = None,
        columns: Columns = None,
        beside: Mapping[Join, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Prepare without compiling."""
        self._expression, self._on_sqlite = _maker(expression), None if on_sqlite is None else _maker(on_sqlite)
        self.row, self.inserted = row, inserted
        self.keyed, self.reads, self.columns, self.beside = keyed, reads, columns, beside
        self._compiled: dict[str, Compiled[Row]] = {}
        self._narrower: dict[object, Statement[Row]] = {}

    @property
    def expression(self) -> Expression:
        """The statement for all engines, except SQLite if that has another one."""
        return self._expression()

    def of(self, dialect: Dialect) -> Expression:
        """Return the statement for an engine."""
        return self._on_sqlite() if self._on_sqlite is not None and dialect.name == "sqlite" else self._expression()

    def load_only(self, columns: Columns, joins: Joins = NO_JOINS) -> "Statement[Row]":
        """Return the statement for the same rows with joins, of which it reads these columns; others are DEFERRED."""
        if columns is None and not joins:
            return self
        wanted = (columns, frozenset(joins.items()))
        found = self._narrower.get(wanted)
        if found is None:
            found = self._narrowed(columns, joins)
            with _keeping:
                # Documents choose the columns, and those of later ones need room too.
                if len(self._narrower) >= _VARIANTS_MAX:
                    del self._narrower[next(iter(self._narrower))]
                self._narrower[wanted] = found
        return found

    def layout(self, readings: Sequence[Converter]) -> Layout[Row]:
        """Return the layout of the rows."""
        names, end = _named(self.row, self.columns), len(readings)
        last = len(names) if names else end - self.keyed
        related: dict[Hashable, Layout[Any]] = {}
        first = last + self.keyed
        for join, of_row in self.beside.items():
            places = range(first, first := first + len(of_row))
            related[join] = row_batch.layout(join.row, of_row, readings, places)
        of_rows = row_batch.layout(self.row, names, readings, range(last))
        return replace(of_rows, key=last if self.keyed else None, related=related)

    def _narrowed(self, columns: Columns, joins: Joins) -> "Statement[Row]":
        kept = None if columns is None else _kept(self.row, columns)
        if kept is None:
            if not joins:
                return self
            columns, kept = None, list(range(len(_fields(self.row))))
        if self.keyed:
            kept.append(len(_fields(self.row)))
        beside = {join: _named(join.row, _with_id(of_join)) for join, of_join in joins.items()}
        on_sqlite = self._on_sqlite
        return Statement(
            lambda: _only(self._expression(), kept, beside),
            self.row,
            on_sqlite=None if on_sqlite is None else lambda: _only(on_sqlite(), kept, beside),
            keyed=self.keyed,
            reads=self.reads,
            columns=columns,
            beside=beside,
        )

    def compiled(self, dialect: Dialect) -> "Compiled[Row]":
        """Return the statement compiled for an engine."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = Compiled(self, dialect)
        return found


def _maker(expression: Expressions) -> Callable[[], Expression]:
    return (lambda: expression) if isinstance(expression, ClauseElement) else cache(expression)


class Compiled(Generic[Row]):
    """Compiled statement: its text, and how its values are bound and its rows read."""

    def __init__(self, statement: Statement[Row], dialect: Dialect) -> None:
        """Compile the statement."""
        expression = statement.of(dialect)
        compiled: Any = constants.compiled(expression, dialect, statement.inserted)
        self.text = str(compiled)
        self._fixed = compiled.construct_params(_check=False)
        self._binders = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        self._names = [name for name, _ in self._binders]
        required = {name for name, each in compiled.binds.items() if each.required}
        self._constants = {name: self._fixed[name] for name in self._names if name not in required}
        self._converted = [(place, bind) for place, (_, bind) in enumerate(self._binders) if bind is not None]
        columns = _columns(expression)
        self.returns_rows = bool(columns)
        self.is_select = isinstance(expression, SelectBase)
        is_for_arrays = dialect.name == "postgresql" and not self.returns_rows
        self.of_arrays = _of_arrays(self.text) if is_for_arrays else None
        """Text of the same insert with an array of values for each column; None for any other statement."""
        self.copied = None if self.of_arrays is None else _copied(self.of_arrays)
        """Table and columns of such an insert, in the order of its parameters."""
        self.layout = statement.layout([row_batch.of(column.type, dialect) for column in columns])

    def bound(self, values: Values) -> Sequence[Any]:
        """Return the values in the order of the text's parameters."""
        if self._constants:
            values = {**self._constants, **values}
        try:
            parameters = [values[name] for name in self._names]
        except KeyError:
            parameters = [values.get(name, self._fixed[name]) for name in self._names]
        for place, bind in self._converted:
            parameters[place] = bind(parameters[place])
        return parameters

    def bound_columns(self, rows: Sequence[Values]) -> list[list[Any]]:
        """Return the values of many rows by parameter, in the order of the text's parameters."""
        columns = []
        for name, bind in self._binders:
            fixed = self._fixed[name]
            values = [row.get(name, fixed) for row in rows]
            columns.append(values if bind is None else _each_bound(values, bind))
        return columns

    def bound_rows(self, rows: Sequence[Values]) -> list[Sequence[Any]]:
        """Return the values of each of many rows in the order of the text's parameters."""
        return list(zip(*self.bound_columns(rows), strict=True)) if self._binders else [()] * len(rows)


def _each_bound(values: Sequence[Any], bind: Callable[[Any], Any]) -> list[Any]:
    """Convert the values, of which many rows often share one, such as the time of a transaction."""
    bound: list[Any] = []
    former: object = _UNBOUND
    for value in values:
        if value is former:
            bound.append(bound[-1])
        else:
            former = value
            bound.append(bind(value))
    return bound


_PARAMETER = r"\$\d+(?:::[A-Z ]+(?:\(\d+\))?)?"
_COLLATED = ' COLLATE "C"'
_INSERT = re.compile(
    rf"(INSERT INTO \w+ \([^()]*\)) VALUES \(((?:{_PARAMETER}(?:{_COLLATED})?(?:, )?)+)\)(?: RETURNING \w+\.id)?"  # noqa: S608 — a pattern.
)
"""Insert of one row of parameters, which SQLAlchemy has return an id that is not asked for."""


def _of_arrays(text: str) -> str | None:
    found = _INSERT.fullmatch(text)
    if found is None:
        return None
    # Enums alone have no type, and are texts.
    typed = [each if "::" in each else f"{each}::VARCHAR" for each in found[2].replace(_COLLATED, "").split(", ")]
    arrays = ", ".join(f"{each}[]" for each in typed)
    return f"{found[1]} SELECT * FROM unnest({arrays})"  # noqa: S608 — of a statement's own text.


def _copied(insert: str) -> tuple[str, Sequence[str]]:
    table, _, rest = insert.removeprefix("INSERT INTO ").partition(" (")
    return table, [each.strip('"') for each in rest.partition(")")[0].split(", ")]


def _columns(expression: Expression) -> Sequence[AnyColumn]:
    if isinstance(expression, TextClause):
        return []
    return list(expression.exported_columns if isinstance(expression, UpdateBase) else expression.selected_columns)


def _fields(row: Callable[..., object]) -> Sequence[str]:
    return getattr(row, "_fields", ())


def _kept(row: Callable[..., object], columns: frozenset[str]) -> list[int] | None:
    """Return the indices of the columns among the row's; None if all are needed, as for a property."""
    fields = _fields(row)
    return [place for place, name in enumerate(fields) if name in columns] if columns < set(fields) else None


def _named(row: Callable[..., object], columns: Columns) -> Sequence[str]:
    """Names of the selected columns, in the order of the row's fields."""
    kept = None if columns is None else _kept(row, columns)
    fields = _fields(row)
    return fields if kept is None else [fields[place] for place in kept]


def _with_id(columns: Columns) -> Columns:
    """Return the columns with the id, which shows whether a joined row exists."""
    return None if columns is None else columns | {"id"}


def _only(
    expression: Expression,
    places: Sequence[int],
    beside: Mapping[Join, Sequence[str]],
) -> AnySelect:
    """Return the statement with only these columns, and these columns of joined rows."""
    if not isinstance(expression, Select):
        message = "Only what selects can leave columns out."
        raise TypeError(message)
    columns = list(expression.selected_columns)
    chosen = [columns[place] for place in places]
    if not beside:
        return expression.with_only_columns(*chosen, maintain_column_froms=True)
    (table,) = expression.columns_clause_froms
    for join, names in beside.items():
        table = table.outerjoin(join.table, join.on)
        chosen += [column for name, column in zip(_fields(join.row), join.columns, strict=True) if name in names]
    return expression.with_only_columns(*chosen).select_from(table)
