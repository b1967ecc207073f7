"""Limits of input values, measured before use: each variable once, however often it is used."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    StringValueNode,
    TokenKind,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_nullable_type,
    is_input_type,
    is_list_type,
    type_from_ast,
)

from domain.errors import BadUserInput
from schema import lengths
from schema.lengths import Limit

_TEXTS = frozenset({TokenKind.STRING, TokenKind.BLOCK_STRING, TokenKind.INT, TokenKind.FLOAT})

Selected = tuple[str, GraphQLField, FieldNode]
"""Field that an operation selects: its coordinate, definition and node."""


class Excess(NamedTuple):
    """Value that exceeds its limit, with its path in the input."""

    unit: str
    found: int
    most: int
    path: tuple[str | int, ...] = ()

    def under(self, key: str | int) -> "Excess":
        """Return the same one level up."""
        return self._replace(path=(key, *self.path))

    def complaint(self, name: str, **named: str) -> BadUserInput:
        """Return the error that names the value and its limit."""
        whole = ".".join([name, *map(str, self.path)])
        message = f"“{whole}” can have at most {self.most:,} {self.unit}, not {self.found:,}."
        unit = {"characters": "Length", "entries": "Entries", "fields": "Fields"}[self.unit]
        facts = {f"max{unit}": self.most, unit.lower(): self.found}
        return BadUserInput(message, **named, **facts)


Measure = Callable[[Any], Excess | None]
"""Function that finds the first part of a JSON value that exceeds its limit."""


class Variables:
    """Limits of an operation's variables."""

    def __init__(
        self, schema: GraphQLSchema, definitions: Iterable[VariableDefinitionNode], uses: Mapping[str, "Use"]
    ) -> None:
        """Find the limits of each variable in the places of its use."""
        self._measures: list[tuple[str, Measure, VariableDefinitionNode, str | None]] = []
        for definition in definitions:
            name = definition.variable.name.value
            of_type = type_from_ast(schema, definition.type)
            if not is_input_type(of_type):
                continue
            use = uses.get(name)
            # A place may allow more than its type does elsewhere.
            limit = lengths.of_type_alone(of_type) if use is None else use.limit
            measure = _measure(of_type, limit, {})
            if measure is not None:
                self._measures.append((name, measure, definition, None if use is None else use.argument))

    def error(self, given: Mapping[str, Any]) -> GraphQLError | None:
        """Return the error of the first variable that exceeds its limit."""
        for name, measure, definition, argument in self._measures:
            value = given.get(name)
            if value is not None and (excess := measure(value)) is not None:
                named = {"variable": ".".join([name, *map(str, excess.path)])}
                if argument is not None:
                    named["argument"] = ".".join([argument, *map(str, excess.path)])
                complaint = excess.complaint(f"${name}", **named)
                return GraphQLError(str(complaint), definition, original_error=complaint)
        return None


class Use(NamedTuple):
    """Tightest limit of a variable's uses, with the argument that has it."""

    limit: Limit
    argument: str


class Literals:
    """Literals of an operation, and uses of its variables. Invalid ones are left to validation."""

    def __init__(
        self, schema: GraphQLSchema, fields: Iterable[Selected], definitions: Iterable[VariableDefinitionNode]
    ) -> None:
        """Measure the arguments of fields, and the defaults of variables."""
        self.error: GraphQLError | None = None
        """Error of the first literal that exceeds its limit."""
        self.uses: dict[str, Use] = {}
        for coordinate, field, node in fields:
            for given in node.arguments or ():
                name = given.name.value
                argument = field.args.get(name)
                if argument is not None:
                    limit = lengths.of(f"{coordinate}({name}:)", argument.type)
                    self._value(given.value, argument.type, limit, (name,), "argument")
        for variable in definitions:
            of_type = type_from_ast(schema, variable.type)
            if variable.default_value is not None and is_input_type(of_type):
                name = variable.variable.name.value
                limit = self.uses[name].limit if name in self.uses else lengths.of_type_alone(of_type)
                self._value(variable.default_value, of_type, limit, (name,), "variable")

    def _value(
        self, node: ValueNode, of_type: GraphQLInputType, limit: Limit, path: tuple[str | int, ...], kind: str
    ) -> None:
        if isinstance(node, VariableNode):
            self._use(node.name.value, limit, path)
        elif isinstance(node, ListValueNode):
            self._check(node, Excess("entries", len(node.values), limit.entries), path, kind)
            inner: Any = get_nullable_type(of_type)
            for index, value in enumerate(node.values):
                self._value(value, inner.of_type if is_list_type(inner) else inner, limit, (*path, index), kind)
        elif isinstance(node, ObjectValueNode):
            self._object(node, of_type, path, kind)
        elif isinstance(node, StringValueNode | IntValueNode | FloatValueNode | EnumValueNode):
            self._check(node, Excess("characters", len(node.value), limit.characters), path, kind)

    def _object(self, node: ObjectValueNode, of_type: GraphQLInputType, path: tuple[str | int, ...], kind: str) -> None:
        inner: Any = get_nullable_type(of_type)
        while is_list_type(inner):
            inner = get_nullable_type(inner.of_type)
        if isinstance(inner, GraphQLInputObjectType):
            # Validation repeats the whole object in the error of each unknown field.
            self._check(node, Excess("fields", len(node.fields), lengths.ENTRIES_MAX), path, kind)
            for field in node.fields:
                name = field.name.value
                definition = inner.fields.get(name)
                if definition is not None:
                    limit = lengths.of(f"{inner.name}.{name}", definition.type)
                    self._value(field.value, definition.type, limit, (*path, name), kind)

    def _use(self, name: str, limit: Limit, path: tuple[str | int, ...]) -> None:
        before = self.uses.get(name)
        if before is None:
            self.uses[name] = Use(limit, ".".join(map(str, path)))
        elif (both := before.limit.tighter(limit)) != before.limit:
            self.uses[name] = Use(both, ".".join(map(str, path)))

    def _check(self, node: ValueNode, size: Excess, path: Sequence[str | int], kind: str) -> None:
        # Report one error, however many literals exceed their limits.
        if size.found > size.most and self.error is None:
            name = ".".join(map(str, path))
            complaint = size.complaint(name, **{kind: name})
            self.error = GraphQLError(str(complaint), node, original_error=complaint)


def too_long_literals(ast: DocumentNode) -> list[GraphQLError]:
    """Return the error of a document with a literal that is too long, also in a place that allows longer texts."""
    token = ast.loc.start_token if ast.loc is not None else None
    while token is not None:
        if token.kind in _TEXTS and len(token.value or "") > lengths.TEXT_MAX:
            found = f"{lengths.TEXT_MAX:,} characters, not {len(token.value or ''):,}"
            message = f"A literal can have at most {found}; send a longer text in a variable."
            complaint = BadUserInput(message, maxLength=lengths.TEXT_MAX, length=len(token.value or ""))
            source = ast.loc.source if ast.loc is not None else None
            return [GraphQLError(message, None, source, [token.start], original_error=complaint)]
        token = token.next
    return []


def _measure(of_type: GraphQLInputType, limit: Limit, known: dict[str, Measure]) -> Measure | None:
    """Return the function that measures values of the type; None if they have no limit."""
    inner: Any = get_nullable_type(of_type)
    if is_list_type(inner):
        return _of_list(_measure(inner.of_type, limit, known), limit.entries)
    if isinstance(inner, GraphQLInputObjectType):
        return known.get(inner.name) or _of_object(inner, known)
    return None if inner.name == "Boolean" else _of_text(limit.characters)


def _of_text(most: int) -> Measure:
    def measure(value: object) -> Excess | None:
        if type(value) is str and len(value) > most:
            return Excess("characters", len(value), most)
        return None

    return measure


def _of_list(of_entry: Measure | None, most: int) -> Measure:
    def measure(value: object) -> Excess | None:
        if type(value) is not list:
            return None if of_entry is None else of_entry(value)
        if len(value) > most:
            return Excess("entries", len(value), most)
        if of_entry is not None:
            for index, entry in enumerate(value):
                if (excess := of_entry(entry)) is not None:
                    return excess.under(index)
        return None

    return measure


def _of_object(of_type: GraphQLInputObjectType, known: dict[str, Measure]) -> Measure:
    of_fields: dict[str, Measure] = {}

    def measure(value: object) -> Excess | None:
        if type(value) is not dict:
            return None
        # Unknown fields are refused one by one, unless there are very many.
        if len(value) > lengths.ENTRIES_MAX:
            return Excess("fields", len(value), lengths.ENTRIES_MAX)
        for name, part in value.items():
            of_field = of_fields.get(name)
            if of_field is not None and (excess := of_field(part)) is not None:
                return excess.under(name)
        return None

    # A type may have fields of its own type.
    known[of_type.name] = measure
    for name, field in of_type.fields.items():
        of_field = _measure(field.type, lengths.of(f"{of_type.name}.{name}", field.type), known)
        if of_field is not None:
            of_fields[name] = of_field
    return measure
