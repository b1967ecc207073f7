"""Resolution of a field for a batch: by the objects' attributes, a batch resolver, or one by one."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice
from operator import attrgetter

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from breadth.batch_resolvers import BatchResolver, batched
from breadth.row_batch import RowBatch, Sources
from breadth.values import Column, Value

Read = Callable[[Sources], Sources]
"""Returns a value for each object; an exception for one that can't be read."""

Adapter = Callable[[GraphQLField, GraphQLSchema], "Resolution | None"]
"""Returns how the values of a field of a framework's schema are had; None for graphql-core's way."""

ADAPTERS: dict[str, Adapter] = {}
"""By the name that a framework gives to what it keeps in the extensions of its fields."""


class Resolution:
    """One by one, by the field's ordinary resolver, or by one that does the same with less ado."""

    __slots__ = ("reads", "resolve")
    shareable = False
    calls: bool = False
    """Whether what is read of an object is called for each of its paths, if it can be."""
    of_each: bool = False
    """Whether the value of each object depends on that object only, and none is awaited."""

    def __init__(self, resolve: Callable[..., Value] | None = None, *, reads: frozenset[str] | None = None) -> None:
        """Name the resolver in place of the field's own, and the attributes of the objects that it reads."""
        self.resolve, self.reads = resolve, reads

    @staticmethod
    def of(definition: GraphQLField, name: str, parent_type: GraphQLObjectType, schema: GraphQLSchema) -> "Resolution":
        """Return how the values of that field are had."""
        if name == "__typename":
            return Attribute(lambda objects: [parent_type.name] * len(objects), reads=frozenset())
        extensions = definition.extensions
        if extensions:
            batch = batched(definition)
            if batch is not None:
                return BatchFunction(batch.resolver, reads=batch.reads)
            for key, adapter in ADAPTERS.items():
                found = adapter(definition, schema) if key in extensions else None
                if found is not None:
                    return found
        return _default(name) if definition.resolve is None else STOCK


STOCK = Resolution()
"""By the field's own resolver."""


class Attribute(Resolution):
    """Read from the objects, all of them in one pass and each of them once."""

    __slots__ = ("calls", "name", "read")
    shareable = of_each = True

    def __init__(self, read: Read, *, reads: frozenset[str], name: str | None = None, calls: bool = False) -> None:
        """Name the function that reads a batch, and whether what it reads is called if it can be.

        An attribute that is read as `getattr` does has a name too.
        """
        super().__init__(reads=reads)
        self.read, self.name, self.calls = read, name, calls


class BatchFunction(Resolution):
    """From a batch resolver, called once for all the objects."""

    __slots__ = ("needs_info", "of_each", "resolver")
    shareable = True

    def __init__(
        self,
        resolver: BatchResolver,
        *,
        needs_info: bool = True,
        reads: frozenset[str] | None = None,
        of_each: bool = False,
    ) -> None:
        """Name the resolver, which is called with None if it needs no info."""
        super().__init__(reads=reads)
        self.resolver, self.needs_info, self.of_each = resolver, needs_info, of_each


def attribute(name: str) -> Attribute:
    """Return what reads the attribute as `getattr` does."""
    get = attrgetter(name)

    def read(objects: Sources) -> Sources:
        return read_each(get, objects) if isinstance(objects, list) else _of_row_batch(get, objects, name)

    return Attribute(read, reads=frozenset({name}), name=name)


def read_each(get: Callable[[Value], Value], objects: Column) -> Column:
    """Return what `get` reads of each object, which is asked once unless it raises StopIteration; errors are values."""
    values: Column = []
    try:
        values += map(get, objects)
    except Exception as error:
        return read_on(get, objects, values, error)
    return values if len(values) == len(objects) else read_past_stop(get, objects, values)


def read_on(get: Callable[[Value], Value], objects: Column, values: Column, first: Value) -> Column:
    """Read the objects after the one that failed first, for which `first` is the value."""
    rest = islice(objects, len(values) + 1, None)
    values.append(first)
    while len(values) < len(objects):
        try:
            values += map(get, rest)
        except Exception as another:
            values.append(another)
        else:
            if len(values) < len(objects):
                values.append(_stop_of(get, objects[len(values)]))
    return values


def read_past_stop(get: Callable[[Value], Value], objects: Column, values: Column) -> Column:
    """Read on after values that a StopIteration of an object ended, as the end of all objects would."""
    return read_on(get, objects, values, _stop_of(get, objects[len(values)]))


def _stop_of(get: Callable[[Value], Value], source: Value) -> Exception:
    """Return the StopIteration of the object, which is asked again: what ends an iteration is lost."""
    try:
        get(source)
    except Exception as error:
        return error
    return StopIteration()


def _of_row_batch(get: Callable[[Value], Value], rows: RowBatch, name: str) -> Sources:
    try:
        return rows.column(name)
    except Exception:
        # It is not known for which object.
        return read_each(get, list(rows))


@lru_cache(2_000)
def _may_be_mapping(kind: type) -> bool:
    """Return whether an object of the class may be a mapping, or says so of itself as proxies do."""
    return issubclass(kind, Mapping) or any("__class__" in vars(each) for each in kind.__mro__[:-1])


@lru_cache(2_000)
def _default(name: str) -> Attribute:
    """Return what reads as graphql-core's default resolver does, apart from calling what can be called."""

    def get(source: Value) -> Value:
        return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)

    fast = attrgetter(name)

    def read(objects: Sources) -> Sources:
        if not isinstance(objects, list):
            return _of_row_batch(get, objects, name)
        kinds = set(map(type, objects))
        if kinds == {dict}:
            return [each.get(name) for each in objects]
        if any(map(_may_be_mapping, kinds)):
            return read_each(get, objects)
        values: Column = []
        try:
            values += map(fast, objects)
        except AttributeError:
            return read_on(get, objects, values, None)
        except Exception as error:
            return read_on(get, objects, values, error)
        return values if len(values) == len(objects) else read_past_stop(get, objects, values)

    return Attribute(read, reads=frozenset({name}), calls=True)
