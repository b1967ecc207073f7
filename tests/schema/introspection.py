"""Elements of the schema found by introspection, and operations made of them."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
)

from schema import schema

GRAPHQL: GraphQLSchema = build_schema(schema.as_str())

NOTHING = '"nothing"'
"""Id that no object has, as source text."""

_LITERALS = {
    "ID": NOTHING,
    "String": NOTHING,
    "Int": "1",
    "Money": '"1.00"',
    "CNPJ": '"16.727.230/0001-97"',
}
"""A value of each scalar, as source text."""


def node_types() -> list[str]:
    """Return every type with a global id."""
    node = GRAPHQL.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return sorted(each.name for each in GRAPHQL.get_possible_types(node))


def object_types() -> Iterator[GraphQLObjectType]:
    """Yield every type of the schema that has fields, without those of introspection."""
    for name, each in GRAPHQL.type_map.items():
        if isinstance(each, GraphQLObjectType) and not name.startswith("__"):
            yield each


def field_of(path: str) -> GraphQLField:
    """Return the field of a path such as `Client.activations`."""
    parent, name = path.split(".")
    of_type = GRAPHQL.type_map[parent]
    assert isinstance(of_type, GraphQLObjectType)
    field: GraphQLField = of_type.fields[name]
    return field


def root_fields() -> list[str]:
    """Return every field of Query and Mutation."""
    return [
        f"{each.name}.{name}" for each in (GRAPHQL.query_type, GRAPHQL.mutation_type) if each for name in each.fields
    ]


def mutations() -> list[str]:
    """Return the name of every mutation."""
    assert GRAPHQL.mutation_type is not None
    return list(GRAPHQL.mutation_type.fields)


def input_name(mutation: str) -> str:
    """Return the name of a mutation's input type."""
    return f"{mutation[0].upper()}{mutation[1:]}Input"


def inputs_of(mutation: str) -> Mapping[str, object]:
    """Return the fields of a mutation's input; none if it takes no input."""
    taken = GRAPHQL.type_map.get(input_name(mutation))
    return taken.fields if isinstance(taken, GraphQLInputObjectType) else {}


def payload_of(mutation: str) -> GraphQLObjectType:
    """Return the type of a mutation's payload."""
    named = get_named_type(field_of(f"Mutation.{mutation}").type)
    assert isinstance(named, GraphQLObjectType)
    return named


def is_connection(field: GraphQLField) -> bool:
    """Whether the field is a connection."""
    return get_named_type(field.type).name.endswith("Connection")


def connections() -> dict[str, GraphQLField]:
    """Return every connection by its path."""
    return {
        f"{each.name}.{name}": field
        for each in object_types()
        for name, field in each.fields.items()
        if is_connection(field)
    }


def lists() -> dict[str, GraphQLField]:
    """Return every list of objects by its path, without connections and their parts."""
    return {
        f"{each.name}.{name}": field
        for each in object_types()
        for name, field in each.fields.items()
        if isinstance(get_nullable_type(field.type), GraphQLList)
        and hasattr(get_named_type(field.type), "fields")
        and not each.name.endswith(("Connection", "Edge"))
        and name != "userErrors"
    }


def id_arguments() -> set[str]:
    """Return where a caller can give an id: `Query.node(id)`, or `Query.orders(filter.productId)` inside an input."""
    found = set()
    for each in object_types():
        for name, field in each.fields.items():
            for argument, definition in field.args.items():
                for path in _ids_of(argument, get_named_type(definition.type)):
                    found.add(f"{each.name}.{name}({path})")
    return found


def type_of_id(place: str) -> str:
    """Return the type of the ids in a place: `clientId` is of a client, and `id` of what the field returns.

    Who made something, such as `createdById`, is a user.
    """
    name = place.rstrip(")").replace("(", ".").split(".")[-1]
    if name == "actorId" or name.endswith("ById"):
        return "User"
    found = [each for each in node_types() if name.lower().endswith(f"{each}id".lower())]
    returned = get_named_type(field_of(place.partition("(")[0]).type).name
    return found[0] if found else returned if returned in node_types() else "Client"


def _ids_of(path: str, given: object) -> Iterator[str]:
    if isinstance(given, GraphQLInputObjectType):
        for name, field in given.fields.items():
            yield from _ids_of(f"{path}.{name}", get_named_type(field.type))
    elif str(given) == "ID":
        yield path


def call(path: str, given: Mapping[str, str] = {}) -> str:
    """Return a field with its required arguments, whose ids are of no object.

    Args:
        path: Path of the field, such as `Query.orders`.
        given: Source text for values by their path, such as `filter.productId`, in place of those.

    """
    field = field_of(path)
    arguments = [
        f"{name}: {_source(argument.type, given, name)}"
        for name, argument in field.args.items()
        if is_required_argument(argument) or _is_given(name, given)
    ]
    return path.split(".")[1] + (f"({', '.join(arguments)})" if arguments else "")


def _source(of_type: object, given: Mapping[str, str], path: str) -> str:
    of_type = of_type.of_type if isinstance(of_type, GraphQLNonNull) else of_type
    if isinstance(of_type, GraphQLList):
        return f"[{_source(of_type.of_type, given, path)}]"
    if path in given:
        return given[path]
    if isinstance(of_type, GraphQLInputObjectType):
        fields = [
            f"{name}: {_source(field.type, given, f'{path}.{name}')}"
            for name, field in of_type.fields.items()
            if is_required_input_field(field) or _is_given(f"{path}.{name}", given)
        ]
        if of_type.is_one_of and not fields:
            name, field = next(iter(of_type.fields.items()))
            fields = [f"{name}: {_source(field.type, given, f'{path}.{name}')}"]
        return f"{{ {', '.join(fields)} }}"
    if isinstance(of_type, GraphQLEnumType):
        return str(next(iter(of_type.values)))
    assert str(of_type) in _LITERALS, f"Add a value of {of_type} to _LITERALS of tests/schema/introspection.py."
    return _LITERALS[str(of_type)]


def _is_given(path: str, given: Mapping[str, str]) -> bool:
    return any(each == path or each.startswith(f"{path}.") for each in given)


def outline(path: str) -> str:
    """Return a selection that shows whether a field has found something."""
    field = field_of(path)
    if is_connection(field):
        return "{ totalCount edges { cursor } }"
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLObjectType) or not named.name.endswith("Payload"):
        return "{ __typename count monthlyTotal }" if named.name == "OrdersTotal" else "{ __typename }"
    below = [name for name, each in named.fields.items() if hasattr(get_named_type(each.type), "fields")]
    shown = " ".join(f"{name} {{ __typename }}" for name in below if name != "userErrors")
    return f"{{ {shown} userErrors {{ __typename code message path }} }}"


def operation(path: str) -> str:
    """Return an operation of a root field, whose ids are of no object."""
    kind = path.split(".", maxsplit=1)[0].lower()
    return f"{kind} {{ {call(path)} {{ __typename }} }}"


def way_to(parent: str, avoided: set[str]) -> str:
    """Return the shortest operation with a selection of this type, in which `#` is to be replaced by its fields.

    Args:
        parent: Name of the object type.
        avoided: Paths of fields that are not on the way.

    """
    ways = {"Query": "query { # }", "Mutation": "mutation { # }"}
    found = list(ways)
    # It grows at its end, so that types are visited in the order of their distance.
    for way in found:
        of_type = GRAPHQL.type_map[way]
        assert isinstance(of_type, GraphQLObjectType)
        for name, field in of_type.fields.items():
            below, path = get_named_type(field.type), f"{way}.{name}"
            if isinstance(below, GraphQLObjectType) and below.name not in ways and path not in avoided:
                ways[below.name] = ways[way].replace("#", f"{call(path)} {{ # }}")
                found.append(below.name)
    return ways[parent]
