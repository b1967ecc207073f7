"""Pages of connections, read in both directions."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from tests.api import Api, Json
from tests.factories import new_product

PAGE = """query ($first: Int, $after: String, $last: Int, $before: String) {
    clients(first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { id name } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def _page(api: Api, **window: object) -> Json:
    return (await api.data(PAGE, **window))["clients"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_a_walk_in_either_direction_sees_each_row_once(api: Api, size: int) -> None:
    made = {await api.client(name=name) for name in ("Ána", "ana", "Bruno", "Caio", "bruno", "Álvaro", "Zé")}

    forward: list[Json] = []
    page = await _page(api, first=size)
    forward += page["edges"]
    while page["pageInfo"]["hasNextPage"]:
        page = await _page(api, first=size, after=page["pageInfo"]["endCursor"])
        assert page["pageInfo"]["hasPreviousPage"]
        forward += page["edges"]
    backward: list[Json] = []
    page = await _page(api, last=size)
    backward = page["edges"] + backward
    while page["pageInfo"]["hasPreviousPage"]:
        page = await _page(api, last=size, before=page["pageInfo"]["startCursor"])
        assert page["pageInfo"]["hasNextPage"]
        backward = page["edges"] + backward

    assert forward == backward
    assert {edge["node"]["id"] for edge in forward} == made
    assert len(forward) == page["totalCount"] == len(made)


async def test_rows_that_come_and_go_move_nothing(api: Api) -> None:
    names = ["Bia", "Davi", "Fábio"]
    ids = [await api.client(name=name) for name in names]
    first = await _page(api, first=2)

    await api.client(name="Ana")
    await api.done("cancelClient", "client { id }", {"clientId": ids[1]})
    rest = await _page(api, first=2, after=first["pageInfo"]["endCursor"])

    assert [edge["node"]["name"] for edge in first["edges"] + rest["edges"]] == names


@pytest.mark.parametrize(
    ("window", "argument"),
    [
        ({"first": -1}, "first"),
        ({"first": 101}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": "x"}, "after"),
        ({"before": "!"}, "before"),
        ({"after": "WyJjbGllbnRzIl0"}, "after"),
    ],
)
async def test_arguments_that_make_no_sense_are_refused_by_name(
    api: Api, window: dict[str, object], argument: str
) -> None:
    error = await api.error(PAGE, **window)

    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)


async def test_a_cursor_is_of_one_list_one_order_and_one_partner(api: Api, other_api: Api) -> None:
    await api.client()
    cursor = (await _page(api, first=1))["edges"][0]["cursor"]
    foreign = (
        "query ($cursor: String) { activations(after: $cursor) { totalCount } }",
        "query ($cursor: String) { clients(sort: { direction: DESC }, after: $cursor) { totalCount } }",
        "query ($cursor: String) { clients(sort: { by: REGISTERED_AT }, after: $cursor) { totalCount } }",
    )

    errors = [await api.error(query, cursor=cursor) for query in foreign]
    errors.append(await other_api.error(PAGE, after=cursor))

    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}


async def test_a_cursor_with_a_key_that_no_row_can_have_is_refused(api: Api, product: str) -> None:
    await api.client()
    await api.order((product, 1))
    for items, sort, key in (
        ("clients", "NAME", "a\0b"),
        ("clients", "CNPJ", "\0"),
        ("orders", "NUMBER", 2**31),
        ("orders", "NUMBER", True),
    ):
        query = f"query ($after: String) {{ {items}(sort: {{ by: {sort} }}, after: $after) {{ edges {{ cursor }} }} }}"
        cursor = (await api.data(query))[items]["edges"][0]["cursor"]
        order, partner, _, row = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        forged = json.dumps([order, partner, key, row], separators=(",", ":")).encode()

        error = await api.error(query, after=urlsafe_b64encode(forged).decode().rstrip("="))

        assert error["extensions"]["code"] == "BAD_USER_INPUT", (items, key)


async def test_a_cursor_whose_row_is_no_number_is_refused(api: Api) -> None:
    await api.client()
    query = "query ($after: String) { clients(after: $after) { edges { cursor } } }"
    cursor = (await api.data(query))["clients"]["edges"][0]["cursor"]
    order, partner, key, _ = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = json.dumps([order, partner, key, True], separators=(",", ":"), ensure_ascii=False).encode()

    error = await api.error(query, after=urlsafe_b64encode(forged).decode().rstrip("="))

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "key",
    [
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00",
        "2026-W48-2T12:30:00+00:00",
        "20261124T123000Z",
        "",
        7,
        None,
    ],
)
async def test_a_cursor_with_another_moment_than_a_row_has_is_refused(api: Api, key: object) -> None:
    await api.client()
    query = "query ($after: String) { clients(sort: { by: REGISTERED_AT }, after: $after) { edges { cursor } } }"
    cursor = (await api.data(query))["clients"]["edges"][0]["cursor"]
    order, partner, _, row = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = json.dumps([order, partner, key, row], separators=(",", ":")).encode()

    error = await api.error(query, after=urlsafe_b64encode(forged).decode().rstrip("="))

    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", "after")


async def test_the_lists_below_many_rows_are_paged_each_for_itself(api: Api, product: str) -> None:
    clients = [await api.client(name=name) for name in ("Ana", "Bia")]
    await api.buy(product, 5)
    for place in range(5):
        await api.activation(clients[place % 2], product)
    query = """query ($after: String) { clients { nodes { activeActivationCount activations(first: 2, after: $after) {
        totalCount nodes { id activatedAt } pageInfo { hasNextPage hasPreviousPage endCursor } } } }
        licenseStock { movements(last: 3) { totalCount nodes { type } pageInfo { hasPreviousPage hasNextPage } } } }"""

    data = await api.data(query)
    ana, bia = data["clients"]["nodes"]
    after = await api.data(query, after=ana["activations"]["pageInfo"]["endCursor"])

    assert (ana["activations"]["totalCount"], bia["activations"]["totalCount"]) == (3, 2)
    assert (ana["activeActivationCount"], bia["activeActivationCount"]) == (3, 2)
    assert ana["activations"]["pageInfo"]["hasNextPage"]
    assert not bia["activations"]["pageInfo"]["hasNextPage"]
    assert len(after["clients"]["nodes"][0]["activations"]["nodes"]) == 1
    assert after["clients"]["nodes"][0]["activations"]["pageInfo"]["hasPreviousPage"]
    movements = data["licenseStock"][0]["movements"]
    assert [line["type"] for line in movements["nodes"]] == ["ACTIVATED", "ACTIVATED", "ORDER_APPROVED"]
    assert movements["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": False}


async def test_sorting_by_time_pages_too(api: Api, product: str) -> None:
    orders = [await api.order((product, quantity)) for quantity in (1, 2, 3)]
    query = """query ($after: String) { orders(first: 2, after: $after, sort: { by: CREATED_AT, direction: ASC },
        filter: { type: PURCHASE, status: [PENDING], createdAt: { from: "2020-01-01T00:00:00-03:00" } }) {
        nodes { id statusLabel statusAbbreviation } pageInfo { endCursor hasNextPage } } }"""

    first = (await api.data(query))["orders"]
    rest = (await api.data(query, after=first["pageInfo"]["endCursor"]))["orders"]

    assert [node["id"] for node in first["nodes"] + rest["nodes"]] == orders
    assert first["nodes"][0]["statusAbbreviation"] == "PEND"


async def test_the_events_of_a_walk_carry_their_own_cursors(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 1)

    page = (await api.data("{ events(first: 2) { edges { cursor node { cursor number } } } }"))["events"]

    assert [edge["node"]["number"] for edge in page["edges"]] == [1, 2]
    assert all(edge["cursor"] == edge["node"]["cursor"] for edge in page["edges"])
