"""What the vendor's users see of all partners, and what they do on behalf of one."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest

from domain.access import Role
from domain.timestamps import utc_now
from resolvers import ids
from tests import cnpjs
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller, new_partner, new_product
from tests.schema.lists import one_of_each
from tests.statements import fewest_read

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


async def test_the_viewer_is_a_user_of_the_vendor(vendor: Api) -> None:
    found = (await vendor.data("{ viewer { role user { worksForVendor } partner { name isVendor } } }"))["viewer"]

    partner = {"name": "Grupo Moderniza", "isVendor": True}
    assert found == {"role": "VENDOR_ADMIN", "user": {"worksForVendor": True}, "partner": partner}


async def test_a_list_of_partners_has_each_partner_and_not_the_vendor(vendor: Api, api: Api, other_api: Api) -> None:
    query = """query ($cnpj: String!) { partners(filter: { cnpj: $cnpj }) { totalCount nodes { id isVendor } } }"""
    of_each = [
        (await each.data("{ viewer { partner { id cnpj } } }"))["viewer"]["partner"]
        for each in (vendor, api, other_api)
    ]

    found = [(await vendor.data(query, cnpj=each["cnpj"]))["partners"] for each in of_each]

    assert found == [
        {"totalCount": 0, "nodes": []},
        *({"totalCount": 1, "nodes": [{"id": each["id"], "isVendor": False}]} for each in of_each[1:]),
    ]


async def test_partners_are_found_by_a_part_of_their_name_without_accents(vendor: Api, api: Api) -> None:
    cnpj = (await api.data("{ viewer { partner { cnpj } } }"))["viewer"]["partner"]["cnpj"]
    query = """query ($text: String!, $cnpj: String!) {
        partners(filter: { search: $text, cnpj: $cnpj }) { nodes { cnpj } } }"""

    found = [(await vendor.data(query, text=text, cnpj=cnpj))["partners"]["nodes"] for text in ("ÁLF", cnpj, "Beta")]

    assert found == [[{"cnpj": cnpj}], [{"cnpj": cnpj}], []]


async def test_partners_are_paged_by_name(vendor: Api) -> None:
    text = uuid4().hex
    for name in ("C", "a", "B"):
        await new_partner(vendor.portal, name=f"{text} {name}")
    query = """query ($text: String, $after: String) { partners(filter: { search: $text }, first: 1, after: $after) {
        nodes { name } pageInfo { endCursor hasNextPage } } }"""

    names, after, more = [], None, True
    while more:
        page = (await vendor.data(query, text=text, after=after))["partners"]
        names += [node["name"].removeprefix(f"{text} ") for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert names == ["a", "B", "C"]


async def test_a_partner_lists_itself_only(api: Api, other_api: Api) -> None:
    found = (await api.data("{ partners { totalCount nodes { id } } }"))["partners"]

    assert found == {"totalCount": 1, "nodes": [{"id": api.partner}]}
    assert (await api.data("query ($id: ID!) { partner(id: $id) { id } }", id=other_api.partner))["partner"] is None


async def test_the_client_of_an_installation_is_found_among_all_partners(vendor: Api, api: Api, other_api: Api) -> None:
    product = await new_product(api.portal, other_api.partner_id)
    await other_api.buy(product, 1)
    client = await other_api.client(name="Padaria do Norte")
    key = str(uuid4()).upper()
    await other_api.activation(client, product, activationKey=key)
    query = """query ($key: String!) { activations(filter: { activationKey: $key }) {
        nodes { client { name } partner { id } } } }"""

    found = (await vendor.data(query, key=key))["activations"]["nodes"]

    assert found == [{"client": {"name": "Padaria do Norte"}, "partner": {"id": other_api.partner}}]
    assert (await api.data(query, key=key))["activations"]["nodes"] == []


async def test_a_client_with_one_cnpj_at_two_partners_is_found_at_both(vendor: Api, api: Api, other_api: Api) -> None:
    cnpj = cnpjs.another()
    for each in (api, other_api):
        await each.client(cnpj=cnpj)
    query = "query ($cnpj: String!) { clients(filter: { cnpj: $cnpj }) { totalCount nodes { partner { id } } } }"

    found = (await vendor.data(query, cnpj=cnpj))["clients"]

    assert found["totalCount"] == 2
    assert {node["partner"]["id"] for node in found["nodes"]} == {api.partner, other_api.partner}


async def test_the_orders_to_invoice_are_those_completed_in_the_month(
    vendor: Api, api: Api, other_api: Api, clock: Clock
) -> None:
    begin = NOON + timedelta(days=api.partner_id % 2_000 * 400)
    for each in (api, other_api):
        product = await new_product(each.portal, each.partner_id)
        for at, quantity in ((begin - timedelta(days=1), 5), (begin, 2), (begin + timedelta(days=30), 7)):
            clock.now = at
            await each.approve(await each.order((product, quantity)))
        clock.now = begin + timedelta(days=1)
        await each.order((product, 9))
    query = """query ($filter: OrderFilter!) {
        orders(filter: $filter) { totalCount nodes { partner { id } totalWithSetupFee } }
        ordersTotal(filter: $filter) { count monthlyTotal setupFeeTotal totalWithSetupFee } }"""
    month = {"from": begin.isoformat(), "to": (begin + timedelta(days=30)).isoformat()}
    given = {"status": ["COMPLETED"], "completedAt": month}
    caller = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_VIEWER)

    found = await caller.data(query, filter=given)
    of_one = await caller.data(query, filter=given | {"partnerId": api.partner})

    total = {"count": 2, "monthlyTotal": "400.00", "setupFeeTotal": "200.00", "totalWithSetupFee": "600.00"}
    assert found["ordersTotal"] == total
    assert {node["partner"]["id"] for node in found["orders"]["nodes"]} == {api.partner, other_api.partner}
    assert of_one == await api.data(query, filter=given)
    assert of_one["ordersTotal"] == {
        "count": 1,
        "monthlyTotal": "200.00",
        "setupFeeTotal": "100.00",
        "totalWithSetupFee": "300.00",
    }


async def test_no_orders_come_to_nothing(api: Api) -> None:
    found = (await api.data("{ ordersTotal { count monthlyTotal setupFeeTotal totalWithSetupFee } }"))["ordersTotal"]

    assert found == {"count": 0, "monthlyTotal": "0.00", "setupFeeTotal": "0.00", "totalWithSetupFee": "0.00"}


async def test_orders_of_all_partners_are_listed_by_the_time_of_creation(vendor: Api, api: Api, other_api: Api) -> None:
    ours, theirs = [await new_product(each.portal, each.partner_id) for each in (api, other_api)]
    began = utc_now()
    orders = (api, ours), (other_api, theirs), (api, ours), (api, ours), (other_api, theirs)
    made = [await each.order((product, 1)) for each, product in orders]
    query = "query ($at: DateTimeRange!) { orders(first: 100, filter: { createdAt: $at }) { nodes { id createdAt } } }"
    today = {"from": began.isoformat(), "to": (began + timedelta(days=1)).isoformat()}

    found = (await vendor.data(query, at=today))["orders"]["nodes"]

    times = [node["createdAt"] for node in found]
    assert times == sorted(times, reverse=True)
    assert [node["id"] for node in found if node["id"] in made] == made[::-1]


async def test_what_a_user_did_is_found_at_all_partners(vendor: Api, api: Api, other_api: Api) -> None:
    seller = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_ADMIN)
    made: dict[int, tuple[list[str], list[str]]] = {each.user_id: ([], []) for each in (seller, api, other_api)}
    for each in (api, other_api, api):
        product = await new_product(each.portal, each.partner_id)
        await each.buy(product, 2)
        client = await each.client()
        for caller, named in ((seller, {"partnerId": each.partner}), (each, {})):
            activations, orders = made[caller.user_id]
            activations.append(await caller.activation(client, product, **named))
            orders.append(await caller.order((product, 1), **named))
    query = """query ($user: ID!, $last: Int) {
        activations(last: $last, filter: { activatedById: $user }) { totalCount nodes { id } }
        orders(first: 100, sort: { by: NUMBER }, filter: { createdById: $user }) { nodes { id } } }"""

    for user, (activations, orders) in made.items():
        found = await vendor.data(query, user=ids.encode("User", user), last=2)

        # The newest are first, and the last two are the oldest.
        assert [node["id"] for node in found["activations"]["nodes"]] == activations[::-1][-2:]
        assert found["activations"]["totalCount"] == len(activations)
        assert set(orders) <= {node["id"] for node in found["orders"]["nodes"]}


@pytest.mark.parametrize(
    "query",
    [
        "{ events { totalCount } }",
        "{ licenseStock { id } }",
        "{ priceTable { id } }",
        "{ orderByNumber(number: 1) { id } }",
        '{ clientByCnpj(cnpj: "16.727.230/0001-97") { id } }',
    ],
)
async def test_a_field_about_one_partner_asks_the_vendor_which_one(vendor: Api, query: str) -> None:
    error = await vendor.error(query)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "partnerId" in error["message"]


async def test_a_quote_asks_the_vendor_for_which_partner(vendor: Api, api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    query = """query ($input: QuoteOrderInput!) { quoteOrder(input: $input) {
        quote { monthlyTotal } userErrors { code path } } }"""
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 2}]}

    without = (await vendor.data(query, input=given))["quoteOrder"]
    quote = (await vendor.data(query, input=given | {"partnerId": api.partner}))["quoteOrder"]

    assert without["userErrors"] == [{"code": "INVALID_INPUT", "path": ["partnerId"]}]
    assert quote == {"quote": {"monthlyTotal": "200.00"}, "userErrors": []}


# Every mutation of a partner, on its behalf.


async def test_a_token_of_the_vendor_is_the_vendors(vendor: Api, api: Api) -> None:
    given = {"name": "Faturamento", "permissions": ["ORDERS_READ"]}
    made = await vendor.done("createApiToken", "secret apiToken { id }", given)
    script = Api(vendor.http, vendor.portal, vendor.partner_id, vendor.user_id, made["secret"])

    seen = await script.data("query ($id: ID!) { partner(id: $id) { id } }", id=api.partner)
    listed = (await vendor.data("{ viewer { apiTokens { id } } }"))["viewer"]["apiTokens"]

    assert seen == {"partner": {"id": api.partner}}
    assert made["apiToken"] in listed
    assert await api.codes("revokeApiToken", {"apiTokenId": made["apiToken"]["id"]}) == ["NOT_FOUND"]
    assert await vendor.codes("revokeApiToken", {"apiTokenId": made["apiToken"]["id"]}) == []
    assert (await script.error("{ partners { totalCount } }"))["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.usefixtures("clock")
async def test_objects_of_several_partners_cost_no_more_statements(vendor: Api, api: Api, other_api: Api) -> None:
    made = [await one_of_each(each) for each in (api, other_api)]
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Partner {
        priceTable { items { orderType } } users { nodes { name } }
        events(first: 5) { nodes { message actor { name } } }
        clients { totalCount nodes { activeActivationCount activations { nodes { product { code } } } } }
        activations { nodes { client { name } partner { name } activatedBy { name } } pageInfo { hasNextPage } }
        orders { nodes { items { quantity } priceTable { name } createdBy { name } } }
        licenseStock { available movements(first: 2) { totalCount nodes { type order { number } } } } } } }"""
    await vendor.data("{ partners { totalCount } }")
    one, both = ([objects["Partner"] for objects in made[:size]] for size in (1, 2))

    counted = [await fewest_read(vendor.portal.database, partial(vendor.data, query, ids=each)) for each in (one, both)]

    assert counted[0] == counted[1]
    found = (await vendor.data(query, ids=both))["nodes"]
    for each, of_vendor in zip((api, other_api), found, strict=True):
        assert (await each.data(query, ids=[each.partner]))["nodes"] == [of_vendor]
