"""Random documents of a schema, with fragments, pages, filters, and selections that variables switch."""

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

FILTERS = {
    "ClientFilter": {**dict.fromkeys(("search", "name", "city"), "String"), "updatedSince": "DateTime"},
    "ActivationFilter": {
        **dict.fromkeys(("search", "clientName", "note", "cnpj"), "String"),
        "activatedById": "ID",
        "updatedSince": "DateTime",
    },
    "OrderFilter": {"createdById": "ID", "number": "Int"},
}
KEYS = {
    "ClientSort": ("NAME", "CNPJ", "LAST_ACTIVATED_AT", "UPDATED_AT"),
    "ActivationSort": ("ACTIVATED_AT", "CLIENT_NAME", "UPDATED_AT"),
    "OrderSort": ("NUMBER", "CREATED_AT"),
}
VALUES = {"String": "x", "ID": "x", "Int": 1, "DateTime": "2026-01-01T00:00:00Z"}


@dataclass(slots=True)
class Generated:
    """Text of a document with one operation, and values of its variables."""

    text: str
    variables: dict[str, Any]


@dataclass(slots=True)
class _Writer:
    schema: GraphQLSchema
    rng: Random
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    def selections(self, of_type: object, depth: int) -> str:
        """Return a selection set of the type."""
        assert isinstance(of_type, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
        parts = ["__typename"] if self.rng.random() < 0.5 else []
        if not isinstance(of_type, GraphQLUnionType):
            names = [name for name, each in of_type.fields.items() if self._fits(each, depth)]
            chosen = self.rng.sample(names, min(len(names), self.rng.randint(1, 4)))
            parts += [self._field(name, of_type.fields[name], depth) for name in chosen]
        if not isinstance(of_type, GraphQLObjectType):
            possible = self.schema.get_possible_types(of_type)
            for each in self.rng.sample(possible, min(2, len(possible))):
                parts.append(f"... on {each.name} {self.selections(each, depth - 1)}")
        elif depth > 0 and self.rng.random() < 0.3:
            name = f"F{len(self.fragments)}"
            self.fragments.append("")
            self.fragments[int(name[1:])] = f"fragment {name} on {of_type.name} {self.selections(of_type, depth - 1)}"
            parts += [f"...{name}{self._switch()}"] * self.rng.randint(1, 2)
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def _fits(self, of_field: GraphQLField, depth: int) -> bool:
        needed = [name for name, each in of_field.args.items() if is_required_argument(each)]
        return set(needed) <= {"id", "ids"} and (depth > 0 or not is_composite_type(get_named_type(of_field.type)))

    def _field(self, name: str, of_field: GraphQLField, depth: int) -> str:
        self.aliases += 1
        given = []
        if "id" in of_field.args and is_required_argument(of_field.args["id"]):
            given.append('id: "x"')
        if "ids" in of_field.args:
            given.append(f"ids: {self._value('[ID!]!', ['x'] * self.rng.randint(0, 9))}")
        given += [
            f"{argument}: {self._value('Int', self.rng.choice([None, 0, 3, 40, 100]))}"
            for argument in ("first", "last")
            if argument in of_field.args and self.rng.random() < 0.5
        ]
        if "sort" in of_field.args:
            given.append(self._sort(str(get_named_type(of_field.args["sort"].type))))
        if "filter" in of_field.args and self.rng.random() < 0.5:
            given.append(self._filter(str(get_named_type(of_field.args["filter"].type))))
        arguments = f"({', '.join(each for each in given if each)})" if any(given) else ""
        named = get_named_type(of_field.type)
        below = self.selections(named, depth - 1) if is_composite_type(named) else ""
        return f"a{self.aliases}: {name}{arguments}{self._switch()} {below}"

    def _sort(self, of_type: str) -> str:
        if of_type not in KEYS:
            return ""
        by = self.rng.choice(KEYS[of_type])
        key = by if self.rng.random() < 0.5 else self._variable(f"{of_type}Key! = {by}", by)
        written = [f"{{by: {key}}}", self._variable(of_type, {"by": by}), self._variable(of_type, None), "{}", "null"]
        return f"sort: {self.rng.choice(written)}"

    def _filter(self, of_type: str) -> str:
        if of_type not in FILTERS:
            return ""
        types = FILTERS[of_type]
        names = self.rng.sample([*types], 2)
        values = {name: VALUES[types[name]] if self.rng.random() < 0.7 else None for name in names}
        if self.rng.random() < 0.5:
            return f"filter: {self._variable(of_type, values)}"
        written = ", ".join(f"{name}: {self._value(types[name], value)}" for name, value in values.items())
        return f"filter: {{{written}}}"

    def _value(self, of_type: str, value: Any) -> str:  # noqa: ANN401 — any JSON.
        """Return the value as a variable or as a literal."""
        if self.rng.random() < 0.5:
            return self._variable(of_type, value)
        return json.dumps(value)

    def _variable(self, of_type: str, value: Any) -> str:  # noqa: ANN401 — any JSON.
        name = f"v{len(self.variables)}"
        self.variables[name] = (of_type, value)
        return f"${name}"

    def _switch(self) -> str:
        if self.rng.random() < 0.8:
            return ""
        name, on = self.rng.choice(["include", "skip"]), self.rng.random() < 0.5
        switches = sum(of_type == "Boolean!" for of_type, _ in self.variables.values())
        value = self._variable("Boolean!", on) if switches < 6 and self.rng.random() < 0.7 else str(on).lower()
        return f" @{name}(if: {value})"


def document(schema: GraphQLSchema, rng: Random, *, depth: int = 5) -> Generated:
    """Return a random query."""
    writer = _Writer(schema, rng)
    below = writer.selections(schema.query_type, depth)
    declared = ", ".join(f"${name}: {of_type}" for name, (of_type, _) in writer.variables.items())
    head = f"query Q({declared})" if declared else "query Q"
    text = " ".join([head, below, *writer.fragments])
    return Generated(text, {name: value for name, (_, value) in writer.variables.items()})
