"""What a schema says of itself to be executed level by level."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from graphql import GraphQLField, GraphQLResolveInfo

from breadth.column_batch import is_table

LEVEL = "level-resolver"
"""Where the extensions of a field hold its level resolver."""

READS = "level-resolver-reads"
"""Where they hold the attributes that it reads."""

_BY_CLASS = "by_class"
_OF_COLUMN = "of_column"

LevelResolver = Callable[..., Any]
"""Called with all the objects of a level, the info and the arguments: one value for each object, in their order.

The values are a list, a table, or awaited for either. An exception in a place is the error of that place, and one that
is raised is the error of all of them.
"""

Function = TypeVar("Function", bound=Callable[..., Any])


def set_level_resolver(field: GraphQLField, resolver: LevelResolver, *, reads: Iterable[str] | None = None) -> None:
    """Let a level resolver give the field's values, in stock execution for one object at a time.

    Where it reads just some attributes of the objects, `reads` names them for whoever looks ahead.
    """

    def resolve_one(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:  # noqa: ANN401 — of any type.
        return only(resolver([source], info, **arguments))

    field.extensions[LEVEL] = resolver
    field.extensions[READS] = None if reads is None else frozenset(reads)
    field.resolve = resolve_one


def only(values: Any) -> Any:  # noqa: ANN401 — whatever a level resolver gives.
    """The value of a level of one object, raised where it is an exception; awaitable where the level is."""
    if not hasattr(type(values), "__await__"):
        return _first(values)

    async def awaited() -> Any:  # noqa: ANN401 — the same.
        return _first(await values)

    return awaited()


def _first(values: Sequence[Any]) -> Any:  # noqa: ANN401 — the same.
    (value,) = one_for_each(values, 1)
    if isinstance(value, Exception):
        raise value
    return value


def one_for_each(values: Any, count: int) -> Any:  # noqa: ANN401 — whatever a level resolver gives.
    """The values of a level resolver as a list or a table. Raises TypeError where they are not one for each object."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        message = f"A level resolver returns a list of values, not {type(values).__name__}."
        raise TypeError(message)
    if len(values) != count:
        message = f"A level resolver returns one value for each object: {count} values, not {len(values)}."
        raise TypeError(message)
    return values if type(values) is list or is_table(values) else list(values)


def by_class(is_type_of: Function) -> Function:
    """Mark an `is_type_of` whose answer depends on the value's class only, so that it is asked once for each class."""
    setattr(is_type_of, _BY_CLASS, True)
    return is_type_of


class ColumnSerialization(NamedTuple):
    """How whole columns of values of a class are serialised."""

    kind: type
    serialize: Callable[[list[Any]], list[Any]]


def of_column(kind: type, serialize: Callable[[list[Any]], list[Any]]) -> Callable[[Function], Function]:
    """Mark a scalar's serialisation of one value with one of a whole column, which gives the same.

    It is used for columns of values of exactly that class, with None among them where null may stand there. Where it
    raises anything, the values are serialised one by one.
    """

    def marked(of_one: Function) -> Function:
        setattr(of_one, _OF_COLUMN, ColumnSerialization(kind, serialize))
        return of_one

    return marked


def column_serialization(of_one: Callable[..., Any]) -> ColumnSerialization | None:
    """The serialisation of columns that the function is marked with."""
    found = getattr(of_one, _OF_COLUMN, None)
    return found if isinstance(found, ColumnSerialization) else None


def is_by_class(is_type_of: Callable[..., Any]) -> bool:
    """Whether the function is so marked."""
    return getattr(is_type_of, _BY_CLASS, False) is True
