"""The schema reference, as Markdown made from the SDL."""

from collections.abc import Iterable, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    Undefined,
    ast_from_value,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_required_argument,
    is_specified_scalar_type,
    print_ast,
)

from domain.field_permissions import FIELD_PERMISSIONS, PUBLIC_FIELDS

TITLES: Mapping[str, tuple[str, str]] = {
    "objects": ("Objects", "What the portal holds, and the parts of it."),
    "connections": ("Connections", "Pages of lists, as Relay's cursor connections specification has them."),
    "payloads": ("Payloads", "What mutations and `quoteOrder` return."),
    "user-errors": ("User errors", "Refusals of the business, each with its facts; all of them implement `UserError`."),
    "inputs": ("Inputs", "What arguments take."),
    "enums": ("Enums", "Closed sets of values."),
    "scalars": ("Scalars and interfaces", "Values of one field, and what several types have in common."),
}
_PAGES: Mapping[type[GraphQLNamedType], str] = {GraphQLInputObjectType: "inputs", GraphQLEnumType: "enums"}
_INDEX = """# Schema reference

These pages are made from `schema.graphql` when the site is built. The same descriptions are in GraphiQL's docs pane, in
the file itself, and in introspection.

| page | contents |
| --- | --- |
| [Queries](queries.md) | the fields that an operation can begin with, and the permission that each needs |
| [Mutations](mutations.md) | the changes, and the permission that each needs |
"""

_CONTENTS = "\n```{toctree}\n:hidden:\n\nqueries\nmutations\n" + "".join(f"{name}\n" for name in TITLES) + "```\n"


def pages(sdl: str) -> Mapping[str, str]:
    """Return the text of each page by its path in the site."""
    schema = build_schema(sdl)
    grouped: dict[str, list[GraphQLNamedType]] = {name: [] for name in TITLES}
    roots = {schema.query_type, schema.mutation_type}
    for name in sorted(schema.type_map):
        kind = schema.type_map[name]
        if not (kind in roots or is_introspection_type(kind) or is_specified_scalar_type(kind)):
            grouped[_page(kind)].append(kind)
    texts = {
        "queries": _root(schema.query_type, "Queries"),
        "mutations": _root(schema.mutation_type, "Mutations"),
        "index": _INDEX + "".join(f"| [{title}]({name}.md) | {about} |\n" for name, (title, about) in TITLES.items()),
    }
    for name, (title, about) in TITLES.items():
        sections = (_type(kind, schema) for kind in grouped[name])
        texts[name] = "\n\n".join([f"# {title}", about, *sections]) + "\n"
    texts["index"] += _CONTENTS
    return {f"reference/{name}.md": text for name, text in texts.items()}


def _page(kind: GraphQLNamedType) -> str:
    """Return the name of the page that describes the type."""
    if not isinstance(kind, GraphQLObjectType):
        return _PAGES.get(type(kind), "scalars")
    if any(each.name == "UserError" for each in kind.interfaces):
        return "user-errors"
    if kind.name.endswith("Payload"):
        return "payloads"
    if kind.name.endswith(("Connection", "Edge")) or kind.name == "PageInfo":
        return "connections"
    return "objects"


def _root(root: GraphQLObjectType | None, title: str) -> str:
    if root is None:
        message = f"the schema has no root type for {title}"
        raise ValueError(message)
    parts = [f"# {title}"]
    for name, field in root.fields.items():
        coordinate = f"{root.name}.{name}"
        permission = FIELD_PERMISSIONS.get(coordinate)
        if permission is not None:
            needs = f"Permission: `{permission.name}`"
        elif coordinate in PUBLIC_FIELDS:
            needs = "Permission: none, and no token"
        else:
            needs = "Permission: a token; see the description"
        parts += [f"## {name}", field.description or "", f"Returns {_link(field.type)}. {needs}."]
        if field.args:
            parts.append(_table("argument", field.args))
    return "\n\n".join(parts) + "\n"


def _type(kind: GraphQLNamedType, schema: GraphQLSchema) -> str:
    parts = [f"## {kind.name}", kind.description or ""]
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            if kind.interfaces:
                parts.append("Implements " + ", ".join(map(_link, kind.interfaces)) + ".")
            if isinstance(kind, GraphQLInterfaceType):
                parts.append("Implemented by " + ", ".join(map(_link, schema.get_possible_types(kind))) + ".")
            parts.append(_table("field", kind.fields))
            parts += _arguments(kind)
        case GraphQLInputObjectType():
            parts.append(_table("field", kind.fields))
        case GraphQLEnumType():
            rows = (f"| `{name}` | {_cell(value.description)} |" for name, value in kind.values.items())
            parts.append("\n".join(["| value | meaning |", "| --- | --- |", *rows]))
        case GraphQLScalarType() if kind.specified_by_url:
            parts.append(f"Specified by <{kind.specified_by_url}>.")
    return "\n\n".join(parts)


def _arguments(kind: GraphQLObjectType | GraphQLInterfaceType) -> Iterable[str]:
    for name, field in kind.fields.items():
        if field.args:
            yield f"Arguments of `{kind.name}.{name}`:"
            yield _table("argument", field.args)


def _table(of: str, entries: Mapping[str, GraphQLField | GraphQLArgument | GraphQLInputField]) -> str:
    rows = [f"| {of} | type | description |", "| --- | --- | --- |"]
    for name, entry in entries.items():
        notes = [_cell(entry.description)]
        if not isinstance(entry, GraphQLField) and entry.default_value is not Undefined:
            default = ast_from_value(entry.default_value, entry.type)
            notes.append(f"Default: `{'null' if default is None else print_ast(default)}`.")
        if isinstance(entry, GraphQLArgument) and is_required_argument(entry):
            notes.append("Required.")
        if entry.deprecation_reason is not None:
            notes.append(f"**Deprecated:** {_cell(entry.deprecation_reason)}")
        rows.append(f"| `{name}` | {_link(entry.type)} | {' '.join(notes)} |")
    return "\n".join(rows)


def _link(kind: GraphQLType) -> str:
    """Return the type as it is written, with a link to its description."""
    named = get_named_type(kind)
    if is_specified_scalar_type(named):
        return f"`{kind}`"
    return f"[`{kind}`]({_page(named)}.md#{named.name.lower()})"


def _cell(description: str | None) -> str:
    """Return a description as one line that a table can hold."""
    return " ".join((description or "").replace("|", "\\|").split())
