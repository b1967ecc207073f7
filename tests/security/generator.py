"""Generator of documents that the API accepts, which climbs towards those that cost most for their points."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from schema.root import GRAPHQL_SCHEMA
from server.graphql import preparation
from server.graphql.documents import prepare
from server.graphql.limits import DEPTH_MAX
from tests.schema.introspection import GRAPHQL

_TEXTS = ("a", "padaria", "01", "%", "ã", "qzx", "12345678")
_YEARS = (2000, 2026, 2099)
"""Before, within and after the data."""

_NUMBERS = (1, 10, 50, 100)
_COPIES_MAX = 90
_RESTART = 20
"""Rounds after which a climb begins anew."""

Fields = dict[str, GraphQLField]


@dataclass(frozen=True, slots=True)
class Selection:
    """Field that is selected, as often as `copies` says under other names, and what is selected below it."""

    name: str
    type_name: str
    arguments: str = ""
    copies: int = 1
    below: tuple["Selection", ...] = ()

    def written(self, names: Iterator[int]) -> str:
        """Return the text of the selection."""
        called = f"({self.arguments})" if self.arguments else ""
        return " ".join(f"a{next(names)}: {self.name}{called}{_braced(self.below, names)}" for _ in range(self.copies))


Selections = tuple[Selection, ...]


@dataclass(slots=True)
class Generator:
    """Source of random documents and of their variations.

    `ids` are some of objects that exist, which arguments of that name get.
    """

    random: Random
    ids: Sequence[str] = ("x",)
    fields: dict[str, Fields] = field(default_factory=dict)

    def document(self) -> Selections:
        """Return a small random document."""
        return tuple(self._selection("Query", 0) for _ in range(self.random.randint(1, 3)))

    def varied(self, document: Selections) -> Selections:
        """Return the document with one to three changes, each somewhere in it."""
        for _ in range(self.random.randint(1, 3)):
            document = self._varied(document, "Query", 0)
        return document

    def _varied(self, selections: Selections, parent: str, depth: int) -> Selections:
        if not selections or (self.random.random() < 0.3 and depth < DEPTH_MAX - 2):
            return (*selections, self._selection(parent, depth))
        place = self.random.randrange(len(selections))
        chosen = selections[place]
        if len(selections) > 1 and self.random.random() < 0.1:
            return (*selections[:place], *selections[place + 1 :])
        if chosen.below and self.random.random() < 0.6:
            changed = replace(chosen, below=self._varied(chosen.below, chosen.type_name, depth + 1))
        else:
            changed = self._changed(chosen, parent, depth)
        return (*selections[:place], changed, *selections[place + 1 :])

    def _changed(self, chosen: Selection, parent: str, depth: int) -> Selection:
        change = self.random.choice(["copies", "more", "arguments", "arguments", "other"])
        if change == "copies":
            return replace(chosen, copies=self.random.randint(1, _COPIES_MAX))
        if change == "more":
            return replace(chosen, copies=min(_COPIES_MAX, chosen.copies * 2))
        if change == "arguments":
            return replace(chosen, arguments=self._arguments(self._usable(parent)[chosen.name]))
        return self._selection(parent, depth)

    def _selection(self, parent: str, depth: int) -> Selection:
        names = self._usable(parent)
        # Lists and objects cost more than values, of which every type has many.
        objects = [name for name, each in names.items() if not is_leaf_type(get_named_type(each.type))]
        wants_object = bool(objects) and depth < 8 and self.random.random() < 0.6
        leaves = [name for name in names if name not in objects]
        name = self.random.choice(objects if wants_object or not leaves else leaves)
        type_ = get_named_type(names[name].type)
        arguments = self._arguments(names[name])
        if is_leaf_type(type_):
            return Selection(name, type_.name, arguments)
        below = tuple(self._selection(type_.name, depth + 1) for _ in range(self.random.randint(1, 3)))
        return Selection(name, type_.name, arguments, below=below)

    def _arguments(self, chosen: GraphQLField) -> str:
        """Return values of the required arguments and of some others."""
        given = {
            name: each.type
            for name, each in chosen.args.items()
            if is_required_argument(each)
            or (name == "first" and self.random.random() < 0.8)
            or (name in {"filter", "sort", "last"} and self.random.random() < 0.3)
        }
        if "first" in given:
            given.pop("last", None)
        return ", ".join(f"{name}: {self._value(name, of_type)}" for name, of_type in given.items())

    def _value(self, name: str, of_type: GraphQLType) -> str:
        bare = get_nullable_type(of_type)  # type: ignore[call-overload]  # An input's type is a type.
        if is_list_type(bare):
            return f"[{', '.join(self._value(name, bare.of_type) for _ in range(self.random.randint(1, 10)))}]"
        if isinstance(bare, GraphQLInputObjectType):
            names = [each for each, given in bare.fields.items() if is_required_input_field(given)]
            others = [each for each in bare.fields if each not in names]
            names += self.random.sample(others, min(len(others), self.random.randint(1, 2)))
            return f"{{ {', '.join(f'{each}: {self._value(each, bare.fields[each].type)}' for each in names)} }}"
        if isinstance(bare, GraphQLEnumType):
            return str(self.random.choice(list(bare.values)))
        written: Mapping[str, Callable[[], str]] = {
            "Int": lambda: str(self.random.choice(_NUMBERS)),
            "Boolean": lambda: self.random.choice(["true", "false"]),
            "ID": lambda: json.dumps(self.random.choice(self.ids)),
            "Date": lambda: f'"{self.random.choice(_YEARS)}-01-01"',
            "DateTime": lambda: f'"{self.random.choice(_YEARS)}-01-01T00:00:00Z"',
        }
        found = written.get(str(bare))
        return json.dumps(self.random.choice(_TEXTS), ensure_ascii=False) if found is None else found()

    def _usable(self, parent: str) -> Fields:
        """Return the fields of a type that lead to some value, and whose arguments are known here."""
        if parent not in self.fields:
            of = GRAPHQL.type_map[parent]
            assert isinstance(of, GraphQLObjectType | GraphQLInterfaceType)
            self.fields[parent] = {
                name: each
                for name, each in of.fields.items()
                if is_leaf_type(get_named_type(each.type))
                or isinstance(get_named_type(each.type), GraphQLObjectType | GraphQLInterfaceType)
            }
        return self.fields[parent]


def text(document: Selections) -> str:
    """Return the text of a document."""
    return _braced(document, iter(range(10**9)))


def _braced(selections: Selections, names: Iterator[int]) -> str:
    return f"{{ {' '.join(each.written(names) for each in selections)} }}" if selections else ""


def points(document: str) -> int | None:
    """Return what a request with the document costs, if it was prepared before; None if it is refused."""
    operations = list(prepare(GRAPHQL_SCHEMA, document).operations.values())
    return operations[0].points({}) if operations else None


class Spent(NamedTuple):
    """Counted work of a document: when it is new, and when it was prepared before."""

    first: int
    again: int


class Measured(NamedTuple):
    """Document with what it costs, and what it took."""

    document: str
    points: int
    spent: Spent

    @property
    def new_points(self) -> int:
        """The points of a request with the new document."""
        return self.points + preparation.points(self.document)

    @property
    def per_point(self) -> float:
        """Most work for each point, new or again."""
        return max(self.spent.again / self.points, self.spent.first / self.new_points)


def climbed(generator: Generator, rounds: int, spent_on: Callable[[str], Spent | None]) -> list[Measured]:
    """Return the accepted documents of a climb; `spent_on` measures one, and returns None if it is refused.

    It keeps a document that takes more than the one before, by work for each point and by work in turns, and
    begins anew from time to time.
    """
    found = list[Measured]()
    best: tuple[Measured, Selections] | None = None
    for number in range(rounds):
        if number % _RESTART == 0:
            best = None
        document = generator.document() if best is None else generator.varied(best[1])
        written = text(document)
        cost = points(written) if len(written) < 90_000 else None
        spent = None if cost is None else spent_on(written)
        if cost is None or spent is None:
            continue
        measured = Measured(written, cost, spent)
        found.append(measured)
        by_points = number // _RESTART % 2 == 0
        if best is None or (measured.per_point > best[0].per_point if by_points else spent.first > best[0].spent.first):
            best = measured, document
    return found
