"""Price tables of the vendor: naming and assigning them, and what the API says of them, over HTTP on both engines."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from db import users
from domain.access import Permission, Role
from resolvers import ids, price_table_changes
from resolvers.price_table_changes import RenamePriceTable
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller, new_product
from tests.resolvers.test_races import raced
from tests.schema.pricing import VERSION, assign, draft, new_table, priced, publish, quoted, refusals
from tests.schema.recipes import OF_PRICES
from tests.units import writing


async def test_a_partner_orders_by_the_tables_that_are_assigned_to_it(vendor: Api, api: Api, other_api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    first, second = await new_table(vendor), await new_table(vendor)
    for table, price in ((first, "10.00"), (second, "20.00")):
        await draft(vendor, table, priced(product, (1, price)))
        await publish(vendor, table)
    await assign(vendor, api, first, second)

    preselected, other = await quoted(api, product), await quoted(api, product, priceTableId=second)
    order = await api.order((product, 1), priceTableId=second)
    foreign = await quoted(other_api, product, priceTableId=second)
    nowhere = await quoted(other_api, product, priceTableId=ids.encode("PriceTable", 2**62))
    query = "{ priceTables { totalCount nodes { id } } viewer { partner { priceTables { id } } } }"
    listed = await api.data(query)
    await assign(vendor, api, first)

    assert (preselected, other) == (("10.00", None), ("20.00", None))
    assert foreign == nowhere == ["NOT_FOUND"]
    assert {each["id"] for each in listed["priceTables"]["nodes"]} == {first, second}
    assert listed["viewer"]["partner"]["priceTables"] == [{"id": first}, {"id": second}]
    assert await quoted(api, product, priceTableId=second) == ["NOT_FOUND"]
    kept = """query ($id: ID!) { order(id: $id) { priceTable { id items { orderType } versionInForce { number } }
        priceTableVersion { number items { orderType } } } }"""
    assert (await api.data(kept, id=order))["order"] == {
        "priceTable": {"id": second, "items": [], "versionInForce": None},
        "priceTableVersion": {"number": 1, "items": []},
    }
    assert (await api.data(query))["priceTables"] == {
        "totalCount": 1,
        "nodes": [{"id": first}],
    }
    nodes = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await other_api.data(nodes, id=second))["node"] is None
    assert (await vendor.data(nodes, id=second))["node"] == {"id": second}


async def test_a_partner_keeps_its_tables_if_the_new_ones_are_wrong(vendor: Api, api: Api) -> None:
    given = {"partnerId": ids.encode("Partner", api.partner_id), "priceTableIds": [], "preselectedId": "nothing"}
    table, other = await new_table(vendor), await new_table(vendor)
    before = await api.data("{ priceTable { id } }")

    none = await refusals(vendor, "assignPriceTables", given)
    unknown = await refusals(vendor, "assignPriceTables", {**given, "priceTableIds": [table, "nothing"]})
    given = {**given, "priceTableIds": [table], "preselectedId": other}
    elsewhere = await refusals(vendor, "assignPriceTables", given)

    assert none == [("INVALID_INPUT", "priceTableIds")]
    assert unknown == [("NOT_FOUND", "priceTableIds.1")]
    assert elsewhere == [("INVALID_INPUT", "preselectedId")]
    assert await api.data("{ priceTable { id } }") == before


async def test_each_partner_of_a_table_has_an_event_of_its_new_prices(vendor: Api, api: Api, other_api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    for each in (api, other_api):
        await assign(vendor, each, table)
    await draft(vendor, table, priced(product, (1, "10.00")))

    await publish(vendor, table)

    query = """{ events(last: 5, filter: { types: [PRICES_CHANGED] }) {
        nodes { number message priceTable { id } actor { id worksForVendor } } } }"""
    for each in (api, other_api):
        # The assignment took the partner's own table away.
        _own, *nodes = (await each.data(query))["events"]["nodes"]
        assert [node["number"] for node in nodes] == [2, 3]
        assert {node["priceTable"]["id"] for node in nodes} == {table}
        assert nodes[1]["message"].startswith("Pauta Preço ")
        reader = await new_caller(each.http, each.portal, each.partner_id, chosen=frozenset({Permission.EVENTS_READ}))
        withheld = (await reader.data(query))["events"]["nodes"][-1]
        assert (withheld["message"], withheld["priceTable"]) == ("…: prices or assignment changed.", None)
        assert nodes[1]["actor"] == {"id": ids.encode("User", vendor.user_id), "worksForVendor": True}


async def test_a_publication_that_changes_nothing_is_an_event_of_the_vendor_only(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await assign(vendor, api, table)
    of_vendor = """query ($id: ID!) { events(filter: { partnerId: $id, types: [PRICES_CHANGED] }, last: 5) {
        nodes { priceTable { id } } } }"""
    of_partner = "{ events(last: 9, filter: { types: [PRICES_CHANGED] }) { nodes { priceTable { id } } } }"

    counts, now = [], datetime.now(UTC)
    for price, begins_at, copied in (
        ("10.00", None, None),
        ("10.00", None, None),
        ("11.00", now + timedelta(days=1), None),
        # The prices of today, in place of those that would be in force then.
        ("10.00", now + timedelta(days=2), 3),
        ("10.00", now + timedelta(hours=1), None),
    ):
        drafted = {"priceTableId": table, "prices": [priced(product, (1, price))], "copyOfVersion": copied}
        await vendor.done("draftPriceTable", "version { number }", drafted)
        await publish(vendor, table, begins_at)
        counts.append(len((await api.data(of_partner))["events"]["nodes"]))

    assert counts == [3, 3, 4, 5, 5]
    found = await vendor.data(of_vendor, id=ids.encode("Partner", vendor.partner_id))
    assert [each["priceTable"]["id"] for each in found["events"]["nodes"]] == [table] * 5


async def test_a_price_table_is_renamed_once_for_all_of_its_partners(vendor: Api, api: Api) -> None:
    table, other = await new_table(vendor), await new_table(vendor)
    await assign(vendor, api, table)
    name = f"Pauta São Paulo {uuid4()}"
    renaming = {"priceTableId": table, "name": name, "idempotencyKey": str(uuid4())}

    renamed = [await vendor.done("renamePriceTable", "priceTable { id name }", renaming) for _ in range(2)]
    taken = await raced(
        vendor,
        price_table_changes.rename,
        RenamePriceTable(ids.number("PriceTable", other), f"{name} 2"),
        vendor.codes("renamePriceTable", {"priceTableId": table, "name": f"{name} 2"}),
    )
    capitals = await vendor.done(
        "renamePriceTable", "priceTable { name }", {"priceTableId": table, "name": name.upper()}
    )

    assert renamed[0] == renamed[1]
    assert renamed[0]["priceTable"] == {"id": table, "name": name}
    assert taken == ["PRICE_TABLE_NAME_IN_USE"]
    assert capitals["priceTable"]["name"] == name.upper()
    assert (await api.data("{ priceTable { name } }"))["priceTable"]["name"] == name.upper()
    query = """query ($id: ID!) { events(filter: { partnerId: $id, types: [PRICE_TABLE_RENAMED] }, last: 3) {
        nodes { message } } }"""
    found = await vendor.data(query, id=ids.encode("Partner", vendor.partner_id))
    assert [each["message"] for each in found["events"]["nodes"]] == [
        f"{each}: price table renamed." for each in (name.upper(), f"{name} 2", name.upper())
    ]


async def test_the_vendor_s_own_empty_price_table_is_not_listed(vendor: Api) -> None:
    await new_table(vendor)

    found = await vendor.data("{ viewer { partner { priceTable { id name } priceTables { id } } } }")
    listed = await _listed(vendor)

    own = found["viewer"]["partner"]
    assert own["priceTable"]["name"].startswith("Pauta Grupo Moderniza")
    assert own["priceTables"] == []
    assert listed
    assert own["priceTable"]["id"] not in [table["id"] for table in listed]


async def _listed(api: Api) -> list[Json]:
    """Return the price tables of all pages."""
    query = """query ($after: String) { priceTables(first: 100, after: $after) { totalCount
        nodes { id items { orderType } } pageInfo { hasNextPage endCursor } } }"""
    page = (await api.data(query))["priceTables"]
    found = page["nodes"]
    while page["pageInfo"]["hasNextPage"]:
        page = (await api.data(query, after=page["pageInfo"]["endCursor"]))["priceTables"]
        found += page["nodes"]
    assert page["totalCount"] == len(found)
    return list(found)


@pytest.mark.parametrize("is_vendors", [True, False])
async def test_a_partner_has_an_empty_price_table_in_every_list(vendor: Api, api: Api, *, is_vendors: bool) -> None:
    viewed = await vendor.data("{ viewer { partner { priceTable { id } } } }")
    empty = viewed["viewer"]["partner"]["priceTable"]["id"] if is_vendors else await new_table(vendor)
    other = await new_table(vendor)
    of_partner = "query ($id: ID!) { partner(id: $id) { priceTables { id items { orderType } } } }"

    async def lists() -> list[bool]:
        partner = await vendor.data(of_partner, id=ids.encode("Partner", api.partner_id))
        own = (await api.data("{ viewer { partner { priceTables { id items { orderType } } } } }"))["viewer"]
        pages = [await _listed(each) for each in (api, vendor)]
        found = [partner["partner"]["priceTables"], own["partner"]["priceTables"], *pages]
        return [{"id": empty, "items": []} in tables for tables in found]

    await assign(vendor, api, empty, other)
    assigned = await lists()
    await assign(vendor, api, other)
    taken_away = await lists()

    assert assigned == [True] * 4
    # The vendor's users see each price table but the one of the vendor itself.
    assert taken_away == [False, False, False, not is_vendors]


async def test_a_name_is_one_price_table_s(vendor: Api) -> None:
    name = f"Pauta São Paulo {uuid4()}"
    await vendor.done("createPriceTable", "priceTable { id }", {"name": name})

    again = await refusals(vendor, "createPriceTable", {"name": name.upper().replace("Ã", "A")})
    partner = {"name": "Gama", "cnpj": "16.727.230/0001-97", "priceTableName": name}

    assert again == [("PRICE_TABLE_NAME_IN_USE", "name")]
    assert await refusals(vendor, "createPartner", partner) == [("PRICE_TABLE_NAME_IN_USE", "priceTableName")]


async def test_a_new_partner_s_table_has_a_name_that_can_be_given(vendor: Api) -> None:
    cnpj, name = cnpjs.another(), f"{uuid4()} " + "á" * 163

    made = await vendor.done("createPartner", "partner { name priceTable { id name } }", {"name": name, "cnpj": cnpj})

    table = made["partner"]["priceTable"]
    assert (len(name), made["partner"]["name"]) == (200, name)
    assert table["name"] == f"Pauta {name[:176]}… ({cnpj})"
    assert await refusals(vendor, "renamePriceTable", {"priceTableId": table["id"], "name": table["name"]}) == []


async def test_a_new_partner_s_table_has_a_free_name(vendor: Api) -> None:
    cnpj = cnpjs.another()
    for suffix in ("", " 2"):
        await vendor.done("createPriceTable", "priceTable { id }", {"name": f"PAUTA GAMA ({cnpj}){suffix}"})

    made = await vendor.done("createPartner", "partner { priceTable { name } }", {"name": "Gama", "cnpj": cnpj})

    assert made["partner"]["priceTable"] == {"name": f"Pauta Gama ({cnpj}) 3"}


@pytest.mark.parametrize("name", sorted(OF_PRICES))
async def test_only_the_vendor_s_sales_people_change_prices(vendor: Api, api: Api, name: str) -> None:
    needed = {} if name in {"createPriceTable", "assignPriceTables"} else {"priceTableId": "nothing"}
    partner = {"partnerId": ids.encode("Partner", api.partner_id)} if name == "assignPriceTables" else {}
    given = {**OF_PRICES[name], **needed, **partner}
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"
    viewer, sales = [
        await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=role)
        for role in (Role.VENDOR_VIEWER, Role.VENDOR_SALES)
    ]

    for caller in (api, viewer):
        error = await caller.error(query, input=given)
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["PRICES_MANAGE"]}
    await sales.data(query, input=given)


async def test_a_new_partner_buys_by_the_table_that_it_is_given(vendor: Api) -> None:
    table = await new_table(vendor)
    given = {"name": "Gama", "cnpj": cnpjs.another(), "priceTableId": table}

    unknown = await refusals(vendor, "createPartner", {**given, "priceTableId": ids.encode("PriceTable", 2**62)})
    made = await vendor.done("createPartner", "partner { priceTable { id } priceTables { id } }", given)

    assert unknown == [("NOT_FOUND", "priceTableId")]
    assert made["partner"] == {"priceTable": {"id": table}, "priceTables": [{"id": table}]}


async def test_a_new_partner_is_not_given_two_price_tables(vendor: Api) -> None:
    name = f"Pauta {uuid4()}"
    both = {"name": "Gama", "cnpj": cnpjs.another(), "priceTableId": await new_table(vendor), "priceTableName": name}

    payload = await vendor.mutate("createPartner", "partner { id }", both)
    empty = await vendor.done("createPartner", "partner { id }", both | {"priceTableName": " "})

    (error,) = payload["userErrors"]
    assert (payload["partner"], error["code"], error["path"]) == (None, "INVALID_INPUT", ["priceTableName"])
    assert error["message"] == "Give either a price table or the name of a new one."
    assert empty["partner"] is not None


async def test_a_key_changes_a_price_table_once(vendor: Api, api: Api) -> None:
    product, key = await new_product(api.portal, api.partner_id), str(uuid4())
    named = {"name": f"Pauta Preço {key}", "idempotencyKey": key}

    created = [await vendor.done("createPriceTable", "priceTable { id }", named) for _ in range(2)]
    table = {"priceTableId": created[0]["priceTable"]["id"], "idempotencyKey": key}
    drafting = {**table, "prices": [priced(product, (1, "1.00"))]}
    drafted = [await vendor.done("draftPriceTable", VERSION, drafting) for _ in range(2)]
    published = [await vendor.done("publishPriceTable", VERSION, table) for _ in range(2)]
    await draft(vendor, table["priceTableId"], priced(product, (1, "2.00")))
    discarded = [await vendor.done("discardPriceTableDraft", "priceTable { id }", table) for _ in range(2)]

    for first, again in (created, drafted, published, discarded):
        assert first == again
    other = {**drafting, "prices": [priced(product, (1, "3.00"))]}
    assert await vendor.codes("draftPriceTable", other) == ["IDEMPOTENCY_CONFLICT"]
    assert await vendor.codes("createPriceTable", {**named, "name": "Pauta"}) == ["IDEMPOTENCY_CONFLICT"]
    later = {**table, "beginsAt": "2099-01-01T00:00:00Z"}
    assert await vendor.codes("publishPriceTable", later) == ["IDEMPOTENCY_CONFLICT"]


async def test_a_repeated_draft_that_was_discarded_is_refused(vendor: Api, api: Api) -> None:
    product, table, key = await new_product(api.portal, api.partner_id), await new_table(vendor), str(uuid4())
    sheet = f"produto;tipo;quantidade_minima;valor_mensal;adesao\n{await _code(vendor, product)};Compra;1;1,00;0"
    of_table = {"priceTableId": table, "idempotencyKey": key}
    by: dict[str, dict[str, object]] = {
        "draftPriceTable": {**of_table, "prices": [priced(product, (1, "1.00"))]},
        "importPrices": {**of_table, "content": sheet},
    }

    for name, given in by.items():
        written = await vendor.done(name, "version { state }", given)
        await vendor.done("discardPriceTableDraft", "priceTable { id }", {"priceTableId": table})
        repeated = await vendor.mutate(name, "version { state }", given)

        (error,) = repeated["userErrors"]
        assert (written["version"], repeated["version"]) == ({"state": "DRAFT"}, None)
        assert (error["code"], error["path"]) == ("NO_PRICE_TABLE_DRAFT", ["idempotencyKey"])
        assert error["message"].startswith("This request repeats another one, whose draft was discarded.")


async def _code(vendor: Api, product: str) -> str:
    query = "query ($id: ID!) { node(id: $id) { ... on Product { code } } }"
    return str((await vendor.data(query, id=product))["node"]["code"])


async def test_no_price_is_changed_by_somebody_deactivated_in_another_process(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    seller = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_SALES)
    await draft(seller, table, priced(product, (1, "10.00")))
    async with writing(vendor.portal.database) as tx:
        # This process remembers the viewer.
        await users.update(tx, vendor.partner_id, seller.user_id, {"disabled_at": vendor.portal.now()})

    for name, given in {
        "createPriceTable": {"name": f"Pauta {uuid4()}"},
        "draftPriceTable": {"priceTableId": table, "prices": [priced(product, (1, "20.00"))]},
        "publishPriceTable": {"priceTableId": table},
        "discardPriceTableDraft": {"priceTableId": table},
    }.items():
        query = f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{
            {name}(input: $input) {{ userErrors {{ code }} }} }}"""
        assert (await seller.error(query, input=given))["extensions"]["code"] == "UNAUTHENTICATED"
    assert await vendor.codes("discardPriceTableDraft", {"priceTableId": table}) == []
