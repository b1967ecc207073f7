"""Compilers that write constants of enums into a statement's text."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ClauseElement, Enum
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler


def compiled(expression: ClauseElement, dialect: Dialect, names: Sequence[str] | None) -> SQLCompiler:
    """Return the statement compiled, with constants of enums in its text; `names` are the columns of an INSERT.

    A planner chooses partial indexes by them, and SQLite plans a statement again each time that it binds a value on
    which such a choice may depend.
    """
    return _with_constants(dialect.statement_compiler)(dialect, expression, column_keys=names)


class _WithConstants(SQLCompiler):
    def visit_bindparam(self, bindparam: BindParameter[Any], *given: Any, **named: Any) -> str:  # noqa: ANN401 — as there.
        # What a caller binds has a name of its own, and so has the value of a column that is written.
        is_written = ("bindparam", bindparam.key) in self.truncated_names
        if bindparam.unique and isinstance(bindparam.type, Enum) and not is_written:
            named["literal_binds"] = True
        visit: Any = super().visit_bindparam
        return str(visit(bindparam, *given, **named))


_compilers: dict[type[SQLCompiler], type[SQLCompiler]] = {}


def _with_constants(compiler: type[SQLCompiler]) -> type[SQLCompiler]:
    """Return the compiler of an engine, made to write constants."""
    if compiler not in _compilers:
        _compilers[compiler] = type("WithConstants", (_WithConstants, compiler), {})
    return _compilers[compiler]
