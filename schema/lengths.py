"""Limits of what callers give: how long each text may be, and how many entries each list may have.

A value is measured against its limit before it is used, and a longer one is BAD_USER_INPUT. Texts and lists of inputs
whose limit is the business's are measured against the general limit only, so that the business can refuse them in
words that a person understands.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from domain.access import Permission
from domain.activations import ACTIVATION_KEY_LENGTH, ECF_SERIAL_NUMBER_LENGTH
from domain.checks import IDEMPOTENCY_KEY_LENGTH, TOKEN_NAME_LENGTH
from domain.clients import NAME_LENGTH, PLACE_LENGTH
from domain.orders import ITEMS_MAX, NOTE_LENGTH
from domain.users import EMAIL_LENGTH, PASSWORD_LENGTH_MAX
from resolvers.nodes import NODES_MAX

TEXT_MAX = 10_000
"""No text that a caller gives may be longer: several times as long as the longest note."""

ID_MAX = 128
SEARCH_MAX = 200
SHORT_MAX = 100
"""Limit of a CNPJ, a date, an amount of money or the name of an enum's value, in whatever form it is written."""

ENTRIES_MAX = 250

LENGTHS: Mapping[str, int] = {
    "*(after:)": TEXT_MAX,
    "*(before:)": TEXT_MAX,
    "ActivationFilter.activationKey": SEARCH_MAX,
    "ActivationFilter.authorizationCode": SEARCH_MAX,
    "ActivationFilter.clientName": SEARCH_MAX,
    "ActivationFilter.cnpj": SEARCH_MAX,
    "ActivationFilter.ecfSerialNumber": SEARCH_MAX,
    "ActivationFilter.search": SEARCH_MAX,
    "ClientFilter.city": SEARCH_MAX,
    "ClientFilter.cnpj": SEARCH_MAX,
    "ClientFilter.ecfSerialNumber": SEARCH_MAX,
    "ClientFilter.name": SEARCH_MAX,
    "ClientFilter.search": SEARCH_MAX,
    "ClientFilter.state": SEARCH_MAX,
    "RegisterClientInput.cnpj": SHORT_MAX,
    "RegisterClientInput.state": SHORT_MAX,
    "UpdateClientInput.state": SHORT_MAX,
}
"""The longest texts, by the schema's coordinates of arguments and fields; `*` is any field."""

ENTRIES: Mapping[str, int] = {"Query.nodes(ids:)": NODES_MAX}
"""The longest lists that are shorter than others may be."""

BUSINESS: Mapping[str, int] = {
    "*.idempotencyKey": IDEMPOTENCY_KEY_LENGTH,
    "ActivateLicenseInput.activationKey": ACTIVATION_KEY_LENGTH,
    "ActivateLicenseInput.ecfSerialNumber": ECF_SERIAL_NUMBER_LENGTH,
    "ActivateLicenseInput.note": NOTE_LENGTH,
    "CancelActivationInput.reason": NOTE_LENGTH,
    "CancelClientInput.reason": NOTE_LENGTH,
    "CancelOrderInput.reason": NOTE_LENGTH,
    "CreateApiTokenInput.name": TOKEN_NAME_LENGTH,
    "CreateApiTokenInput.permissions": len(Permission),
    "CreateOrderInput.items": ITEMS_MAX,
    "CreateOrderInput.note": NOTE_LENGTH,
    "MoveActivationInput.activationKey": ACTIVATION_KEY_LENGTH,
    "MoveActivationInput.ecfSerialNumber": ECF_SERIAL_NUMBER_LENGTH,
    "MoveActivationInput.note": NOTE_LENGTH,
    "QuoteOrderInput.items": ITEMS_MAX,
    "RegisterClientInput.city": PLACE_LENGTH,
    "RegisterClientInput.name": NAME_LENGTH,
    "RegisterClientInput.tradeName": NAME_LENGTH,
    "SignInInput.email": EMAIL_LENGTH,
    "SignInInput.password": PASSWORD_LENGTH_MAX,
    "UpdateClientInput.city": PLACE_LENGTH,
    "UpdateClientInput.name": NAME_LENGTH,
    "UpdateClientInput.tradeName": NAME_LENGTH,
}
"""Limits of the business: of texts in characters, of lists in entries. A longer value is refused in `userErrors`."""


class Limit(NamedTuple):
    """The most characters of a text, or of each text of a list, and the most entries of a list."""

    characters: int
    entries: int = ENTRIES_MAX

    def tighter(self, other: "Limit") -> "Limit":
        """Return what both limits allow."""
        return Limit(min(self.characters, other.characters), min(self.entries, other.entries))


def of(coordinate: str, of_type: GraphQLInputType) -> Limit:
    """Return the limit of an argument, such as `Query.node(id:)`, or of a field, such as `ClientFilter.name`."""
    general = of_type_alone(of_type)
    characters = stated(coordinate)
    return Limit(general.characters if characters is None else characters, ENTRIES.get(coordinate, ENTRIES_MAX))


def of_type_alone(of_type: GraphQLInputType) -> Limit:
    """Return the limit of a value of a type, wherever it is given."""
    name = get_named_type(of_type).name
    return Limit({"String": TEXT_MAX, "ID": ID_MAX}.get(name, SHORT_MAX))


def stated(coordinate: str) -> int | None:
    """Return the length that the table states for a text; None if its type alone limits it."""
    return _found(LENGTHS, coordinate)


def business(coordinate: str) -> int | None:
    """Return the limit that the business has for an input's field; None if it has none."""
    return _found(BUSINESS, coordinate)


class Place(NamedTuple):
    """An argument or an input's field, and where it is in the schema."""

    coordinate: str
    definition: GraphQLArgument | GraphQLInputField


def places(schema: GraphQLSchema) -> Iterator[Place]:
    """Return every argument and every input's field of the schema."""
    for each in schema.type_map.values():
        if each.name.startswith("__"):
            continue
        if isinstance(each, GraphQLInputObjectType):
            for name, field in each.fields.items():
                yield Place(f"{each.name}.{name}", field)
        elif isinstance(each, GraphQLObjectType | GraphQLInterfaceType):
            for name, output in each.fields.items():
                for argument, definition in output.args.items():
                    yield Place(f"{each.name}.{name}({argument}:)", definition)


def describe(schema: GraphQLSchema) -> None:
    """Say in the description of each text and list how long it may be, unless the business's limit is said there."""
    for coordinate, definition in places(schema):
        sentence = _sentence(coordinate, definition.type)
        if sentence and business(coordinate) is None:
            definition.description = f"{definition.description or ''} {sentence}".lstrip()


def _sentence(coordinate: str, of_type: GraphQLInputType) -> str:
    limit, named = of(coordinate, of_type), get_named_type(of_type)
    of_texts = named.name in {"String", "ID"}
    if is_list_type(get_nullable_type(of_type)):
        each = f", each of at most {limit.characters:,} characters" if of_texts else ""
        return f"At most {limit.entries:,} entries{each}."
    if named.name == "ID":
        return f"An id has at most {limit.characters:,} characters."
    return f"At most {limit.characters:,} characters." if of_texts else ""


def _found(table: Mapping[str, int], coordinate: str) -> int | None:
    found = table.get(coordinate)
    if found is None:
        # `Query.clients(after:)` is `*(after:)`, and `CancelOrderInput.reason` is `*.reason`.
        cut = coordinate.index("(") if coordinate.endswith(")") else coordinate.index(".")
        found = table.get(f"*{coordinate[cut:]}")
    return found
