"""Activating, cancelling and moving licenses, one at a time and many at once."""

import asyncio
import re

from tests.api import Api


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
