"""Activating, cancelling and moving licenses, one at a time and many at once."""

import asyncio
import re
from dataclasses import replace

import pytest

from tests.api import Api
from tests.factories import new_product


async def test_an_activation_takes_a_license_and_seats_and_gets_a_code(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1, seats=3)

    given = {"clientId": client, "productId": product, "activationKey": "abc-1", "additionalSeats": 2}
    selection = "activation { authorizationCode activationKey seats viewerCanCancel } licenseStock { available }"
    payload = await api.done("activateLicense", selection, given)

    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}", payload["activation"]["authorizationCode"])
    assert (payload["activation"]["activationKey"], payload["activation"]["seats"]) == ("ABC-1", 4)
    assert payload["licenseStock"]["available"] == 0
    assert (await api.stock(product))["additionalSeatsAvailable"] == 1


async def test_what_cannot_be_activated_is_refused_with_its_facts(api: Api, client: str, product: str) -> None:
    given = {"clientId": client, "productId": product, "activationKey": "ABC-1"}
    assert await api.codes("activateLicense", given) == ["OUT_OF_STOCK"]
    await api.buy(product, 2)
    assert await api.codes("activateLicense", given | {"additionalSeats": 1}) == ["OUT_OF_SEATS"]
    await api.activation(client, product, activationKey="ABC-1")

    assert await api.codes("activateLicense", given) == ["ACTIVATION_KEY_IN_USE"]
    assert await api.codes("activateLicense", given | {"activationKey": "A B C D"}) == ["INVALID_INPUT"]
    assert await api.codes("activateLicense", given | {"productId": client}) == ["NOT_FOUND"]
    assert (await api.stock(product))["available"] == 1


async def test_a_cancelled_activation_gives_back_what_it_held_once(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1, seats=2)
    activation = await api.activation(client, product, additionalSeats=2)

    given = {"activationId": activation, "reason": "Fechou"}
    payload = await api.done("cancelActivation", "activation { status cancellationNote }", given)

    assert payload["activation"] == {"status": "CANCELLED", "cancellationNote": "Fechou"}
    assert await api.codes("cancelActivation", given) == ["ACTIVATION_CANCELLED"]
    stock = await api.stock(product)
    assert (stock["available"], stock["additionalSeatsAvailable"]) == (1, 2)


async def test_a_move_needs_no_second_license_and_takes_the_seats_along(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1, seats=2)
    activation = await api.activation(client, product, additionalSeats=2)
    other = await api.client(name="Outra")

    given = {"activationId": activation, "toClientId": other, "activationKey": "NOVA-1"}
    selection = (
        "activation { id additionalSeats client { id } } previousActivation { cancellationReason movedTo { id } }"
    )
    payload = await api.done("moveActivation", selection, given)

    assert payload["activation"]["client"] == {"id": other}
    assert payload["activation"]["additionalSeats"] == 2
    moved_to = {"id": payload["activation"]["id"]}
    assert payload["previousActivation"] == {"cancellationReason": "MOVED", "movedTo": moved_to}
    assert (await api.stock(product))["available"] == 0
    assert await api.codes("moveActivation", given) == ["ACTIVATION_CANCELLED"]


async def test_a_move_returns_both_clients_and_the_stock_after_the_change(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1, seats=2)
    activation = await api.activation(client, product, additionalSeats=2)
    other = await api.client(name="Outra")

    given = {"activationId": activation, "toClientId": other, "activationKey": "NOVA-1"}
    of_client = "client { id activeActivationCount }"
    stock = "licenseStock { id activated movements(first: 2) { totalCount nodes { type activation { id } } } }"
    selection = f"activation {{ id {of_client} }} previousActivation {{ {of_client} }} {stock}"
    payload = await api.done("moveActivation", selection, given)

    assert payload["activation"]["client"] == {"id": other, "activeActivationCount": 1}
    assert payload["previousActivation"]["client"] == {"id": client, "activeActivationCount": 0}
    assert payload["licenseStock"]["id"] == (await api.stock(product))["id"]
    assert payload["licenseStock"]["activated"] == 1
    assert payload["licenseStock"]["movements"]["nodes"] == [
        {"type": "ACTIVATED", "activation": {"id": payload["activation"]["id"]}},
        {"type": "RELEASED", "activation": {"id": activation}},
    ]
    refused = await api.mutate("moveActivation", "licenseStock { id }", given)
    assert (len(refused["userErrors"]), refused["licenseStock"]) == (1, None)


async def test_both_clients_and_both_activations_have_an_event_of_a_move(api: Api, client: str, product: str) -> None:
    await api.buy(product, 2)
    ended = [await api.activation(client, product, activationKey=f"CAIXA-{number}") for number in range(2)]
    other = await api.client()
    wanted = [
        {"activationId": each, "toClientId": other, "activationKey": f"CAIXA-{number}"}
        for number, each in enumerate(ended)
    ]

    one = (await api.done("moveActivation", "activation { id }", wanted[0]))["activation"]["id"]
    many = await api.done("moveActivations", "results { activation { id } }", {"items": wanted[1:]})

    begun = [one, many["results"][0]["activation"]["id"]]
    shown = "nodes { type client { id } activation { id } }"
    query = f"query ($of: EventFilter!) {{ events(last: 4, filter: $of) {{ {shown} }} }}"
    types = ["ACTIVATION_CANCELLED", "ACTIVATION_MOVED"]
    happened = [
        {"type": kind, "client": {"id": of_client}, "activation": {"id": activation}}
        for pair in zip(ended, begun, strict=True)
        for kind, of_client, activation in zip(types, (client, other), pair, strict=True)
    ]
    assert (await api.data(query, of={"types": types}))["events"]["nodes"] == happened
    left = await api.data(query, of={"types": types, "clientId": client})
    assert left["events"]["nodes"] == [happened[0], happened[2]]


PRINTER = """activation { id authorizationCode activationKey ecfSerialNumber note additionalSeats status }
    previousActivation { id } licenseStock { activated movements { totalCount } } warnings { code message path }"""


async def test_another_printer_with_the_same_key_keeps_the_activation_and_its_code(
    api: Api, client: str, product: str
) -> None:
    await api.buy(product, 1, seats=2)
    printed = {"activationKey": "CAIXA-1", "ecfSerialNumber": "BE01", "note": "Caixa", "additionalSeats": 2}
    activation = await api.activation(client, product, **printed)
    query = "query ($id: ID!) { activation(id: $id) { authorizationCode } }"
    code = (await api.data(query, id=activation))["activation"]["authorizationCode"]
    given = {"activationId": activation, "toClientId": client, "activationKey": "caixa-1"}

    moved = await api.done("moveActivation", PRINTER, given | {"ecfSerialNumber": "be02", "idempotencyKey": "once"})
    again = await api.done("moveActivation", PRINTER, given | {"ecfSerialNumber": "be02", "idempotencyKey": "once"})
    noted = await api.done("moveActivation", PRINTER, given | {"ecfSerialNumber": "BE03", "note": "Balcão"})

    kept = {"id": activation, "authorizationCode": code, "activationKey": "CAIXA-1", "additionalSeats": 2}
    assert moved["activation"] == kept | {"ecfSerialNumber": "BE02", "note": "Caixa", "status": "ACTIVE"}
    assert moved["previousActivation"] is None
    assert moved["licenseStock"] == {"activated": 1, "movements": {"totalCount": 3}}
    assert again == moved
    assert noted["activation"] == kept | {"ecfSerialNumber": "BE03", "note": "Balcão", "status": "ACTIVE"}
    events = (
        "{ events(filter: { types: [ACTIVATION_MOVED, ACTIVATION_UPDATED] }) { nodes { type activation { id } } } }"
    )
    assert (await api.data(events))["events"]["nodes"] == [
        {"type": "ACTIVATION_UPDATED", "activation": {"id": activation}}
    ] * 2


async def test_the_same_key_without_another_printer_is_in_use(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product, activationKey="CAIXA-1", ecfSerialNumber="BE01")
    given = {"activationId": activation, "toClientId": client, "activationKey": "CAIXA-1"}

    assert await api.codes("moveActivation", given) == ["ACTIVATION_KEY_IN_USE"]
    assert await api.codes("moveActivation", {**given, "ecfSerialNumber": "be01"}) == ["ACTIVATION_KEY_IN_USE"]

    other = await api.client()
    moved = await api.done("moveActivation", PRINTER, given | {"toClientId": other, "ecfSerialNumber": "BE02"})
    assert moved["previousActivation"] == {"id": activation}


@pytest.mark.parametrize("none", [None, " "])
@pytest.mark.parametrize("name", ["moveActivation", "moveActivations"])
async def test_null_removes_the_printer_and_keeps_the_activation(
    api: Api, client: str, product: str, name: str, none: str | None
) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product, activationKey="CAIXA-1", ecfSerialNumber="BE01", note="Caixa")
    move = {"activationId": activation, "toClientId": client, "activationKey": "CAIXA-1", "ecfSerialNumber": none}
    given = {"items": [move]} if name == "moveActivations" else move
    query = "query ($id: ID!) { activation(id: $id) { status ecfSerialNumber note } }"

    for _ in range(2):
        assert await api.codes(name, given | {"idempotencyKey": "once"}) == []

    kept = {"status": "ACTIVE", "ecfSerialNumber": None, "note": "Caixa"}
    assert (await api.data(query, id=activation))["activation"] == kept
    errors = "results { userErrors { code } } userErrors { code }"
    again = await api.mutate(name, errors if "items" in given else "__typename", given)
    (error,) = again["results"][0]["userErrors"] if "items" in given else again["userErrors"]
    assert error["code"] == "ACTIVATION_KEY_IN_USE"


async def test_a_printer_that_another_client_uses_is_a_warning(api: Api, other_api: Api, product: str) -> None:
    await api.buy(product, 5)
    theirs = await new_product(other_api.portal, other_api.partner_id)
    await other_api.buy(theirs, 1)
    await other_api.activation(await other_api.client(), theirs, ecfSerialNumber="BE01")
    one, other = await api.client(), await api.client()
    given = {"clientId": one, "productId": product, "activationKey": "CAIXA-1", "ecfSerialNumber": "be01"}
    selection = "activation { id } warnings { code message path }"

    first = await api.done("activateLicense", selection, given)
    same_client = await api.done("activateLicense", selection, given | {"activationKey": "CAIXA-2"})
    at_other = given | {"clientId": other, "idempotencyKey": "once"}
    elsewhere = await api.done("activateLicense", selection, at_other)
    in_portuguese = await replace(api, language="pt-BR").done("activateLicense", selection, at_other)

    assert first["warnings"] == same_client["warnings"] == []
    warning = {"code": "ECF_SERIAL_NUMBER_IN_USE", "path": ["ecfSerialNumber"]}
    english = "The fiscal printer (ECF) BE01 is also active at another client."
    assert elsewhere["warnings"] == [warning | {"message": english}]
    portuguese = "O ECF BE01 também está ativo em outro cliente."
    assert in_portuguese["warnings"] == [warning | {"message": portuguese}]
    move = {"activationId": elsewhere["activation"]["id"], "toClientId": other, "activationKey": "CAIXA-1"}
    free = await api.done("moveActivation", PRINTER, move | {"ecfSerialNumber": "BE02"})
    back = await api.done("moveActivation", PRINTER, move | {"ecfSerialNumber": "BE01"})
    assert (free["warnings"], back["warnings"]) == ([], elsewhere["warnings"])
    for ended in (first, same_client):
        await api.done("cancelActivation", "activation { id }", {"activationId": ended["activation"]["id"]})
    assert (await api.done("activateLicense", selection, at_other))["warnings"] == []
    refused = await api.mutate("moveActivation", PRINTER, move | {"ecfSerialNumber": "BE01"})
    assert (len(refused["userErrors"]), refused["warnings"]) == (1, [])


async def test_a_hundred_at_once_activate_the_last_sixty_licenses(api: Api, client: str, product: str) -> None:
    await api.buy(product, 60)
    inputs = [{"clientId": client, "productId": product, "activationKey": f"RACE-{place}"} for place in range(100)]

    answers = await asyncio.gather(*(api.codes("activateLicense", given) for given in inputs))

    assert answers.count([]) == 60
    assert answers.count(["OUT_OF_STOCK"]) == 40
    assert (await api.stock(product))["available"] == 0


async def test_no_license_stays_active_at_a_client_that_is_cancelled_meanwhile(api: Api, product: str) -> None:
    await api.buy(product, 30)
    for _ in range(5):
        client = await api.client()
        keys = [f"RACE-{place}" for place in range(5)]
        activate = [
            api.codes("activateLicense", {"clientId": client, "productId": product, "activationKey": key})
            for key in keys
        ]
        await asyncio.gather(*activate, api.codes("cancelClient", {"clientId": client}))

    stock = await api.stock(product)
    assert (stock["activated"], stock["available"]) == (0, 30)
