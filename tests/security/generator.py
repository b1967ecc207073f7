"""Generator of documents that the API accepts, which climbs towards those that cost most for their figures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse,
)

from schema.root import GRAPHQL_SCHEMA
from server.graphql.costs import Cost
from server.graphql.limits import DEPTH_MAX
from tests.schema.introspection import GRAPHQL

_SEARCHES = ["a", "padaria", "01", "%", "ã"]
_ORDERS = "ASC", "DESC"

Fields = dict[str, GraphQLField]


@dataclass(frozen=True, slots=True)
class Selection:
    """Field that is selected, as often as `copies` says under other names, and what is selected below it."""

    name: str
    type_name: str
    first: int | None = None
    search: str | None = None
    copies: int = 1
    below: tuple["Selection", ...] = ()

    def written(self, names: Iterator[int]) -> str:
        """Return the text of the selection."""
        arguments = ", ".join(
            part
            for part in (
                "" if self.first is None else f"first: {self.first}",
                "" if self.search is None else f'filter: {{ search: "{self.search}" }}',
            )
            if part
        )
        called = f"({arguments})" if arguments else ""
        return " ".join(f"a{next(names)}: {self.name}{called}{_braced(self.below, names)}" for _ in range(self.copies))


@dataclass(slots=True)
class Generator:
    """Source of random documents and of their variations."""

    random: Random
    fields: dict[str, Fields] = field(default_factory=dict)

    def document(self) -> tuple[Selection, ...]:
        """Return a small random document."""
        return tuple(self._selection("Query", 0) for _ in range(self.random.randint(1, 3)))

    def varied(self, document: tuple[Selection, ...]) -> tuple[Selection, ...]:
        """Return the document with one to three changes, each somewhere in it."""
        for _ in range(self.random.randint(1, 3)):
            document = self._varied(document, "Query", 0)
        return document

    def _varied(self, selections: tuple[Selection, ...], parent: str, depth: int) -> tuple[Selection, ...]:
        if not selections or (self.random.random() < 0.3 and depth < DEPTH_MAX - 2):
            return (*selections, self._selection(parent, depth))
        place = self.random.randrange(len(selections))
        chosen = selections[place]
        if chosen.below and self.random.random() < 0.6:
            changed = replace(chosen, below=self._varied(chosen.below, chosen.type_name, depth + 1))
        else:
            changed = self._changed(chosen, parent, depth)
        return (*selections[:place], changed, *selections[place + 1 :])

    def _changed(self, chosen: Selection, parent: str, depth: int) -> Selection:
        change = self.random.choice(["copies", "more", "first", "search", "other"])
        if change == "copies":
            return replace(chosen, copies=self.random.randint(1, 90))
        if change == "more":
            return replace(chosen, copies=min(90, chosen.copies * 2))
        if change == "first" and chosen.first is not None:
            return replace(chosen, first=self.random.choice([1, 10, 50, 100]))
        if change == "search" and "search" in self._searchable(parent, chosen.name):
            return replace(chosen, search=self.random.choice(_SEARCHES))
        return self._selection(parent, depth)

    def _selection(self, parent: str, depth: int) -> Selection:
        names = self._usable(parent)
        # Lists and objects cost more than values, of which every type has many.
        objects = [name for name, each in names.items() if not is_leaf_type(get_named_type(each.type))]
        wants_object = bool(objects) and depth < 8 and self.random.random() < 0.6
        leaves = [name for name in names if name not in objects]
        name = self.random.choice(objects if wants_object or not leaves else leaves)
        chosen, type_ = names[name], get_named_type(names[name].type)
        first = self.random.choice([10, 100]) if "first" in chosen.args else None
        if is_leaf_type(type_):
            return Selection(name, type_.name)
        below = tuple(self._selection(type_.name, depth + 1) for _ in range(self.random.randint(1, 3)))
        return Selection(name, type_.name, first=first, below=below)

    def _usable(self, parent: str) -> Fields:
        """Return the fields of a type that can be selected without arguments, and that lead to some value."""
        if parent not in self.fields:
            of = GRAPHQL.type_map[parent]
            assert isinstance(of, GraphQLObjectType | GraphQLInterfaceType)
            self.fields[parent] = {
                name: each
                for name, each in of.fields.items()
                if (
                    not any(map(is_required_argument, each.args.values()))
                    and isinstance(get_named_type(each.type), GraphQLObjectType | GraphQLInterfaceType)
                )
                or (is_leaf_type(get_named_type(each.type)) and not each.args)
            }
        return self.fields[parent]

    @staticmethod
    def _searchable(parent: str, name: str) -> set[str]:
        of = GRAPHQL.type_map[parent]
        taken = of.fields[name].args.get("filter") if isinstance(of, GraphQLObjectType) else None
        return set(getattr(get_named_type(taken.type), "fields", ())) if taken is not None else set()


def text(document: tuple[Selection, ...]) -> str:
    """Return the text of a document."""
    return _braced(document, iter(range(10**9)))


def _braced(selections: tuple[Selection, ...], names: Iterator[int]) -> str:
    return f"{{ {' '.join(each.written(names) for each in selections)} }}" if selections else ""


def points(document: str) -> int:
    """Return what the API estimates that a document costs: the number of objects and values it can select."""
    (operation,) = parse(document).definitions
    return Cost(GRAPHQL_SCHEMA, operation, {}).most.size  # type: ignore[arg-type]  # It is an operation.


class Measured(NamedTuple):
    """Document, and the seconds of processor time that its answer took."""

    seconds: float
    document: str
    points: int

    @property
    def per_point(self) -> float:
        """Seconds for each point, of which a small document has a thousand for all that any request takes."""
        return self.seconds / (self.points + 1_000)


def climbed(seed: int, rounds: int, seconds_of: Callable[[str], float | None]) -> list[Measured]:
    """Return the accepted documents of a climb; `seconds_of` measures one, and returns None if it is refused.

    It keeps a document that costs more than the one before, by seconds and by seconds for each point in turns, and
    begins anew from time to time.
    """
    generator, found = Generator(Random(seed)), list[Measured]()  # noqa: S311 — it has to be repeatable.
    best: tuple[Measured, tuple[Selection, ...]] | None = None
    for number in range(rounds):
        if number % 25 == 0:
            best = None
        document = generator.document() if best is None else generator.varied(best[1])
        written = text(document)
        seconds = seconds_of(written) if len(written) < 90_000 else None
        if seconds is None:
            continue
        measured = Measured(seconds, written, points(written))
        found.append(measured)
        by_points = number // 25 % 2
        if best is None or (
            measured.per_point > best[0].per_point if by_points else measured.seconds > best[0].seconds
        ):
            best = measured, document
    return found
