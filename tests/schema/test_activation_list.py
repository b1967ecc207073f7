"""Listing activations, over HTTP, on both engines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from graphql import GraphQLInputObjectType

from db.tables import activations
from domain.timestamps import utc_now
from resolvers import ids
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_product
from tests.schema.conftest import NewApi
from tests.schema.introspection import GRAPHQL
from tests.units import execute, writing

QUERY = """query (
    $filter: ActivationFilter, $sort: ActivationSort, $first: Int, $after: String, $last: Int, $before: String
) { activations(filter: $filter, sort: $sort, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { activationKey }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
OLDEST_FIRST = {"by": "ACTIVATED_AT", "direction": "ASC"}
CNPJ = cnpjs.with_check_digits("9Z8YX7W60001")
OTHER_CNPJ = cnpjs.with_check_digits("1Z8YX7W60001")
EVERYTHING = ["CAIXA-01", "CAIXA-02", "SERVIDOR-01", "BALCAO-CAIXA"]

ACTIVE = {"status": ["ACTIVE"]}

Sort = Mapping[str, str]

SORTED: Sequence[tuple[Sort, list[str]]] = [
    ({"by": "ACTIVATED_AT", "direction": "ASC"}, ["ZEBRA", "AGUA-1", "ARVORE", "AGUA-2", "AGUA-3", "AGUA-4"]),
    ({"by": "ACTIVATED_AT", "direction": "DESC"}, ["AGUA-4", "AGUA-3", "AGUA-2", "ARVORE", "AGUA-1", "ZEBRA"]),
    ({"by": "CLIENT_NAME", "direction": "ASC"}, ["AGUA-1", "AGUA-2", "AGUA-3", "AGUA-4", "ARVORE", "ZEBRA"]),
    ({"by": "CLIENT_NAME", "direction": "DESC"}, ["ZEBRA", "ARVORE", "AGUA-4", "AGUA-3", "AGUA-2", "AGUA-1"]),
]
"""Expected order of the active ones of `named` for each sort; the first are in the order of their activation."""

each_order = pytest.mark.parametrize(("sort", "keys"), SORTED, ids=["oldest", "newest", "A to Z", "Z to A"])


@dataclass(frozen=True, slots=True)
class Shops:
    """Partner with three clients and the activations of `EVERYTHING`: two of the first client, then one of each."""

    api: Api
    clients: Sequence[str]
    products: Sequence[str]
    activations: Sequence[str]

    async def keys(self, **chosen: object) -> list[str]:
        """Return the keys of the activations that the filter selects, oldest first."""
        found = await _page(self.api, filter=chosen, sort=OLDEST_FIRST)
        assert found["totalCount"] == len(found["nodes"])
        return _keys(found)

    async def details(self, place: int) -> Json:
        """Return what the portal has issued for an activation."""
        query = "query ($id: ID!) { activation(id: $id) { authorizationCode activatedAt updatedAt } }"
        return (await self.api.data(query, id=self.activations[place]))["activation"]


@pytest.fixture(scope="module")
async def shops(lasting_api: NewApi) -> Shops:
    """Shops that tests only read."""
    return await new_shops(await lasting_api())


async def new_shops(api: Api) -> Shops:
    products = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    for product in products:
        await api.buy(product, 2)
    clients = [
        await api.client(name="Padaria São João", tradeName="Forno  Doce", cnpj=CNPJ),
        await api.client(name="Mercado Ávila", cnpj=OTHER_CNPJ),
        # Of no other characters: a search finds any part of a number.
        await api.client(name="Ótica 100%", cnpj=cnpjs.with_check_digits("4K3JM2N50001")),
    ]
    activations = [
        await api.activation(clients[0], products[0], activationKey="CAIXA-01", ecfSerialNumber="be0509"),
        await api.activation(clients[0], products[1], activationKey="CAIXA-02"),
        await api.activation(clients[1], products[0], activationKey="SERVIDOR-01", ecfSerialNumber="BE05090"),
        await api.activation(clients[2], products[1], activationKey="BALCAO-CAIXA"),
    ]
    await api.done("cancelActivation", "activation { id }", {"activationId": activations[1]})
    return Shops(api, clients, products, activations)


@pytest.mark.parametrize("search", ["sao joao", "SÃO  João", "ria s", "forno doce", "FÔRNO"])
async def test_search_and_name_match_both_names_without_accents_and_case(shops: Shops, search: str) -> None:
    assert await shops.keys(search=search) == ["CAIXA-01", "CAIXA-02"]
    assert await shops.keys(clientName=search) == ["CAIXA-01", "CAIXA-02"]


@pytest.mark.parametrize("search", ["joao forno", "joao\nforno", "joaoforno", "o f"])
async def test_a_match_can_not_span_both_names(shops: Shops, search: str) -> None:
    assert await shops.keys(search=search) == []
    assert await shops.keys(clientName=search) == []


@pytest.mark.parametrize("search", ["9z.8yx.7w6", "9Z8YX", cnpjs.masked(CNPJ), CNPJ])
async def test_a_search_finds_any_part_of_a_cnpj_in_any_mask(shops: Shops, search: str) -> None:
    assert await shops.keys(search=search) == ["CAIXA-01", "CAIXA-02"]
    assert await shops.keys(search=search[1:8]) == ["CAIXA-01", "CAIXA-02", "SERVIDOR-01"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [("caixa", ["CAIXA-01", "CAIXA-02"]), ("Caixa-02", ["CAIXA-02"]), (" servidor-", ["SERVIDOR-01"]), ("ervidor", [])],
)
async def test_a_search_and_a_key_look_at_the_beginning_of_the_key(shops: Shops, typed: str, found: list[str]) -> None:
    assert await shops.keys(activationKey=typed) == found
    assert await shops.keys(search=typed) == found


@pytest.mark.parametrize("length", [18, 10, 3])
async def test_a_cnpj_is_found_by_its_beginning_in_its_mask(shops: Shops, length: int) -> None:
    masked = cnpjs.masked(CNPJ)

    assert await shops.keys(cnpj=masked[:length].lower()) == ["CAIXA-01", "CAIXA-02"]
    assert await shops.keys(cnpj=CNPJ[:length]) == ["CAIXA-01", "CAIXA-02"]
    assert await shops.keys(cnpj=masked[1:length]) == []


async def test_names_and_numbers_of_one_field_are_not_found_by_another(shops: Shops) -> None:
    assert await shops.keys(clientName="caixa") == []
    assert await shops.keys(clientName=CNPJ) == []
    assert await shops.keys(cnpj="caixa") == []
    assert await shops.keys(activationKey="be0509") == []
    assert await shops.keys(ecfSerialNumber="CAIXA-01") == []


@pytest.mark.parametrize(("wildcard", "found"), [("%", ["BALCAO-CAIXA"]), ("_", []), ("/", []), ("\\", [])])
async def test_wildcards_are_looked_for_as_they_are(shops: Shops, wildcard: str, found: list[str]) -> None:
    assert await shops.keys(search=wildcard) == found
    assert await shops.keys(clientName=wildcard) == found
    assert await shops.keys(activationKey=wildcard) == []


async def test_codes_and_serial_numbers_are_looked_for_whole_and_in_any_case(shops: Shops) -> None:
    code = (await shops.details(2))["authorizationCode"]

    assert await shops.keys(authorizationCode=f" {code.lower()} ") == ["SERVIDOR-01"]
    assert await shops.keys(authorizationCode=code[:-1]) == []
    assert await shops.keys(ecfSerialNumber=" Be0509 ") == ["CAIXA-01"]
    assert await shops.keys(ecfSerialNumber="BE050") == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("be05", ["CAIXA-01", "SERVIDOR-01"]),
        (" Be0509 ", ["CAIXA-01", "SERVIDOR-01"]),
        ("BE05090", ["SERVIDOR-01"]),
        ("e0509", []),
    ],
)
async def test_a_search_looks_at_the_beginning_of_a_printers_serial_number(
    shops: Shops, typed: str, found: list[str]
) -> None:
    assert await shops.keys(search=typed) == found


def _typed(code: str) -> list[str]:
    """Ways to type an authorization code."""
    misread = code.translate(str.maketrans("01", "OI"))
    ways = [
        code,
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        misread.lower(),
        misread.replace("-", ""),
    ]
    return [f" {each} " for each in (*ways, code.replace("1", "l"), code.replace("-", "\N{NON-BREAKING HYPHEN}"))]


async def test_an_authorization_code_is_found_however_it_is_typed(api: Api) -> None:
    shops = await new_shops(api)
    code = "01O1I-ABCDE-FGHJK-MNPQR-01STV".replace("O", "0").replace("I", "1")
    mine = activations.c.partner_id == api.partner_id, activations.c.activation_key == "SERVIDOR-01"
    async with writing(api.portal.database) as tx:
        await execute(tx, sa.update(activations).where(*mine).values(authorization_code=code, updated_at=utc_now()))

    for typed in _typed(code):
        assert await shops.keys(authorizationCode=typed) == ["SERVIDOR-01"], typed
        assert await shops.keys(search=typed) == ["SERVIDOR-01"], typed
    for beginning in ("oioil", "OIOIl-abc", "01011abcdefgh"):
        assert await shops.keys(search=beginning) == ["SERVIDOR-01"], beginning
        assert await shops.keys(authorizationCode=beginning) == []
    for other in ("0101", "1011", "-", "01011-ABCDU", f"{code}0"):
        assert await shops.keys(search=other) == [], other


async def test_activations_are_found_by_the_id_of_a_client_or_product(shops: Shops) -> None:
    assert await shops.keys(clientId=shops.clients[0]) == ["CAIXA-01", "CAIXA-02"]
    assert await shops.keys(productId=shops.products[1]) == ["CAIXA-02", "BALCAO-CAIXA"]
    assert await shops.keys(clientId=shops.products[0]) == []
    assert await shops.keys(productId="nothing") == []


async def test_activations_of_every_status_are_listed_unless_some_are_asked_for(shops: Shops) -> None:
    assert await shops.keys() == EVERYTHING
    assert await shops.keys(status=["ACTIVE"]) == ["CAIXA-01", "SERVIDOR-01", "BALCAO-CAIXA"]
    assert await shops.keys(status=["CANCELLED"]) == ["CAIXA-02"]
    assert await shops.keys(status=["CANCELLED", "ACTIVE"]) == EVERYTHING
    assert await shops.keys(status=[]) == []


async def test_a_range_of_time_has_its_beginning_and_not_its_end(shops: Shops) -> None:
    second, fourth = [(await shops.details(place))["activatedAt"] for place in (1, 3)]

    assert await shops.keys(activatedAt={"from": second, "to": fourth}) == ["CAIXA-02", "SERVIDOR-01"]
    assert await shops.keys(activatedAt={"from": second}) == EVERYTHING[1:]
    assert await shops.keys(activatedAt={"to": fourth, "from": None}) == EVERYTHING[:3]
    assert await shops.keys(activatedAt={"from": fourth, "to": second}) == []


@pytest.mark.parametrize("blank", ["", " \t\n", None])
@pytest.mark.parametrize(
    "field", ["search", "clientName", "cnpj", "activationKey", "authorizationCode", "ecfSerialNumber"]
)
async def test_a_blank_text_asks_for_nothing(shops: Shops, field: str, blank: str | None) -> None:
    assert await shops.keys(**{field: blank}) == EVERYTHING


@pytest.mark.parametrize("field", ["search", "clientName", "cnpj", "note"])
async def test_a_text_of_a_mask_or_accent_alone_finds_nothing(shops: Shops, field: str) -> None:
    assert await shops.keys(**{field: "-" if field == "cnpj" else "¨"}) == []


@pytest.mark.parametrize("nothing", [None, {}, {"from": None, "to": None}])
async def test_what_is_null_asks_for_nothing(shops: Shops, nothing: object) -> None:
    assert await shops.keys(activatedAt=nothing, clientId=None, productId=None, status=None) == EVERYTHING


async def test_a_filter_finds_what_all_of_its_fields_find(shops: Shops) -> None:
    one, other = await shops.details(0), await shops.details(3)
    fitting: dict[str, object] = {
        "partnerId": ids.encode("Partner", shops.api.partner_id),
        "search": "sao joao",
        "clientId": shops.clients[0],
        "clientName": "forno",
        "cnpj": "9z.8yx",
        "activationKey": "caixa",
        "authorizationCode": one["authorizationCode"],
        "ecfSerialNumber": "BE0509",
        "productId": shops.products[0],
        "status": ["ACTIVE"],
        "activatedAt": {"from": one["activatedAt"], "to": other["activatedAt"]},
        "updatedSince": one["updatedAt"],
    }
    unfitting: dict[str, object] = {
        "partnerId": ids.encode("Partner", 2**40),
        "search": "otica",
        "clientId": shops.clients[2],
        "clientName": "100%",
        "cnpj": "1z.8yx",
        "activationKey": "balcao",
        "authorizationCode": other["authorizationCode"],
        "ecfSerialNumber": "BE05090",
        "productId": shops.products[1],
        "status": ["CANCELLED"],
        "activatedAt": {"from": other["activatedAt"]},
        "updatedSince": other["updatedAt"],
    }
    fields = GRAPHQL.type_map["ActivationFilter"]
    assert isinstance(fields, GraphQLInputObjectType)
    # `test_activation_filters.py` tries those of users, notes and cancellations.
    others = {"activatedById", "cancelledById", "cancelledAt", "cancellationReason", "note"}
    assert fitting.keys() == unfitting.keys() == fields.fields.keys() - others

    assert await shops.keys(**fitting) == ["CAIXA-01"]
    for field, value in unfitting.items():
        # Only the vendor's users find something of another partner.
        assert field == "partnerId" or await shops.keys(**{field: value}) != []
        assert await shops.keys(**fitting | {field: value}) == [], field


@pytest.fixture(scope="module")
async def named(lasting_api: NewApi) -> Api:
    """Partner with the activations of `SORTED`, and a cancelled one among them, which tests only read."""
    api = await lasting_api()
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 7)
    names = ["Zebra", "Água", "Árvore", "agua", "bola", "Água", "Água"]
    clients = {name: await api.client(name=name) for name in dict.fromkeys(names)}
    keys = [*SORTED[0][1][:4], "CANCELLED", *SORTED[0][1][4:]]
    activations = [
        await api.activation(clients[name], product, activationKey=key) for name, key in zip(names, keys, strict=True)
    ]
    await api.done("cancelActivation", "activation { id }", {"activationId": activations[4]})
    return api


@each_order
async def test_activations_are_sorted_both_ways(named: Api, sort: Sort, keys: list[str]) -> None:
    assert _keys(await _page(named, filter=ACTIVE, sort=sort)) == keys


async def test_the_newest_activation_comes_first_unless_asked_otherwise(named: Api) -> None:
    newest_first = SORTED[1][1]

    assert _keys(await _page(named, filter=ACTIVE)) == newest_first
    assert _keys(await _page(named, filter=ACTIVE, sort={})) == newest_first
    assert _keys(await _page(named, filter=ACTIVE, sort={"by": "CLIENT_NAME"})) == SORTED[3][1]


@pytest.mark.parametrize("size", [1, 2, 4])
@each_order
async def test_a_walk_in_either_direction_sees_each_activation_once(
    named: Api, sort: Sort, keys: list[str], size: int
) -> None:
    page = await _page(named, filter=ACTIVE, sort=sort, first=size)
    forward = _keys(page)
    while page["pageInfo"]["hasNextPage"]:
        after = page["pageInfo"]["endCursor"]
        page = await _page(named, filter=ACTIVE, sort=sort, first=size, after=after)
        forward += _keys(page)

    page = await _page(named, filter=ACTIVE, sort=sort, last=size)
    backward = _keys(page)
    while page["pageInfo"]["hasPreviousPage"]:
        before = page["pageInfo"]["startCursor"]
        page = await _page(named, filter=ACTIVE, sort=sort, last=size, before=before)
        backward = _keys(page) + backward

    assert forward == backward == keys
    assert page["totalCount"] == len(keys)


async def _page(api: Api, **given: object) -> Json:
    return (await api.data(QUERY, **given))["activations"]


def _keys(page: Json) -> list[str]:
    return [node["activationKey"] for node in page["nodes"]]
