"""Documents for `features` with what generators of queries leave out: directives, fragments, merges, variables."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

Draw = st.DrawFn

DEPTH = 4
ROWS_MAX = 3
"""Maximum length of a list in `worlds`."""
COMPOSITES = ("Row", "Item", "Note", "Point", "Named", "Kinded", "Slow", "Thing", "Chosen")
LEAVES = (
    "__typename",
    "int",
    "must",
    "float",
    "string",
    "boolean",
    "id",
    "color",
    "amount",
    "moment",
    "ints",
    "matrix",
)
"""A document asks for these more often than for the rest, which is a hundred fields."""


_PERCENT = st.integers(0, 99)
_SEVERAL = st.integers(1, 5)
_FEW = st.integers(1, 3)
_SWITCH = st.integers(0, 5)
_ALIAS = st.integers(0, 2)
_ITEMS = st.integers(0, 2)
_EITHER = st.booleans()
_NAMES = st.sampled_from([("include",), ("skip",), ("skip", "include")])
_WRONG: st.SearchStrategy[Any] = st.sampled_from([None, "wrong", 2**40, 1.5, True, [], [[None]], {"wrong": 1}])
"""Strategies are checked at their first use only, and a document is made of thousands of choices."""


@dataclass(frozen=True)
class Request:
    """A document and the values of its variables."""

    document: str
    variables: dict[str, Any]


@dataclass(frozen=True)
class _Fields:
    """Fields of a type that a document may ask for."""

    all: dict[str, GraphQLField]
    flat: tuple[str, ...]
    objects: tuple[str, ...]
    usual: tuple[str, ...]
    """`LEAVES` that the type has."""


@dataclass
class _Writing:
    """What was written of a document so far."""

    schema: GraphQLSchema
    ways: tuple[str, ...]
    arguments: dict[str, str] = field(default_factory=dict)
    """By response key: a key that occurs again must have the same arguments."""
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


@st.composite
def requests(
    draw: Draw, schema: GraphQLSchema, operation: OperationType = OperationType.QUERY, *, ways: tuple[str, ...] = ("",)
) -> Request:
    """A valid document and its variables, of fields whose names begin in these ways and of leaves."""
    writing = _Writing(schema, ways)
    root = schema.get_root_type(operation)
    assert root is not None
    selections = _selections(draw, writing, root.name, depth=0)
    propagates = " @experimental_disableErrorPropagation" if _chance(draw, 5) else ""
    declared = f"({', '.join(writing.variables.values())})" if writing.variables else ""
    fragments = [f"fragment {name} on {of} {body}" for name, (of, body) in writing.fragments.items()]
    document = "\n".join([f"{operation.value} Asked{declared}{propagates} {selections}", *fragments])
    return Request(document, writing.values)


def _chance(draw: Draw, percent: int) -> bool:
    """Whether something rare happens; examples shrink to what is usual."""
    return draw(_PERCENT) >= 100 - percent


def _selections(draw: Draw, writing: _Writing, of_type: str, *, depth: int) -> str:
    several = draw(_SEVERAL if depth < 2 else _FEW)
    return "{ " + " ".join(_selection(draw, writing, of_type, depth=depth) for _ in range(several)) + " }"


def _selection(draw: Draw, writing: _Writing, of_type: str, *, depth: int) -> str:
    is_union = of_type in {"Thing", "Chosen"}
    if of_type in COMPOSITES and _chance(draw, 12):
        return _spread(draw, writing, of_type, depth=depth)
    if (is_union and not _chance(draw, 10)) or (of_type in COMPOSITES and _chance(draw, 20)):
        on = draw(_any_of(("", *_overlapping(writing.schema, of_type))))
        condition = f" on {on}" if on else ""
        inner = _selections(draw, writing, on or of_type, depth=depth + 1) if depth < DEPTH else "{ __typename }"
        return f"...{condition}{_directives(draw, writing)} {inner}"
    return _field(draw, writing, of_type, depth=depth)


def _spread(draw: Draw, writing: _Writing, of_type: str, *, depth: int) -> str:
    """A fragment, which is one that another place spreads too where there is one that fits."""
    possible = _overlapping(writing.schema, of_type)
    known = [name for name, (on, _) in writing.fragments.items() if on in possible]
    if known and _chance(draw, 50):
        name = draw(st.sampled_from(known))
    else:
        on = draw(_any_of(possible))
        body = _selections(draw, writing, on, depth=depth + 1) if depth < DEPTH else "{ __typename }"
        name = f"F{len(writing.fragments)}"
        writing.fragments[name] = (on, body)
    return f"...{name}{_directives(draw, writing)}"


@cache
def _any_of(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


@cache
def _overlapping(schema: GraphQLSchema, of_type: str) -> tuple[str, ...]:
    concrete = _concrete(schema, of_type)
    return tuple(name for name in COMPOSITES if concrete & _concrete(schema, name))


def _concrete(schema: GraphQLSchema, name: str) -> set[str]:
    of_type: Any = schema.type_map[name]
    possible = schema.get_possible_types(of_type) if hasattr(of_type, "resolve_type") else (of_type,)
    return {each.name for each in possible}


def _field(draw: Draw, writing: _Writing, of_type: str, *, depth: int) -> str:
    fields = _fields(writing.schema, of_type, writing.ways)
    name = _asked_field(draw, fields, deeper=depth < DEPTH)
    alias = f"{name}_{draw(_ALIAS)}" if name != "__typename" and _chance(draw, 25) else ""
    label = f"{alias}: {name}" if alias else name
    if name == "__typename":
        return f"{label}{_directives(draw, writing)}"
    definition = fields.all[name]
    if (alias or name) not in writing.arguments:
        writing.arguments[alias or name] = _arguments(draw, writing, definition)
    asked = f"{label}{writing.arguments[alias or name]}{_directives(draw, writing)}"
    inner = get_named_type(definition.type)
    return asked if is_leaf_type(inner) else f"{asked} {_selections(draw, writing, inner.name, depth=depth + 1)}"


@cache
def _fields(schema: GraphQLSchema, of_type: str, ways: tuple[str, ...]) -> _Fields:
    every: dict[str, GraphQLField] = getattr(schema.type_map[of_type], "fields", {})
    fields = {name: each for name, each in every.items() if name in LEAVES or name.startswith(ways)}
    flat = tuple(name for name, each in fields.items() if is_leaf_type(get_named_type(each.type)))
    usual = tuple(name for name in LEAVES if name in fields or name == "__typename")
    return _Fields(fields, flat, objects=tuple(name for name in fields if name not in flat), usual=usual)


def _asked_field(draw: Draw, fields: _Fields, *, deeper: bool) -> str:
    """Any of the fields, and every other time one of the few that every object has."""
    if not fields.all or not _chance(draw, 65):
        return draw(_any_of(fields.usual))
    return draw(_any_of(fields.objects if fields.objects and deeper and _chance(draw, 70) else fields.flat))


def _directives(draw: Draw, writing: _Writing) -> str:
    if not _chance(draw, 20):
        return ""
    names = draw(_NAMES)
    return "".join(f" @{name}(if: {_switch(draw, writing)})" for name in names)


def _switch(draw: Draw, writing: _Writing) -> str:
    number = draw(_SWITCH)
    if number > 3:
        return "true" if number > 4 else "false"
    name = f"switch{number}"
    if name not in writing.variables:
        # A nullable variable with a default may be used here, and null is an error where it is used.
        declared = ("Boolean!", "Boolean! = true", "Boolean = false", "Boolean!")[number]
        writing.variables[name] = f"${name}: {declared}"
        if "=" not in declared or _chance(draw, 60):
            usual: list[bool | None] = [True, False]
            writing.values[name] = draw(st.sampled_from(usual if "!" in declared else [*usual, None]))
    return f"${name}"


def _arguments(draw: Draw, writing: _Writing, definition: GraphQLField) -> str:
    given = []
    for name, argument in definition.args.items():
        required = is_non_null_type(argument.type) and argument.default is None
        if not required and not _chance(draw, 25):
            continue
        given.append(f"{name}: {_argument(draw, writing, argument.type, defaulted=argument.default is not None)}")
    return f"({', '.join(given)})" if given else ""


def _argument(draw: Draw, writing: _Writing, of_type: GraphQLInputType, *, defaulted: bool) -> str:
    if _chance(draw, 60):
        return _variable(draw, writing, of_type, defaulted=defaulted)
    return _literal(draw, writing, of_type)


def _variable(draw: Draw, writing: _Writing, of_type: GraphQLInputType, *, defaulted: bool) -> str:
    name = f"v{len(writing.variables)}"
    declared: Any = of_type
    if is_non_null_type(of_type) and defaulted and draw(_EITHER):
        # Allowed because of the argument's default, and an error of the field where it is null.
        declared = of_type.of_type
    must = is_non_null_type(declared)
    default = f" = {_literal(draw, None, declared)}" if _chance(draw, 30) else ""
    writing.variables[name] = f"${name}: {declared}{default}"
    if not must and _chance(draw, 20):
        writing.values[name] = None
    elif not _chance(draw, 20) or (must and not default):
        writing.values[name] = _json(draw, declared)
    return f"${name}"


def _literal(draw: Draw, writing: _Writing | None, of_type: GraphQLInputType) -> str:
    """The value in GraphQL's own writing, with variables inside where they may be."""
    inner = get_nullable_type(of_type)
    if writing is not None and is_enum_type(inner) and _chance(draw, 15):
        return _variable(draw, writing, of_type, defaulted=False)
    if is_list_type(inner):
        items = [_literal(draw, writing, inner.of_type) for _ in range(draw(_ITEMS))]
        return f"[{', '.join(items)}]"
    if is_input_object_type(inner):
        given = [f"{name}: {_literal(draw, writing, inner.fields[name].type)}" for name in _chosen(draw, inner)]
        return f"{{{', '.join(given)}}}"
    return draw(_LITERALS[get_named_type(inner).name])


def _chosen(draw: Draw, of_type: GraphQLInputObjectType) -> list[str]:
    return draw(st.lists(st.sampled_from(list(of_type.fields)), unique=True, max_size=3))


def _json(draw: Draw, of_type: GraphQLInputType) -> Any:  # noqa: ANN401 — JSON of any kind.
    """A value that is given in a request, which is seldom a wrong one."""
    if _chance(draw, 3):
        return draw(_WRONG)
    if is_non_null_type(of_type):
        return _json(draw, of_type.of_type)
    if is_list_type(of_type):
        one = _json(draw, of_type.of_type)
        return one if draw(_EITHER) else [one]
    if is_input_object_type(of_type):
        return {name: _json(draw, of_type.fields[name].type) for name in _chosen(draw, of_type)}
    return draw(_VALUES[get_named_type(of_type).name])


_WRITTEN = {
    "Int": ["0", "-3", "2147483647"],
    "Float": ["0.5", "-1e3", "2"],
    "String": ['"é"', '""', '"""block"""'],
    "Boolean": ["true", "false"],
    "ID": ['"a"', "7"],
    "Color": ["RED", "GREEN", "BLUE"],
    "Amount": ["7", '"x"', "{a: [1]}"],
}
_GIVEN: dict[str, list[Any]] = {
    "Int": [0, -3, 2.0],
    "Float": [0.5, -7, 1e300],
    "String": ["é", "", "long " * 9],
    "Boolean": [True, False],
    "ID": ["a", 7],
    "Color": ["RED", "GREEN", "BLUE"],
    "Amount": [7, "x", {"a": [1]}],
}
_LITERALS = {name: st.sampled_from(each) for name, each in _WRITTEN.items()}
_VALUES = {name: st.sampled_from(each) for name, each in _GIVEN.items()}


def size(document: DocumentNode, schema: GraphQLSchema) -> int:
    """Return how many fields a document without fragments can answer at most, in lists of `ROWS_MAX` rows."""
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    root = schema.get_root_type(operation.operation)
    assert root is not None
    return _size(operation.selection_set, root, schema)


def _size(selections: SelectionSetNode | None, of_type: GraphQLNamedType, schema: GraphQLSchema) -> int:
    total = 0
    for each in selections.selections if selections else ():
        if isinstance(each, InlineFragmentNode):
            on = schema.type_map[each.type_condition.name.value] if each.type_condition else of_type
            total += _size(each.selection_set, on, schema)
        elif isinstance(each, FieldNode) and not each.name.value.startswith("__"):
            field_type: GraphQLOutputType = of_type.fields[each.name.value].type  # type: ignore[attr-defined]
            rows = ROWS_MAX if is_list_type(get_nullable_type(field_type)) else 1
            total += 1 + rows * _size(each.selection_set, get_named_type(field_type), schema)
    return total
