"""Events over HTTP, on both engines: which ones each change appends, and how they are found."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import pytest

from domain.events import EventType
from resolvers import ids
from tests.api import Api, Json
from tests.factories import add_price_table, add_unconfirmed_app, new_caller
from tests.units import writing

EVENTS = """query ($filter: EventFilter) { events(filter: $filter, first: 100) { totalCount nodes {
    number type message actor { name } client { id } activation { id } order { id } } } }"""


class Happened(NamedTuple):
    """Events of one mutation."""

    type: EventType
    english: str
    portuguese: str
    about: Mapping[str, str]


async def events(api: Api, **chosen: object) -> list[Json]:
    """Return the events that the filter selects."""
    found = (await api.data(EVENTS, filter=chosen or None))["events"]
    assert found["totalCount"] == len(found["nodes"])
    return list(found["nodes"])


async def everything(api: Api, product: str) -> AsyncIterator[Happened]:
    """Make each kind of change once, with the events that it must append."""
    client = await api.client(name="Padaria")
    yield Happened(
        EventType.CLIENT_REGISTERED,
        "Mercearia: client registered.",
        "Mercearia: cliente cadastrado.",
        {"client": client},
    )
    await api.done("updateClient", "client { id }", {"clientId": client, "name": "Mercearia"})
    yield Happened(
        EventType.CLIENT_UPDATED, "Mercearia: details updated.", "Mercearia: dados alterados.", {"client": client}
    )
    order = await api.order((product, 3))
    yield Happened(EventType.ORDER_CREATED, "Order 1 created.", "Pedido 1 criado.", {"order": order})
    await api.approve(order)
    yield Happened(EventType.ORDER_APPROVED, "Order 1 approved.", "Pedido 1 aprovado.", {"order": order})
    other = await api.order((product, 3))
    yield Happened(EventType.ORDER_CREATED, "Order 2 created.", "Pedido 2 criado.", {"order": other})
    await api.done("cancelOrder", "order { id }", {"orderId": other})
    yield Happened(EventType.ORDER_CANCELLED, "Order 2 cancelled.", "Pedido 2 cancelado.", {"order": other})
    activation = await api.activation(client, product)
    yield Happened(
        EventType.LICENSE_ACTIVATED,
        "License of Moderniza Completo activated for Mercearia.",
        "Licença de Moderniza Completo ativada para Mercearia.",
        {"client": client, "activation": activation},
    )
    await api.done("updateActivation", "activation { id }", {"activationId": activation, "note": "Caixa 2"})
    yield Happened(
        EventType.ACTIVATION_UPDATED,
        "Activation of Moderniza Completo of Mercearia: details updated.",
        "Ativação de Moderniza Completo de Mercearia: dados alterados.",
        {"client": client, "activation": activation},
    )
    wanted = {"activationId": activation, "toClientId": client, "activationKey": "KEY-2"}
    moved = (await api.done("moveActivation", "activation { id }", wanted))["activation"]["id"]
    yield Happened(
        EventType.ACTIVATION_CANCELLED,
        "Activation of Moderniza Completo of Mercearia cancelled.",
        "Ativação de Moderniza Completo de Mercearia cancelada.",
        {"client": client, "activation": activation},
    )
    yield Happened(
        EventType.ACTIVATION_MOVED,
        "License of Moderniza Completo moved to Mercearia.",
        "Licença de Moderniza Completo transferida para Mercearia.",
        {"client": client, "activation": moved},
    )
    await api.done("cancelActivation", "activation { id }", {"activationId": moved})
    yield Happened(
        EventType.ACTIVATION_CANCELLED,
        "Activation of Moderniza Completo of Mercearia cancelled.",
        "Ativação de Moderniza Completo de Mercearia cancelada.",
        {"client": client, "activation": moved},
    )
    given: dict[str, object] = {"name": "Script", "permissions": ["ORDERS_READ"]}
    token = (await api.done("createApiToken", "apiToken { id }", given))["apiToken"]["id"]
    yield Happened(EventType.TOKEN_CREATED, "API token “Script” created.", "Token de API “Script” criado.", {})
    await api.done("revokeApiToken", "apiToken { id }", {"apiTokenId": token})
    yield Happened(EventType.TOKEN_REVOKED, "API token “Script” revoked.", "Token de API “Script” revogado.", {})
    await api.done("createExport", "export { url }", {"list": {"licenseStock": {}}})
    yield Happened(
        EventType.EXPORT_CREATED, "List exported: License stock.", "Lista exportada: Estoque de licenças.", {}
    )
    async with writing(api.portal.database) as tx:
        app = await add_unconfirmed_app(tx, api.portal, api.partner_id, api.user_id)
    confirmed = await api.done("confirmTotp", "recoveryCodes", {"code": app.code(api.portal.now())})
    yield Happened(
        EventType.SECOND_FACTOR_ENABLED,
        "Ana: two-step verification turned on.",
        "Ana: verificação em duas etapas ativada.",
        {},
    )
    used = Happened(EventType.RECOVERY_CODE_USED, "Ana: recovery code used.", "Ana: código de recuperação usado.", {})
    renewed = await api.done("renewRecoveryCodes", "recoveryCodes", {"code": confirmed["recoveryCodes"][0]})
    yield used
    yield Happened(
        EventType.RECOVERY_CODES_RENEWED, "Ana: new recovery codes.", "Ana: novos códigos de recuperação.", {}
    )
    await api.done("disableTotp", "__typename", {"code": renewed["recoveryCodes"][0]})
    yield used
    yield Happened(
        EventType.SECOND_FACTOR_DISABLED,
        "Ana: two-step verification turned off.",
        "Ana: verificação em duas etapas desativada.",
        {},
    )


@pytest.mark.usefixtures("clock")
async def test_each_change_leaves_an_event_about_what_it_changed(api: Api, product: str) -> None:
    happened = [each async for each in everything(api, product)]

    in_english = await events(api)
    in_portuguese = await events(replace(api, language="pt-BR"))

    nothing = {"client": None, "activation": None, "order": None}
    assert in_english == [
        nothing
        | {"number": number, "type": each.type.value, "message": each.english, "actor": {"name": "Ana"}}
        | {thing: {"id": id_} for thing, id_ in each.about.items()}
        for number, each in enumerate(happened, start=1)
    ]
    assert [event["message"] for event in in_portuguese] == [each.portuguese for each in happened]
    things = "PARTNER_", "PRICE", "PRODUCT_", "DOCUMENTS_"
    by_the_vendor = {each for each in EventType if each.name.startswith(things)}
    # `test_user_management.py`, `test_invitations.py`, `test_identity.py`, `test_webhooks.py` and others make these.
    about = "USER_", "INVITATION_", "PASSWORD_", "SESSIONS_", "IDENTITY_", "WEBHOOK_"
    of_users = {each for each in EventType if each.name.startswith(about)}
    others = by_the_vendor | of_users | {EventType.CLIENT_CANCELLED, EventType.STOCK_LOW}
    missing = set(EventType) - others - {each.type for each in happened}
    assert not missing, f"Make these changes in `everything`: {sorted(each.name for each in missing)}."
    assert {each.type for each in happened} == set(EventType) - others


@pytest.mark.parametrize("language", ["en", "pt-BR"])
async def test_a_cancelled_client_leaves_an_event_per_activation_without_its_name(
    api: Api, product: str, language: str
) -> None:
    await api.buy(product, 2)
    client = await api.client(name="Mercearia")
    activations = [await api.activation(client, product) for _ in range(2)]

    await api.done("cancelClient", "client { id }", {"clientId": client})

    found = await events(replace(api, language=language), clientId=client)
    cancelled = [event for event in found if event["type"] == "ACTIVATION_CANCELLED"]
    assert sorted(event["activation"]["id"] for event in cancelled) == sorted(activations)
    assert (found[-1]["type"], found[-1]["client"]) == ("CLIENT_CANCELLED", {"id": client})
    assert not [event for event in found if "Mercearia" in event["message"] or "None" in event["message"]]


async def test_events_are_found_by_type_client_and_order(api: Api, product: str) -> None:
    order = await api.order((product, 1))
    await api.approve(order)
    client = await api.client()

    by_order = await events(api, orderId=order)
    by_client = await events(api, clientId=client)
    by_type = await events(api, types=["ORDER_APPROVED", "CLIENT_REGISTERED"])

    assert [event["number"] for event in by_order] == [1, 2]
    assert [event["number"] for event in by_client] == [3]
    assert [event["number"] for event in by_type] == [2, 3]
    assert await events(api, orderId=order, clientId=client) == []
    assert await events(api, types=[]) == []


async def test_events_are_found_by_any_object_and_by_who_made_the_change(
    api: Api, other_api: Api, vendor: Api, product: str
) -> None:
    await api.buy(product, 1)
    activation = await api.activation(await api.client(), product)
    user = await new_caller(api.http, api.portal, api.partner_id)
    of_user, of_api, of_vendor = (ids.encode("User", each.user_id) for each in (user, api, vendor))
    await api.done("updateUser", "user { id }", {"userId": of_user, "name": "Léo"})
    given: dict[str, object] = {"name": "Script", "permissions": ["ORDERS_READ"]}
    token = (await user.done("createApiToken", "apiToken { id }", given))["apiToken"]["id"]
    table = (await api.data("{ viewer { partner { priceTable { id } } } }"))["viewer"]["partner"]["priceTable"]["id"]
    partner = ids.encode("Partner", api.partner_id)
    async with writing(api.portal.database) as tx:
        other = ids.encode("PriceTable", await add_price_table(tx))
    assigned = {"partnerId": partner, "priceTableIds": [table, other], "preselectedId": table}
    await vendor.done("assignPriceTables", "__typename", assigned)

    async def types(**chosen: object) -> list[str]:
        return [event["type"] for event in await events(api, **chosen)]

    assert await types(activationId=activation) == ["LICENSE_ACTIVATED"]
    assert await types(userId=of_user) == ["USER_UPDATED"]
    assert await types(actorId=of_user) == await types(apiTokenId=token) == ["TOKEN_CREATED"]
    assert await types(priceTableId=other) == await types(actorId=of_vendor) == ["PRICES_CHANGED"]
    assert await types(actorId=of_api, activationId=activation) == ["LICENSE_ACTIVATED"]
    assert await types(actorId=of_user, activationId=activation) == []
    for chosen in ({"activationId": activation}, {"userId": of_user}, {"actorId": of_api}, {"apiTokenId": token}):
        assert await events(other_api, **chosen) == []


async def test_events_are_found_by_when_they_occurred(api: Api) -> None:
    await api.client()
    nodes = (await api.data("{ events { nodes { occurredAt } } }"))["events"]["nodes"]
    at = nodes[0]["occurredAt"]

    since = await events(api, occurredAt={"from": at})
    before = await events(api, occurredAt={"to": at})

    assert (len(since), len(before)) == (1, 0)


async def test_a_change_that_changes_nothing_leaves_no_event(api: Api) -> None:
    client = await api.client(name="Padaria")

    await api.done("updateClient", "client { id }", {"clientId": client, "name": "Padaria"})

    assert [event["type"] for event in await events(api)] == ["CLIENT_REGISTERED"]


async def test_an_event_can_be_gone_on_from_in_any_list(api: Api) -> None:
    for _ in range(3):
        await api.client()
    query = "{ events { edges { cursor node { cursor } } } }"
    edges = (await api.data(query))["events"]["edges"]

    later = await api.data(
        "query ($after: String) { events(after: $after) { nodes { number } } }", after=edges[0]["node"]["cursor"]
    )

    assert all(edge["cursor"] == edge["node"]["cursor"] for edge in edges)
    assert [event["number"] for event in later["events"]["nodes"]] == [2, 3]
