"""Registering and updating clients, over HTTP, on both engines."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.fields import FIELDS
from tests import cnpjs
from tests.api import Api, Json

VECTORS = json.loads((Path(__file__).parents[1] / "cnpj-vectors.json").read_text())
NUL = "\0"
SURROGATE = "\ud800"


@pytest.mark.parametrize(("typed", "stored"), VECTORS["valid_masks"].items())
async def test_a_cnpj_is_stored_without_its_mask(api: Api, typed: str, stored: str) -> None:
    payload = await api.done("registerClient", "client { cnpj }", {"cnpj": typed, "name": "Padaria"})

    assert payload["client"] == {"cnpj": stored}
    assert (await _by_cnpj(api, cnpjs.masked(stored)))["cnpj"] == stored


@pytest.mark.parametrize("number", VECTORS["valid_alphanumeric"])
async def test_a_cnpj_with_letters_is_registered(api: Api, number: str) -> None:
    payload = await api.done("registerClient", "client { cnpj status }", {"cnpj": number, "name": "Padaria"})

    assert payload["client"] == {"cnpj": number, "status": "ACTIVE"}


@pytest.mark.parametrize("number", VECTORS["invalid"])
async def test_what_is_no_cnpj_is_refused(api: Api, number: str) -> None:
    payload = await api.mutate("registerClient", "client { id }", {"cnpj": number, "name": "Padaria"})

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("INVALID_CNPJ", ["cnpj"])]
    assert payload["client"] is None


async def test_what_is_registered_is_what_is_read(api: Api) -> None:
    given = {"cnpj": cnpjs.another(), "name": " Açougue  Boi ", "tradeName": "Boi", "city": "São José", "state": "sp"}

    payload = await api.done("registerClient", "client { cnpj name tradeName city state }", given)

    assert payload["client"] == given | {"name": "Açougue  Boi", "state": "SP"}


async def test_a_registration_leaves_an_event(api: Api) -> None:
    client = await api.client()

    events = (await api.data("{ events { nodes { number type client { id } actor { name } } } }"))["events"]["nodes"]

    assert events == [{"number": 1, "type": "CLIENT_REGISTERED", "client": {"id": client}, "actor": {"name": "Ana"}}]


@pytest.mark.parametrize(
    ("details", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "n" * 300}, "name"),
        ({"tradeName": "n" * 300}, "tradeName"),
        ({"city": "n" * 101}, "city"),
        ({"state": "XX"}, "state"),
    ],
)
async def test_a_detail_outside_its_limits_is_refused_by_name(
    api: Api, details: Mapping[str, object], path: str
) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria", **details}

    payload = await api.mutate("registerClient", "client { id }", given)

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("INVALID_INPUT", [path])]
    assert await _count(api) == 0


async def test_a_name_of_200_characters_is_taken(api: Api) -> None:
    payload = await api.done("registerClient", "client { name }", {"cnpj": cnpjs.another(), "name": "ã" * 200})

    assert payload["client"] == {"name": "ã" * 200}


@pytest.mark.parametrize("character", [NUL, SURROGATE], ids=["NUL", "surrogate"])
@pytest.mark.parametrize("field", ["name", "tradeName", "city"])
async def test_a_character_that_no_database_keeps_is_refused_by_the_fields_name(
    api: Api, field: str, character: str
) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria", field: f"a{character}b"}

    errors = (await _register_escaped(api, given))["userErrors"]

    assert [(error["code"], error["path"]) for error in errors] == [("INVALID_INPUT", [field])]
    assert errors[0]["message"].startswith(f"{FIELDS[field].en.capitalize()} contains a character")


@pytest.mark.parametrize("character", [NUL, SURROGATE], ids=["NUL", "surrogate"])
async def test_a_cnpj_with_a_character_that_no_database_keeps_is_no_cnpj(api: Api, character: str) -> None:
    given = {"cnpj": cnpjs.another() + character, "name": "Padaria"}

    errors = (await _register_escaped(api, given))["userErrors"]

    assert [(error["code"], error["path"]) for error in errors] == [("INVALID_CNPJ", ["cnpj"])]


async def test_all_refusals_of_an_input_are_returned_together(api: Api) -> None:
    payload = await api.mutate("registerClient", "client { id }", {"cnpj": "1", "name": "", "state": "X"})

    assert [error["path"] for error in payload["userErrors"]] == [["cnpj"], ["name"], ["state"]]


async def test_the_cnpj_of_an_active_client_is_refused(api: Api) -> None:
    number = cnpjs.another()
    await api.client(cnpj=number)

    payload = await api.mutate("registerClient", "client { id }", {"cnpj": cnpjs.masked(number), "name": "Outra"})

    (error,) = payload["userErrors"]
    assert (error["__typename"], error["code"], error["path"]) == ("ConflictError", "CNPJ_ALREADY_REGISTERED", ["cnpj"])
    assert await _count(api) == 1


async def test_two_partners_may_have_one_cnpj(api: Api, other_api: Api) -> None:
    number = cnpjs.another()
    await api.client(cnpj=number)

    await other_api.client(cnpj=number)

    assert (await _count(api), await _count(other_api)) == (1, 1)


async def test_two_registrations_of_one_cnpj_at_once_make_one_client(api: Api) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria"}

    codes = await asyncio.gather(api.codes("registerClient", given), api.codes("registerClient", given))

    assert sorted(codes) == [[], ["CNPJ_ALREADY_REGISTERED"]]
    assert await _count(api) == 1


async def test_the_same_key_registers_once(api: Api) -> None:
    given = {"cnpj": cnpjs.another(), "name": "Padaria", "idempotencyKey": "one"}

    first = await api.done("registerClient", "client { id name }", given)
    again = await api.done("registerClient", "client { id name }", given)

    assert first == again
    assert await api.codes("registerClient", given | {"name": "Outra"}) == ["IDEMPOTENCY_CONFLICT"]


async def test_an_update_keeps_what_is_omitted(api: Api) -> None:
    client = await api.client(name="Padaria", tradeName="Pão", city="Recife", state="PE")

    updated = await _update(api, client, city="Olinda")

    assert updated == {"name": "Padaria", "tradeName": "Pão", "city": "Olinda", "state": "PE"}


async def test_an_update_clears_what_is_null(api: Api) -> None:
    client = await api.client(name="Padaria", tradeName="Pão", city="Recife", state="PE")

    updated = await _update(api, client, tradeName=None, city=None, state=None)

    assert updated == {"name": "Padaria", "tradeName": None, "city": None, "state": None}


async def test_a_name_cannot_be_cleared(api: Api) -> None:
    client = await api.client()

    payload = await api.mutate("updateClient", "client { id }", {"clientId": client, "name": None})

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("INVALID_INPUT", ["name"])]


async def test_an_update_that_changes_nothing_leaves_no_event(api: Api) -> None:
    client = await api.client(name="Padaria")

    await _update(api, client, name="Padaria")
    await _update(api, client, name="Mercado")

    events = (await api.data("{ events { nodes { type } } }"))["events"]["nodes"]
    assert [event["type"] for event in events] == ["CLIENT_REGISTERED", "CLIENT_UPDATED"]


async def test_an_updated_client_is_found_by_its_new_name_only(api: Api) -> None:
    client = await api.client(name="Padaria")

    await _update(api, client, name="Mercado")

    assert await _named(api, "mercado") == await _found(api, "mercado") == [client]
    assert await _named(api, "padaria") == await _found(api, "padaria") == []


async def test_a_client_is_searched_by_its_new_trade_name_only(api: Api) -> None:
    client = await api.client(name="Padaria", tradeName="Forno Doce")

    await _update(api, client, tradeName="Feira")

    assert await _found(api, "feira") == await _found(api, "padaria") == [client]
    assert await _found(api, "forno") == []

    await _update(api, client, tradeName=None)

    assert await _found(api, "padaria") == [client]
    assert await _found(api, "feira") == []


async def test_activations_are_sorted_by_their_clients_new_name(api: Api, product: str) -> None:
    await api.buy(product, 2)
    first, second = await api.client(name="Árvore"), await api.client(name="Bola")
    activations = [await api.activation(client, product) for client in (first, second)]

    await _update(api, first, name="Zebra")

    query = "{ activations(sort: {by: CLIENT_NAME, direction: ASC}) { nodes { id } } }"
    nodes = (await api.data(query))["activations"]["nodes"]
    assert [node["id"] for node in nodes] == activations[::-1]


async def test_a_cancelled_client_is_not_updated(api: Api, client: str) -> None:
    await api.done("cancelClient", "client { id }", {"clientId": client})

    payload = await api.mutate("updateClient", "client { id }", {"clientId": client, "name": "Outra"})

    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [("CLIENT_CANCELLED", ["clientId"])]


async def test_another_partners_client_is_not_found(other_api: Api, client: str) -> None:
    answers = [await other_api.codes("updateClient", {"clientId": client, "name": "Outra"})]
    answers.append(await other_api.codes("cancelClient", {"clientId": client}))

    assert answers == [["NOT_FOUND"], ["NOT_FOUND"]]


async def _update(api: Api, client: str, **changes: object) -> Json:
    payload = await api.done("updateClient", "client { name tradeName city state }", {"clientId": client} | changes)
    return payload["client"]


async def _register_escaped(api: Api, given: Mapping[str, object]) -> Json:
    """Return the payload of a registration with an escaped body: httpx can't send lone surrogates."""
    query = """mutation ($input: RegisterClientInput!) {
        registerClient(input: $input) { userErrors { code message path } } }"""
    body = json.dumps({"query": query, "variables": {"input": given}})
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json", "Accept-Language": "en"}
    response = await api.http.post("/graphql", content=body, headers=headers)
    return response.json()["data"]["registerClient"]


async def _by_cnpj(api: Api, cnpj: str) -> Json:
    return (await api.data("query ($cnpj: CNPJ!) { clientByCnpj(cnpj: $cnpj) { id cnpj } }", cnpj=cnpj))["clientByCnpj"]


async def _count(api: Api) -> int:
    return int((await api.data("{ clients(filter: {status: null}) { totalCount } }"))["clients"]["totalCount"])


async def _named(api: Api, name: str) -> list[str]:
    query = "query ($name: String) { clients(filter: {name: $name}) { nodes { id } } }"
    return [node["id"] for node in (await api.data(query, name=name))["clients"]["nodes"]]


async def _found(api: Api, search: str) -> list[str]:
    query = "query ($search: String) { clients(filter: {search: $search}) { nodes { id } } }"
    return [node["id"] for node in (await api.data(query, search=search))["clients"]["nodes"]]
