"""Declarations in a schema for execution by batch."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from graphql import GraphQLField, GraphQLResolveInfo

from breadth.awaiting import GRACE_SECONDS
from breadth.row_batch import Sources, is_row_batch
from breadth.values import Column, Value

_BATCH_RESOLVER = "batch-resolver"
_WAITS = "breadth-waits"
_BY_CLASS = "by_class"
_OF_COLUMN = "of_column"
_PURE = "pure"

BatchResolver = Callable[..., Value]
"""Called with all objects of a batch, the info and the arguments: one value for each object, in their order.

The values are a list, a row batch, or an awaitable of either, and each value may be awaitable too. An exception at an
index is the error of that object, and one that is raised is the error of each of them.
"""

Function = TypeVar("Function", bound=Callable[..., Value])


class Batched(NamedTuple):
    """Batch resolver of a field, and the resolver for one object that was set with it."""

    resolver: BatchResolver
    resolve_one: Callable[..., Value]
    reads: frozenset[str] | None
    """The attributes of the objects that it reads; None if it may read any."""


def set_batch_resolver(field: GraphQLField, resolver: BatchResolver, *, reads: Iterable[str] | None = None) -> None:
    """Let a batch resolver give the field's values, in stock execution for one object at a time.

    If it reads only some attributes of the objects, `reads` names them for look-ahead.
    """

    def resolve_one(source: Value, info: GraphQLResolveInfo[Value], /, **arguments: Value) -> Value:
        return only(resolver([source], info, **arguments))

    batch = Batched(resolver, resolve_one, None if reads is None else frozenset(reads))
    # Other fields may have the same extensions.
    field.extensions = {**field.extensions, _BATCH_RESOLVER: batch}
    field.resolve = resolve_one


def batched(field: GraphQLField) -> Batched | None:
    """Return the batch resolver of the field, unless another resolver, such as one with checks, has replaced it."""
    found = field.extensions.get(_BATCH_RESOLVER)
    return found if isinstance(found, Batched) and found.resolve_one is field.resolve else None


def wait_for(field: GraphQLField, seconds: float) -> None:
    """Set how long the values of a field wait for each other, before those that are there are completed.

    With 0 they don't: each is completed when it arrives, and batch resolvers below it have as small batches.
    """
    field.extensions = {**field.extensions, _WAITS: seconds}


def waits_for_seconds(field: GraphQLField) -> float:
    """Return how long the values of the field wait for each other."""
    seconds = field.extensions.get(_WAITS, GRACE_SECONDS) if field.extensions else GRACE_SECONDS
    return float(seconds)


def only(values: Value) -> Value:
    """Return the value of a batch of one object, or raise it if it is an exception; awaitable if the batch is."""
    if not hasattr(type(values), "__await__"):
        return _first(values)

    async def awaited() -> Value:
        # The value may be awaitable itself, as one in a list that needs no waiting may be.
        value = _first(await values)
        return await value if hasattr(type(value), "__await__") else value

    return awaited()


def _first(values: Sequence[Value]) -> Value:
    (value,) = one_for_each(values, 1)
    if isinstance(value, Exception):
        raise value
    return value


def one_for_each(values: Value, count: int) -> Sources:
    """Return the values of a batch resolver; raise TypeError unless there is one for each object."""
    if not isinstance(values, Sequence) or isinstance(values, str):
        message = f"A batch resolver returns a list of values, not {type(values).__name__}."
        raise TypeError(message)
    if len(values) != count:
        message = f"A batch resolver returns one value for each object: {count} values, not {len(values)}."
        raise TypeError(message)
    return values if type(values) is list or is_row_batch(values) else list(values)


def by_class(is_type_of: Function) -> Function:
    """Mark an `is_type_of` whose answer depends on the value's class only.

    A field does not call it again for classes of which it has accepted a batch.
    """
    setattr(is_type_of, _BY_CLASS, is_type_of)
    return is_type_of


def pure(parse: Function) -> Function:
    """Mark a scalar's parsing of input: equal literals have equal values, whenever they are parsed.

    A literal is then parsed when the document is executed first and when its plan is completed, and never again.
    """
    setattr(parse, _PURE, parse)
    return parse


def is_pure(parse: Callable[..., Value]) -> bool:
    """Return whether the function is so marked."""
    return _is_of(getattr(parse, _PURE, None), parse)


class ColumnSerialization(NamedTuple):
    """Serialisation of whole columns of values of a class."""

    kind: type
    serialize: Callable[[Column], Column]
    of_one: Callable[..., Value]
    """What serializes one value in the same way."""


def of_column(kind: type, serialize: Callable[[Column], Column]) -> Callable[[Function], Function]:
    """Mark a scalar's serialisation of one value with one of a whole column, which gives the same.

    The executor calls it for columns of values of exactly that class, and of None if the field is nullable. If it
    raises anything, the values are serialised one by one.
    """

    def marked(of_one: Function) -> Function:
        setattr(of_one, _OF_COLUMN, ColumnSerialization(kind, serialize, of_one))
        return of_one

    return marked


def column_serialization(of_one: Callable[..., Value]) -> ColumnSerialization | None:
    """Return the serialisation of columns that the function is marked with."""
    found = getattr(of_one, _OF_COLUMN, None)
    return found if isinstance(found, ColumnSerialization) and _is_of(found.of_one, of_one) else None


def is_by_class(is_type_of: Callable[..., Value]) -> bool:
    """Return whether the function is so marked."""
    return _is_of(getattr(is_type_of, _BY_CLASS, None), is_type_of)


def _is_of(marked: Value, function: Callable[..., Value]) -> bool:
    """Return whether a mark is of the function, and not of one that it wraps: `functools.wraps` copies marks."""
    return marked is not None and (marked is function or marked is getattr(function, "__func__", None))
