"""Correcting activations over HTTP, on both engines."""

import asyncio

from domain.access import Permission
from tests.api import Api
from tests.factories import new_caller

ACTIVATION = "activation { id note status authorizationCode activationKey } licenseStock { available }"
NOTE = "query ($id: ID!) { activation(id: $id) { note } }"
EVENTS = "{ events(filter: { types: [ACTIVATION_UPDATED] }) { nodes { activation { id } client { id } } } }"


async def test_a_note_is_corrected_and_everything_else_is_kept(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product, note="Caixa 1", activationKey="KEY-1")
    before = await api.done("updateActivation", ACTIVATION, {"activationId": activation})

    given = {"activationId": activation, "note": " Caixa 2\r\nao lado ", "idempotencyKey": "once"}
    payload = await api.done("updateActivation", ACTIVATION, given)

    assert payload["activation"] == before["activation"] | {"note": "Caixa 2\nao lado"}
    assert payload["licenseStock"] == {"available": 0}
    assert await api.done("updateActivation", ACTIVATION, given) == payload
    assert (await api.data(EVENTS))["events"]["nodes"] == [{"activation": {"id": activation}, "client": {"id": client}}]
    cleared = await api.done("updateActivation", ACTIVATION, {"activationId": activation, "note": None})
    assert cleared["activation"]["note"] is None


async def test_a_note_that_stays_the_same_leaves_no_event(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product, note="Caixa 1")

    for note in ({}, {"note": "Caixa 1"}, {"note": " Caixa 1 "}):
        await api.done("updateActivation", ACTIVATION, {"activationId": activation, **note})

    assert (await api.data(EVENTS))["events"]["nodes"] == []


async def test_the_note_of_a_cancelled_activation_is_corrected_too(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product)
    await api.done("cancelActivation", "activation { id }", {"activationId": activation})

    payload = await api.done("updateActivation", ACTIVATION, {"activationId": activation, "note": "Quebrou"})

    assert (payload["activation"]["note"], payload["activation"]["status"]) == ("Quebrou", "CANCELLED")


async def test_a_correction_is_refused_for_what_is_erased_unknown_or_long(
    api: Api, other_api: Api, client: str, product: str
) -> None:
    await api.buy(product, 2)
    kept = await api.activation(await api.client(), product, note="Caixa")
    erased = await api.activation(client, product)
    await api.done("cancelClient", "client { id }", {"clientId": client})

    assert await api.codes("updateActivation", {"activationId": erased, "note": "x"}) == ["CLIENT_CANCELLED"]
    assert await api.codes("updateActivation", {"activationId": "nothing", "note": "x"}) == ["NOT_FOUND"]
    assert await other_api.codes("updateActivation", {"activationId": kept, "note": "x"}) == ["NOT_FOUND"]
    assert await api.codes("updateActivation", {"activationId": kept, "note": "x" * 2_001}) == ["INVALID_INPUT"]
    reader = await new_caller(api.http, api.portal, api.partner_id, chosen=frozenset({Permission.ACTIVATIONS_READ}))
    refused = await reader.error(
        "mutation ($input: UpdateActivationInput!) { updateActivation(input: $input) { userErrors { code } } }",
        input={"activationId": kept, "note": "x"},
    )
    assert refused["extensions"]["code"] == "FORBIDDEN"
    assert (await api.data(NOTE, id=kept))["activation"]["note"] == "Caixa"


async def test_no_note_is_written_to_a_client_that_is_cancelled_meanwhile(api: Api, product: str) -> None:
    await api.buy(product, 3)
    for _ in range(3):
        client = await api.client(name="Quitandinha")
        activation = await api.activation(client, product)
        note = {"activationId": activation, "note": "Fica na Quitandinha"}

        await asyncio.gather(api.codes("updateActivation", note), api.codes("cancelClient", {"clientId": client}))

        assert (await api.data(NOTE, id=activation))["activation"]["note"] is None
