"""Labels of enum fields in the caller's language, over HTTP and by introspection."""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

from graphql import GraphQLEnumType, GraphQLNonNull, GraphQLObjectType, get_nullable_type

from domain.labels import LABELS, label
from domain.languages import Language
from tests.api import Api
from tests.factories import new_product
from tests.schema.introspection import object_types

LABELLED = """query ($client: ID!, $order: ID!) {
    viewer { role roleLabel }
    client(id: $client) {
        status statusLabel
        activations { nodes { status statusLabel cancellationReason cancellationReasonLabel } }
    }
    order(id: $order) { type typeLabel status statusLabel }
    licenseStock { movements { nodes { type typeLabel } } }
    events { nodes { type typeLabel } }
    priceTable { items { orderType orderTypeLabel } }
}"""


def shown() -> Iterator[tuple[GraphQLObjectType, str, GraphQLEnumType]]:
    """Fields with one value of an enum; codes are for programs, and the messages beside them for people."""
    for each in object_types():
        if "UserError" in {interface.name for interface in each.interfaces}:
            continue
        for name, field in each.fields.items():
            named = get_nullable_type(field.type)
            if isinstance(named, GraphQLEnumType) and name != "code":
                yield each, name, named


def enum_of(named: GraphQLEnumType) -> type[Enum]:
    (found,) = [enum for enum in LABELS if enum.__name__ == named.name]
    return found


def test_each_enum_that_a_screen_shows_has_a_label_beside_it() -> None:
    missing = [f"{of_type.name}.{name}" for of_type, name, _ in shown() if f"{name}Label" not in of_type.fields]
    assert missing == []
    for of_type, name, _ in shown():
        is_required = isinstance(of_type.fields[name].type, GraphQLNonNull)
        assert str(of_type.fields[f"{name}Label"].type) == ("String!" if is_required else "String"), name


def test_each_value_of_a_shown_enum_has_a_label_of_its_own() -> None:
    for enum in {enum_of(named) for _, _, named in shown()}:
        assert set(LABELS[enum]) == set(enum), enum
        for language in Language:
            labels = [label(value).within(language) for value in enum]
            assert all(text and text[0].isupper() and not text.endswith(".") for text in labels)
            assert len(set(labels)) == len(labels), enum


async def test_labels_are_in_the_callers_language(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    client = await api.client()
    moved = await api.activation(client, product)
    await api.done("cancelActivation", "activation { id }", {"activationId": moved})
    order = await api.order((product, 1))

    portuguese, english = [
        await replace(api, language=language.value).data(LABELLED, client=client, order=order) for language in Language
    ]

    assert portuguese["viewer"] == {"role": "MANAGER", "roleLabel": "Gerente"}
    assert portuguese["client"] == {
        "status": "ACTIVE",
        "statusLabel": "Ativo",
        "activations": {
            "nodes": [
                {
                    "status": "CANCELLED",
                    "statusLabel": "Cancelada",
                    "cancellationReason": "ACTIVATION_CANCELLED",
                    "cancellationReasonLabel": "Cancelamento de licença",
                }
            ]
        },
    }
    pending = {"type": "PURCHASE", "typeLabel": "Compra", "status": "PENDING", "statusLabel": "Confirmação Pendente"}
    assert portuguese["order"] == pending
    assert english["order"] == pending | {"typeLabel": "Purchase", "statusLabel": "Pending confirmation"}
    (stock,) = english["licenseStock"]
    assert stock["movements"]["nodes"][0] == {"type": "RELEASED", "typeLabel": "License returned"}
    assert english["events"]["nodes"][0] == {"type": "ORDER_CREATED", "typeLabel": "Order created"}
    assert portuguese["priceTable"]["items"][0] == {"orderType": "PURCHASE", "orderTypeLabel": "Compra"}
