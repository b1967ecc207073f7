"""A schema of all features of GraphQL, each field in each of the ways that a value can be had."""

import asyncio
from collections.abc import AsyncIterator, Collection
from functools import partial
from typing import Any

from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    assert_valid_schema,
    build_schema,
    get_named_type,
)

from breadth import by_class, set_batch_resolver
from tests.breadth.row_batches import tabled
from tests.breadth.worlds import OBJECTS, Color, FaultError, How, Item, Later, Point, Row, World, place_of, written

Info = GraphQLResolveInfo[World]

LEAVES = {
    "int": "Int",
    "must": "Int!",
    "float": "Float",
    "string": "String!",
    "boolean": "Boolean",
    "id": "ID!",
    "color": "Color",
    "amount": "Amount",
    "moment": "Moment",
    "ints": "[Int!]",
    "matrix": "[[Float]!]",
}
"""What every object has by itself: attributes, keys or the places of a tuple."""

SHAPES = {
    "Text": "String",
    "Count": "Int!",
    "Color": "Color!",
    "Amount": "Amount",
    "Moment": "Moment!",
    "Moments": "[Moment!]",
    "Floats": "[Float!]!",
    "Names": "[[String!]]",
    "Row": "Row",
    "RowMust": "Row!",
    "Rows": "[Row!]",
    "Items": "[Item]!",
    "Grid": "[[Item!]!]",
    "Note": "Note",
    "Points": "[Point!]!",
    "Named": "[Named]",
    "Kinded": "[Kinded!]!",
    "Slow": "[Slow]",
    "Thing": "Thing",
    "Chosen": "[Chosen!]",
}
"""Each of these types is had in each of the ways below."""

RESOLVED = ("each", "eachLater", "batch", "batchLater")
OWN = ("own", "method", "methodLater")
"""Ways that need no resolver: attributes, and methods that the default resolver calls."""

ARGUMENTS = {
    "Say": "int: Int = 3, must: Int! = 4, float: Float, string: String, boolean: Boolean, id: ID, color: Color = GREEN",
    "Echo": """
      int: Int = 3, must: Int! = 4, float: Float, string: String, boolean: Boolean = false, id: ID,
      color: Color = GREEN, colors: [Color!] = [RED], amount: Amount,
      filter: Filter, filters: [Filter!], matrix: [[Int]!]
    """,
}
"""What is said depends on all of the arguments: some are known before there are variables, and some may change."""


def _sdl(shapes: Collection[str]) -> str:
    def fields(ways: tuple[str, ...]) -> str:
        shaped = [f"  {way}{shape}: {of_type}" for way in ways for shape, of_type in SHAPES.items() if shape in shapes]
        asked = [f"  {way}{name}({given}): String!" for way in ways for name, given in ARGUMENTS.items()]
        return "\n".join([*shaped, *asked])

    shared = "\n".join([*(f"  {name}: {of_type}" for name, of_type in LEAVES.items()), fields(RESOLVED)])
    whole = f"{shared}\n{fields(OWN)}"
    return f"""
  directive @experimental_disableErrorPropagation on QUERY | MUTATION | SUBSCRIPTION

  enum Color {{ RED GREEN BLUE }}
  scalar Amount
  scalar Moment
  input Filter {{ ids: [ID!], color: Color = BLUE, least: Int! = 1, within: Filter, amount: Amount, flags: [Boolean] }}

  interface Named {{ {shared} }}
  interface Kinded {{ {shared} }}
  interface Slow {{ {shared} }}
  type Row implements Named & Kinded & Slow {{ {whole} }}
  type Item implements Named & Slow {{ {whole} }}
  type Note implements Named & Kinded & Slow {{ {shared} }}
  type Point implements Named & Kinded & Slow {{ {shared} }}
  union Thing = Row | Item | Note | Point
  union Chosen = Item | Point

  type Query {{ {whole} }}
  type Mutation {{
    add(text: String!): [String!]!
    addLater(text: String!): [String!]
    addBatch(text: String!): [String!]
    addRow(text: String!): Row
    addMust(text: String!): Row!
  }}
  type Subscription {{ events(count: Int! = 3): Row, faulty(count: Int! = 3): [Item!] }}
"""


def features(shapes: Collection[str] = tuple(SHAPES)) -> GraphQLSchema:
    """A new schema, in which `World` decides about every value; a request's context is one."""
    schema = build_schema(_sdl(shapes))
    _describe_leaves(schema)
    _describe_types(schema)
    for of_type in schema.type_map.values():
        if isinstance(of_type, GraphQLObjectType) and of_type.name in {*OBJECTS, "Query"}:
            for name, field in of_type.fields.items():
                _describe_field(name, field)
    _describe_mutations(schema)
    _describe_subscriptions(schema)
    assert_valid_schema(schema)
    return schema


def _describe_leaves(schema: GraphQLSchema) -> None:
    color, amount, moment = (schema.type_map[name] for name in ("Color", "Amount", "Moment"))
    assert isinstance(color, GraphQLEnumType)
    assert isinstance(amount, GraphQLScalarType)
    assert isinstance(moment, GraphQLScalarType)
    for name, value in color.values.items():
        value.value = Color[name]
    amount.coerce_output_value = _written
    moment.coerce_output_value = _written_later


def _written(value: object) -> object:
    """Amounts are whole cents, written with a point; text is refused, and what else there is has no JSON form."""
    if isinstance(value, str):
        message = f"No amount: {value}."
        raise GraphQLError(message)
    return f"{value // 100}.{value % 100:02}" if isinstance(value, int) else None


def _written_later(value: object) -> object:
    """Moments are text that is there at once, or later, or never."""
    if not isinstance(value, int) or value % 7 > 4:
        return _written(value)
    later = (str(value), str(value), None, FaultError(f"No moment: {value}."), Undefined)[value % 7]
    return Later(later) if value % 2 else _settled(later)


async def _settled(value: object) -> object:
    await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


def _describe_types(schema: GraphQLSchema) -> None:
    types = schema.type_map
    _object(types["Row"]).is_type_of = by_class(lambda value, _info: isinstance(value, Row))
    _object(types["Note"]).is_type_of = _is_note
    _object(types["Point"]).is_type_of = _is_point
    for name, resolver in (("Kinded", _kind), ("Slow", _kind_later), ("Chosen", _kind)):
        abstract = types[name]
        assert isinstance(abstract, GraphQLInterfaceType | GraphQLUnionType)
        abstract.resolve_type = resolver


def _object(of_type: GraphQLNamedType) -> GraphQLObjectType:
    assert isinstance(of_type, GraphQLObjectType)
    return of_type


def _is_note(value: object, info: Info) -> bool:
    return type(value) is dict and bool(info.context.told(f"{place_of(value)} is a note", answer=True))


async def _is_point(value: object, info: Info) -> bool:
    await info.context.pause(f"{info.field_name} is a point")
    return isinstance(value, Point)


def _kind(value: object, info: Info, of_type: GraphQLAbstractType) -> Any:  # noqa: ANN401 — a name.
    kinds = {Row: "Row", Item: "Item", Point: "Point", dict: "Note"}
    return info.context.told(f"{place_of(value)} is a {of_type.name}", answer=kinds[type(value)])


async def _kind_later(value: object, info: Info, of_type: GraphQLAbstractType) -> Any:  # noqa: ANN401 — a name.
    await info.context.pause(f"{place_of(value)} is a {of_type.name}")
    return _kind(value, info, of_type)


def _describe_field(name: str, field: GraphQLField) -> None:
    if "string" in field.args:
        field.args["string"].out_name = "text"
    if name.startswith("batch"):
        set_batch_resolver(field, partial(_batch_later if name.startswith("batchLater") else _batch, field))
    elif name.startswith("each"):
        field.resolve = partial(_each_later if name.startswith("eachLater") else _each, field)


def _each(field: GraphQLField, _source: object, info: Info, **given: object) -> Any:  # noqa: ANN401
    return info.context.resolved(f"{_asked_at(info)}{written(given)}", field.type)


async def _each_later(field: GraphQLField, source: object, info: Info, **given: object) -> Any:  # noqa: ANN401
    await info.context.pause(_asked_at(info))
    return _each(field, source, info, **given)


def _asked_at(info: Info) -> str:
    return ".".join(map(str, info.path.as_list()))


def _batch(field: GraphQLField, sources: list[Any], info: Info, **given: object) -> Any:  # noqa: ANN401
    info.context.told(f"all {info.field_name}", answer=True)
    asked = f"{info.field_name}{written(given)}"
    values = [info.context.given(f"{place_of(source)}.{asked}", field.type, How.KEPT) for source in sources]
    choice = info.context.number(f"form of all {asked}") % 3
    return tabled(values, choice) if choice < 2 else values


async def _batch_later(field: GraphQLField, sources: list[Any], info: Info, **given: object) -> Any:  # noqa: ANN401
    await info.context.pause(info.field_name)
    return _batch(field, sources, info, **given)


def _describe_mutations(schema: GraphQLSchema) -> None:
    assert schema.mutation_type
    fields = schema.mutation_type.fields
    for name in ("add", "addRow", "addMust"):
        fields[name].resolve = partial(_add, fields[name])
    fields["addLater"].resolve = partial(_add_later, fields["addLater"])
    set_batch_resolver(fields["addBatch"], partial(_add_batch, fields["addBatch"]))


def _add(field: GraphQLField, _source: object, info: Info, *, text: str) -> Any:  # noqa: ANN401
    """Write to the log, which shows the order of mutations; a field of texts answers with the log."""
    world: World = info.context
    world.log.append(text)
    value = world.resolved(f"{_asked_at(info)} {text}", field.type)
    return list(world.log) if isinstance(get_named_type(field.type), GraphQLScalarType) else value


async def _add_later(field: GraphQLField, source: object, info: Info, *, text: str) -> Any:  # noqa: ANN401
    for _ in range(3):
        await asyncio.sleep(0)
    return _add(field, source, info, text=text)


async def _add_batch(field: GraphQLField, sources: list[Any], info: Info, *, text: str) -> list[Any]:
    await info.context.pause(text)
    info.context.log.append(text)
    return [
        list(info.context.log) if info.context.given(f"{place_of(source)} {text}", field.type) else None
        for source in sources
    ]


def _describe_subscriptions(schema: GraphQLSchema) -> None:
    assert schema.subscription_type
    for field in schema.subscription_type.fields.values():
        field.subscribe = _events
        field.resolve = partial(_event, field)


async def _events(_source: object, info: Info, *, count: int) -> AsyncIterator[Any]:
    for number in range(count):
        await info.context.pause(f"event {number}")
        yield number


def _event(field: GraphQLField, number: int, info: Info, *, count: int) -> Any:  # noqa: ANN401
    return info.context.resolved(f"event {number} of {count}", field.type)
