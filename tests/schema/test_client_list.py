"""Listing clients, over HTTP, on both engines."""

import pytest

from tests import cnpjs
from tests.api import Api

QUERY = """query ($filter: ClientFilter, $sort: ClientSort) {
    clients(filter: $filter, sort: $sort) { totalCount nodes { id name } } }"""


@pytest.mark.parametrize("search", ["sao joao", "SÃO JOÃO", "São  João", "o joa", "são joão"])
async def test_names_are_searched_without_regard_to_accents_and_case(api: Api, search: str) -> None:
    found = await api.client(name="Padaria São João")
    await api.client(name="Padaria Santo Antônio")

    assert await _ids(api, search=search) == [found]
    assert await _ids(api, name=search) == [found]


@pytest.mark.parametrize("search", ["d'agua", "D’ÁGUA", "d\N{ACUTE ACCENT}agua", "pau-brasil", "pau–b"])
async def test_an_apostrophe_or_dash_of_any_form_is_found(api: Api, search: str) -> None:
    await api.client(name="Bar Olho D’Água", tradeName="Pau–Brasil")
    await api.client(name="Padaria Central")
    query = "query ($text: String!) { clients(filter: { search: $text }) { nodes { name } } }"

    found = (await api.data(query, text=search))["clients"]["nodes"]

    assert found == [{"name": "Bar Olho D’Água"}]


@pytest.mark.parametrize("search", ["joao forno", "joao\nforno", "joaoforno", "o f"])
async def test_a_match_can_not_span_both_names(api: Api, search: str) -> None:
    await api.client(name="Padaria São João", tradeName="Forno Doce")

    assert await _ids(api, search=search) == []


async def test_search_matches_the_trade_name_and_the_name_filter_does_not(api: Api) -> None:
    found = await api.client(name="ABC Alimentos", tradeName="Pão São João")

    assert await _ids(api, search="sao joao") == [found]
    assert await _ids(api, name="sao joao") == []


@pytest.mark.parametrize("length", [18, 10, 3])
async def test_a_cnpj_is_found_by_its_beginning_in_its_mask(api: Api, length: int) -> None:
    number = cnpjs.with_check_digits("9Z8YX7W60001")
    found = await api.client(cnpj=number)
    await api.client(cnpj=cnpjs.with_check_digits("1Z8YX7W60001"))
    typed = cnpjs.masked(number)[:length].lower()

    assert await _ids(api, cnpj=typed) == [found]
    assert await _ids(api, cnpj=number[:length]) == [found]


async def test_a_search_finds_any_part_of_a_cnpj_in_any_mask(api: Api) -> None:
    found = await api.client(cnpj=cnpjs.with_check_digits("9Z8YX7W60001"))
    await api.client()

    assert await _ids(api, search="8yx.7w6/0001") == [found]
    assert (
        await _ids(api, search="8yx\uff0e7w6\u20440001 – ") == await _ids(api, cnpj="9z·8yx.7w6\uff0f0001—") == [found]
    )
    assert await _ids(api, search="8YX7W6") == [found]


@pytest.mark.parametrize(("field", "nothing"), [("cnpj", "./-"), ("search", "¨"), ("name", "¨"), ("city", "^¨")])
async def test_a_text_without_any_letter_or_digit_of_its_kind_finds_nothing(api: Api, field: str, nothing: str) -> None:
    await api.client(city="Itu")

    assert await _ids(api, **{field: nothing}) == []


async def test_a_printers_serial_number_finds_the_client_while_it_is_in_use(api: Api, product: str) -> None:
    await api.buy(product, 2)
    found, other = await api.client(), await api.client()
    activation = await api.activation(found, product, ecfSerialNumber="ecf-1")
    await api.activation(other, product, ecfSerialNumber="ECF-10")

    assert await _ids(api, ecfSerialNumber=" Ecf-1 ") == [found]

    await api.done("cancelActivation", "activation { id }", {"activationId": activation})
    assert await _ids(api, ecfSerialNumber="ECF-1") == []


async def test_a_search_finds_clients_by_the_beginning_of_a_printers_serial_number(
    api: Api, other_api: Api, product: str
) -> None:
    await api.buy(product, 3)
    found, ended, other = await api.client(), await api.client(), await api.client()
    await api.activation(found, product, ecfSerialNumber="kyw509 7211")
    await api.activation(other, product, ecfSerialNumber="DR0209")
    cancelled = await api.activation(ended, product, ecfSerialNumber="KYW5")
    await api.done("cancelActivation", "activation { id }", {"activationId": cancelled})

    # No CNPJ of the tests has these letters.
    for typed in ("KY", " kyw5", "Kyw509 7211"):
        assert await _ids(api, search=typed) == [found]
        assert await _ids(other_api, search=typed) == []
    assert await _ids(api, search="yw509") == []


async def test_clients_are_found_by_city_and_state(api: Api) -> None:
    found = await api.client(city="São Luís", state="MA")
    await api.client(city="São Paulo", state="SP")

    assert await _ids(api, city="sao l") == [found]
    assert await _ids(api, state="ma") == [found]
    assert await _ids(api, city="sao", state="RJ") == []


async def test_only_active_clients_are_listed_unless_asked_for(api: Api) -> None:
    active, cancelled = await api.client(name="A"), await api.client(name="B")
    await api.done("cancelClient", "client { id }", {"clientId": cancelled})

    listed = (await api.data("{ clients { nodes { id } } }"))["clients"]["nodes"]

    assert listed == [{"id": active}]
    assert await _ids(api, name="") == [active]
    assert await _ids(api, status=["CANCELLED"]) == [cancelled]
    assert sorted(await _ids(api, status=None)) == sorted([active, cancelled])
    assert sorted(await _ids(api, status=["ACTIVE", "CANCELLED"])) == sorted([active, cancelled])
    assert await _ids(api, status=[]) == []


async def test_clients_are_found_by_whether_they_have_active_activations(api: Api, product: str) -> None:
    await api.buy(product, 2)
    serving, ended, without = [await api.client(name=name) for name in "ABC"]
    await api.activation(serving, product)
    activation = await api.activation(ended, product)
    await api.done("cancelActivation", "activation { id }", {"activationId": activation})

    assert await _ids(api, hasActiveActivations=True) == [serving]
    assert await _ids(api, hasActiveActivations=False) == [ended, without]


async def test_a_range_of_registration_has_its_beginning_and_not_its_end(api: Api) -> None:
    first, second = await api.client(name="A"), await api.client(name="B")
    moments = [await _registered_at(api, client) for client in (first, second)]

    assert await _ids(api, registeredAt={"from": moments[0], "to": moments[1]}) == [first]
    assert await _ids(api, registeredAt={"from": moments[1]}) == [second]
    assert await _ids(api, registeredAt={"to": moments[0]}) == []


@pytest.mark.parametrize("wildcard", ["%", "_", "/", "\\"])
async def test_wildcards_are_looked_for_as_they_are(api: Api, wildcard: str) -> None:
    found = await api.client(name=f"100{wildcard} Pão", city=f"A{wildcard}B")
    await api.client(name="100 Pães", city="AXB")

    assert await _ids(api, search=wildcard) == [found]
    assert await _ids(api, name=f"100{wildcard}") == [found]
    assert await _ids(api, city=f"a{wildcard}b") == [found]


async def test_a_wildcard_is_no_part_of_any_cnpj(api: Api) -> None:
    await api.client(name="Padaria")

    assert await _ids(api, cnpj="%") == []
    assert await _ids(api, cnpj="_") == []


async def test_clients_are_sorted_by_name_without_regard_to_accents_and_case(api: Api) -> None:
    names = ["Zebra", "árvore", "Água", "bola"]
    for name in names:
        await api.client(name=name)

    assert await _names(api, {}) == ["Água", "árvore", "bola", "Zebra"]
    assert await _names(api, {"by": "NAME", "direction": "DESC"}) == ["Zebra", "bola", "árvore", "Água"]
    assert await _names(api, {"by": "REGISTERED_AT", "direction": "ASC"}) == names
    assert await _names(api, {"by": "REGISTERED_AT", "direction": "DESC"}) == names[::-1]


async def test_clients_are_sorted_by_cnpj_city_and_latest_activation(api: Api, product: str) -> None:
    await api.buy(product, 4)
    numbers = [cnpjs.with_check_digits(f"{first}Z8YX7W60001") for first in "283"]
    cities = ["Olinda", "Água Boa", None]
    clients = [
        await api.client(name=name, cnpj=number, city=city)
        for name, number, city in zip("ABC", numbers, cities, strict=True)
    ]
    for place in (0, 1, 0):
        await api.activation(clients[place], product)
    ended = await api.activation(clients[1], product)
    await api.done("cancelActivation", "activation { id }", {"activationId": ended})

    expected = {"CNPJ": "ACB", "CITY": "CBA", "LAST_ACTIVATED_AT": "CAB"}
    for by, names in expected.items():
        assert await _names(api, {"by": by, "direction": "ASC"}) == list(names)
        assert await _names(api, {"by": by, "direction": "DESC"}) == list(reversed(names))
        assert await _walk(api, by, ["ACTIVE"]) == list(names)
    await api.done("cancelClient", "client { id }", {"clientId": await api.client(name="D")})
    for by, names in expected.items():
        assert [name for name in await _walk(api, by, None) if name in "ABC"] == list(names)
    query = "{ clients { nodes { lastActivatedAt activations(first: 1) { nodes { activatedAt } } } } }"
    for node in (await api.data(query))["clients"]["nodes"]:
        latest = [each["activatedAt"] for each in node["activations"]["nodes"]] or [None]
        assert latest == [node["lastActivatedAt"]]


async def _walk(api: Api, by: str, status: list[str] | None) -> list[str]:
    """Return the names of clients, one page for each."""
    query = """query ($filter: ClientFilter, $by: ClientSortKey!, $after: String) {
        clients(filter: $filter, sort: { by: $by }, first: 1, after: $after) {
            nodes { name } pageInfo { hasNextPage endCursor } } }"""
    names, after = [], None
    while True:
        page = (await api.data(query, filter={"status": status}, by=by, after=after))["clients"]
        names += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return names
        after = page["pageInfo"]["endCursor"]


async def test_another_partners_clients_are_neither_listed_nor_counted(api: Api, other_api: Api) -> None:
    await api.client()

    assert (await other_api.data(QUERY))["clients"] == {"totalCount": 0, "nodes": []}


async def _ids(api: Api, **chosen: object) -> list[str]:
    clients = (await api.data(QUERY, filter=chosen))["clients"]
    assert clients["totalCount"] == len(clients["nodes"])
    return [node["id"] for node in clients["nodes"]]


async def _names(api: Api, sort: object) -> list[str]:
    return [node["name"] for node in (await api.data(QUERY, sort=sort))["clients"]["nodes"]]


async def _registered_at(api: Api, client: str) -> str:
    return str(
        (await api.data("query ($id: ID!) { client(id: $id) { registeredAt } }", id=client))["client"]["registeredAt"]
    )
