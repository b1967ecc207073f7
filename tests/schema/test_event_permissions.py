"""With EVENTS_READ alone a caller reads nothing of the objects of events; on both engines."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLObjectType, get_named_type

from domain.access import Permission
from domain.field_permissions import FIELD_PERMISSIONS, NODE_PERMISSIONS
from tests.api import Api, Json
from tests.factories import new_caller
from tests.schema.introspection import GRAPHQL
from tests.schema.lists import one_of_each
from tests.statements import reading

pytestmark = pytest.mark.stock

_BELOW = 3


def _references() -> dict[str, Permission]:
    """Return the fields of Event for objects whose type requires a permission."""
    event = GRAPHQL.type_map["Event"]
    assert isinstance(event, GraphQLObjectType)
    needed = {name: NODE_PERMISSIONS.get(get_named_type(field.type).name) for name, field in event.fields.items()}
    return {name: permission for name, permission in needed.items() if permission is not None}


REFERENCES = _references()

MESSAGES = {
    "CLIENT_REGISTERED": (Permission.CLIENTS_READ, "Padaria São João: client registered.", "…: client registered."),
    "ORDER_CREATED": (Permission.ORDERS_READ, "Order 1 created.", "Order … created."),
    "LICENSE_ACTIVATED": (
        Permission.ACTIVATIONS_READ,
        "License of Moderniza Completo activated for ….",
        "License of … activated for ….",
    ),
    "TOKEN_CREATED": (Permission.TOKENS_MANAGE, "API token “script” created.", "API token “…” created."),
}
"""Message of an event for a reader with the permission and without it."""


async def _reader(api: Api, *more: Permission) -> Api:
    chosen = frozenset({Permission.EVENTS_READ, *more})
    return await new_caller(api.http, api.portal, api.partner_id, chosen=chosen)


def test_events_refer_to_types_that_ask_for_a_permission() -> None:
    assert set(REFERENCES) == {"client", "activation", "order", "product", "priceTable", "webhook"}


@pytest.mark.usefixtures("clock")
async def test_a_reader_of_events_alone_reads_and_loads_nothing_of_other_types(api: Api) -> None:
    objects = await one_of_each(api)
    reader = await _reader(api)
    selection = _selection("Event", _BELOW)
    await reader.data("{ viewer { role } }")

    with reading(api.portal.database) as statements:
        listed = await reader.data(f"{{ events(first: 100) {{ nodes {{ {selection} }} }} }}")
    found = await reader.data(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Event {{ {selection} }} }} }}", id=objects["Event"]
    )

    for answer in (listed, found):
        shown = set(_types(answer))
        assert {"Event", "User"} <= shown
        # All users see the price table of their partner, as in `viewer`.
        shown.discard("PriceTable")
        assert [name for name in shown if NODE_PERMISSIONS.get(name) not in {None, Permission.EVENTS_READ}] == []
    read = " ".join(statements)
    assert "FROM events" in read
    assert [
        table for table in ("clients", "activations", "orders", "tokens", "products") if f"FROM {table}" in read
    ] == []


# Only the vendor makes these: `test_product_management.py` and `test_price_tables.py` try them.
@pytest.mark.parametrize("name", sorted(REFERENCES.keys() - {"product", "priceTable"}))
async def test_a_reference_is_shown_with_its_permission_and_null_without_it(api: Api, name: str) -> None:
    await one_of_each(api)
    query = f"{{ events(first: 100) {{ nodes {{ {name} {{ id }} }} }} }}"

    without = await (await _reader(api)).data(query)
    with_it = await (await _reader(api, REFERENCES[name])).data(query)

    assert not any(node[name] for node in without["events"]["nodes"])
    assert any(node[name] for node in with_it["events"]["nodes"])
    assert with_it == await api.data(query)


@pytest.mark.parametrize("kind", MESSAGES)
async def test_a_message_withholds_what_its_reader_may_not_read(api: Api, kind: str) -> None:
    permission, full, withheld = MESSAGES[kind]
    await one_of_each(api)
    query = f"{{ events(filter: {{ types: [{kind}] }}, first: 1) {{ nodes {{ message }} }} }}"

    shown = [(await (await _reader(api, *more)).data(query))["events"]["nodes"] for more in ((permission,), ())]

    assert shown == [[{"message": full}], [{"message": withheld}]]


def _selection(name: str, below: int) -> str:
    """Select every field of a type that requires no permission of its own, and related objects to this depth."""
    of = GRAPHQL.type_map[name]
    assert isinstance(of, GraphQLObjectType)
    chosen = ["__typename"]
    for each, field in of.fields.items():
        named = get_named_type(field.type)
        if f"{name}.{each}" in FIELD_PERMISSIONS:
            continue
        if not isinstance(named, GraphQLObjectType):
            chosen.append(each)
        elif below > 0:
            chosen.append(f"{each} {{ {_selection(named.name, below - 1)} }}")
    return " ".join(chosen)


def _types(answer: Json) -> Iterator[str]:
    if isinstance(answer, list):
        for each in answer:
            yield from _types(each)
    elif isinstance(answer, dict):
        if "__typename" in answer:
            yield answer["__typename"]
        for each in answer.values():
            yield from _types(each)
