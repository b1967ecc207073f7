"""How the values of a field are had for a level: read from the objects, from a level resolver, or one by one."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema

from breadth.batch_resolvers import LEVEL, READS, LevelResolver
from breadth.column_batch import Sources

_STRAWBERRY = "strawberry-definition"


class Resolution:
    """One by one, by the field's ordinary resolver, or by one that does the same with less ado."""

    __slots__ = ("reads", "resolve")
    shareable = False

    def __init__(self, resolve: Callable[..., Any] | None = None, *, reads: frozenset[str] | None = None) -> None:
        """Name the resolver in the place of the field's own, and the attributes of the objects that it reads."""
        self.resolve, self.reads = resolve, reads

    @staticmethod
    def of(definition: GraphQLField, name: str, parent_type: GraphQLObjectType, schema: GraphQLSchema) -> "Resolution":
        """How the values of that field are had."""
        if name == "__typename":
            return Attribute(lambda objects: [parent_type.name] * len(objects), reads=frozenset())
        if LEVEL in definition.extensions:
            return Level(definition.extensions[LEVEL], reads=definition.extensions[READS])
        if _STRAWBERRY in definition.extensions:
            # Only who uses Strawberry has it installed.
            from breadth import strawberry  # noqa: PLC0415

            return strawberry.resolution(definition, schema)
        return Attribute(_default(name), reads=frozenset({name})) if definition.resolve is None else Resolution()


class Attribute(Resolution):
    """Read from the objects, all of them in one pass."""

    __slots__ = ("name", "read")
    shareable = True

    def __init__(
        self, read: Callable[[Sources], Sources | None], *, reads: frozenset[str], name: str | None = None
    ) -> None:
        """Name the function that reads a level, or None where it has to be read one by one.

        Where it does no more than `getattr` does, the attribute is named too.
        """
        super().__init__(reads=reads)
        self.read, self.name = read, name

    def values(self, objects: Sources) -> Sources | None:
        """The values of the objects; None where reading failed for one of them, so that they are read one by one."""
        try:
            return self.read(objects)
        except Exception:  # noqa: BLE001 — told once it is known for which object.
            return None


class Level(Resolution):
    """From a level resolver, called once for all the objects."""

    __slots__ = ("needs_info", "resolver")
    shareable = True

    def __init__(
        self, resolver: LevelResolver, *, needs_info: bool = True, reads: frozenset[str] | None = None
    ) -> None:
        """Name the resolver, which is called with None where it needs no info."""
        super().__init__(reads=reads)
        self.resolver, self.needs_info = resolver, needs_info


def attribute(name: str) -> Attribute:
    """Reads the attribute as `getattr` does."""
    get = attrgetter(name)

    def read(objects: Sources) -> Sources:
        return list(map(get, objects)) if isinstance(objects, list) else objects.column(name)

    return Attribute(read, reads=frozenset({name}), name=name)


def _default(name: str) -> Callable[[Sources], Sources | None]:
    """Reads as graphql-core's default resolver does: mappings by key, and nothing that has to be called."""
    get = attrgetter(name)

    def read(objects: Sources) -> Sources | None:
        values: Sources
        if not isinstance(objects, list):
            values = objects.column(name)
            return None if any(map(callable, values)) else values
        kinds = set(map(type, objects))
        if kinds == {dict}:
            values = [each.get(name) for each in objects]
        elif any(issubclass(kind, Mapping) for kind in kinds):
            return None
        else:
            values = list(map(get, objects))
        return None if any(map(callable, values)) else values

    return read
