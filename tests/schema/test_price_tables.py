"""Price tables of the vendor: drafting, publishing and assigning them, over HTTP on both engines."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from db import price_tables as statements
from db import users
from db.doctor.checks import examine
from domain import money
from domain.access import Permission, Role
from domain.money import Cents
from domain.orders import OrderType
from domain.price_tables import PriceKey
from domain.prices import Tier
from resolvers import ids, price_tables
from resolvers.price_tables import DraftedPrice, DraftPriceTable, PublishPriceTable, RenamePriceTable
from tests import cnpjs
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller, new_product
from tests.resolvers.test_races import raced
from tests.schema.recipes import OF_PRICES
from tests.units import writing

NOON = datetime(2027, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_VERSION = "version { number state beginsAt publishedAt publishedBy { id } }"


async def _table(vendor: Api) -> str:
    made = await vendor.done("createPriceTable", "priceTable { id }", {"name": f"Pauta Preço {uuid4()}"})
    return str(made["priceTable"]["id"])


def _price(product: str, *tiers: tuple[int, str], order_type: str = "PURCHASE") -> dict[str, object]:
    lines = [
        {"minimumQuantity": minimum, "unitMonthlyPrice": monthly, "unitSetupFee": "0.00"} for minimum, monthly in tiers
    ]
    return {"productId": product, "orderType": order_type, "tiers": lines}


async def _draft(vendor: Api, table: str, *prices: Mapping[str, object]) -> Json:
    selection = f"{_VERSION} warnings {{ orderType minimumQuantity product {{ id }} }}"
    return await vendor.done("draftPriceTable", selection, {"priceTableId": table, "prices": list(prices)})


async def _publish(vendor: Api, table: str, begins_at: datetime | None = None) -> Json:
    given = {"priceTableId": table, "beginsAt": None if begins_at is None else begins_at.isoformat()}
    return (await vendor.done("publishPriceTable", _VERSION, given))["version"]


async def _assign(vendor: Api, api: Api, preselected: str, *others: str) -> None:
    given = {
        "partnerId": ids.encode("Partner", api.partner_id),
        "priceTableIds": [preselected, *others],
        "preselectedId": preselected,
    }
    await vendor.done("assignPriceTables", "partner { priceTables { id } priceTable { id } }", given)


async def _quoted(api: Api, product: str, quantity: int = 1, **given: object) -> tuple[str, str | None] | list[str]:
    query = """query ($input: QuoteOrderInput!) { quoteOrder(input: $input) {
        quote { monthlyTotal validUntil } userErrors { code } } }"""
    items = [{"productId": product, "quantity": quantity}]
    found = (await api.data(query, input={"type": "PURCHASE", "items": items, **given}))["quoteOrder"]
    if found["userErrors"]:
        return [error["code"] for error in found["userErrors"]]
    return found["quote"]["monthlyTotal"], found["quote"]["validUntil"]


async def _refusals(caller: Api, name: str, given: Mapping[str, object]) -> list[tuple[str, str]]:
    payload = await caller.mutate(name, "__typename", given)
    return sorted((error["code"], ".".join(error["path"])) for error in payload["userErrors"])


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


async def test_a_version_applies_from_its_begin_and_a_quote_says_until_when(
    vendor: Api, api: Api, clock: Clock
) -> None:
    clock.now = NOON
    product, extra = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    table = await _table(vendor)
    await _assign(vendor, api, table)
    await _draft(vendor, table, _price(product, (1, "10.00"), (10, "9.00")))
    before = await _quoted(api, product)
    first = await _publish(vendor, table)
    await _draft(vendor, table, _price(product, (1, "12.00")))
    await _publish(vendor, table, NOON + DAY)
    await _draft(vendor, table, _price(extra, (1, "1.00")))
    diff = "query ($id: ID!) { priceTableDiff(priceTableId: $id) { change } }"
    changes = (await vendor.data(diff, id=table))["priceTableDiff"]
    await vendor.done("discardPriceTableDraft", "priceTable { id }", {"priceTableId": table})

    today = [await _quoted(api, product), await _quoted(api, product, 10)]
    order = await api.order((product, 1))
    clock.now = NOON + DAY
    tomorrow = await _quoted(api, product)

    admin = {"id": ids.encode("User", vendor.user_id)}
    assert first["publishedBy"] == admin
    assert (first["number"], first["state"]) == (1, "PUBLISHED")
    assert before == ["PRODUCT_NOT_PRICED"]
    assert [price for price, _ in today] == ["10.00", "90.00"]
    assert {datetime.fromisoformat(str(until)) for _, until in today} == {NOON + DAY}
    assert tomorrow == ("12.00", None)
    # A draft is of the prices in force, also if others begin later.
    assert changes == [{"change": "ADDED"}]
    query = """query ($id: ID!) { order(id: $id) { monthlyTotal priceTableVersion { number items { tiers {
        minimumQuantity unitMonthlyPrice } } } priceTable { versionInForce { number } versions { number state } } } }"""
    kept = (await api.data(query, id=order))["order"]
    assert kept == {
        "monthlyTotal": "10.00",
        "priceTableVersion": {
            "number": 1,
            "items": [
                {
                    "tiers": [
                        {"minimumQuantity": 1, "unitMonthlyPrice": "10.00"},
                        {"minimumQuantity": 10, "unitMonthlyPrice": "9.00"},
                    ]
                }
            ],
        },
        "priceTable": {
            "versionInForce": {"number": 2},
            "versions": [{"number": 2, "state": "PUBLISHED"}, {"number": 1, "state": "PUBLISHED"}],
        },
    }
    assert (await api.approve(order))["order"]["status"] == "COMPLETED"


async def test_a_draft_keeps_what_is_not_named_and_shows_what_it_changes(vendor: Api, api: Api) -> None:
    kept, changed, added = [await new_product(api.portal, api.partner_id) for _ in range(3)]
    table = await _table(vendor)
    await _draft(vendor, table, _price(kept, (1, "5.00")), _price(changed, (1, "10.00"), (5, "8.00")))
    await _publish(vendor, table)

    drafted = await _draft(vendor, table, _price(changed, (1, "11.00"), (5, "12.00")), _price(added, (1, "1.00")))
    again = await _draft(vendor, table, _price(changed, (1, "11.00")))

    query = """query ($id: ID!) { priceTableDiff(priceTableId: $id) { change orderType minimumQuantity product { id }
        before { unitMonthlyPrice } after { unitMonthlyPrice } } }"""
    found = (await vendor.data(query, id=table))["priceTableDiff"]
    shown = [(each["change"], each["minimumQuantity"], each["product"]["id"]) for each in found]
    assert drafted["warnings"] == [{"orderType": "PURCHASE", "minimumQuantity": 5, "product": {"id": changed}}]
    assert again["warnings"] == []
    assert (again["version"]["number"], again["version"]["state"], again["version"]["beginsAt"]) == (2, "DRAFT", None)
    assert shown == [("CHANGED", 1, changed), ("REMOVED", 5, changed), ("ADDED", 1, added)]
    assert (found[0]["before"], found[0]["after"]) == ({"unitMonthlyPrice": "10.00"}, {"unitMonthlyPrice": "11.00"})
    assert (await api.data(query, id=table))["priceTableDiff"] is None
    await _assign(vendor, api, table)
    seen = await api.data("{ priceTable { versions { number } items { product { id } tiers { minimumQuantity } } } }")
    assert seen["priceTable"]["versions"] == [{"number": 1}]
    assert [item["product"]["id"] for item in seen["priceTable"]["items"]] == [kept, changed]
    await vendor.done("discardPriceTableDraft", "priceTable { versions { state } }", {"priceTableId": table})
    assert (await vendor.data(query, id=table))["priceTableDiff"] is None
    assert await vendor.codes("discardPriceTableDraft", {"priceTableId": table}) == ["NO_PRICE_TABLE_DRAFT"]


async def test_a_hole_a_past_begin_and_a_missing_draft_are_not_published(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)

    missing = await _refusals(vendor, "publishPriceTable", {"priceTableId": table})
    await _draft(vendor, table, _price(product, (2, "1.00")))
    hole = await vendor.mutate("publishPriceTable", "__typename", {"priceTableId": table})
    await _draft(vendor, table, _price(product, (1, "1.00")))
    past = await _refusals(vendor, "publishPriceTable", {"priceTableId": table, "beginsAt": "2026-01-01T00:00:00Z"})

    assert missing == [("NO_PRICE_TABLE_DRAFT", "priceTableId")]
    assert past == [("INVALID_INPUT", "beginsAt")]
    (error,) = hole["userErrors"]
    assert (error["code"], error["path"]) == ("PRICE_TABLE_INCOMPLETE", ["priceTableId"])
    assert error["message"] == (
        "The product “Moderniza Completo” has no price for quantities below 2 in orders of the type “Purchase”."
    )
    assert (await _publish(vendor, table))["number"] == 1


async def test_bad_prices_of_a_draft_are_refused_together(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    overlapping = _price(product, (1, "1.00"), (1, "2.00"))
    bad = [overlapping, _price(product, (0, "100000000.00")), _price("nothing", (1, "1.00"))]

    refused = await _refusals(vendor, "draftPriceTable", {"priceTableId": table, "prices": bad})
    unknown = await _refusals(vendor, "draftPriceTable", {"priceTableId": table, "prices": bad[2:]})
    none = await _refusals(vendor, "draftPriceTable", {"priceTableId": table, "prices": []})

    assert refused == [
        ("DUPLICATE_PRODUCT", "prices.1.productId"),
        ("INVALID_INPUT", "prices.0.tiers.1.minimumQuantity"),
        ("INVALID_INPUT", "prices.1.tiers.0.minimumQuantity"),
        ("INVALID_INPUT", "prices.1.tiers.0.unitMonthlyPrice"),
    ]
    assert unknown == [("NOT_FOUND", "prices.0.productId")]
    assert none == [("INVALID_INPUT", "prices")]


async def test_a_partner_orders_by_the_tables_that_are_assigned_to_it(vendor: Api, api: Api, other_api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    first, second = await _table(vendor), await _table(vendor)
    for table, price in ((first, "10.00"), (second, "20.00")):
        await _draft(vendor, table, _price(product, (1, price)))
        await _publish(vendor, table)
    await _assign(vendor, api, first, second)

    preselected, other = await _quoted(api, product), await _quoted(api, product, priceTableId=second)
    order = await api.order((product, 1), priceTableId=second)
    foreign = await _quoted(other_api, product, priceTableId=second)
    nowhere = await _quoted(other_api, product, priceTableId=ids.encode("PriceTable", 2**62))
    query = "{ priceTables { totalCount nodes { id } } viewer { partner { priceTables { id } } } }"
    listed = await api.data(query)
    await _assign(vendor, api, first)

    assert (preselected, other) == (("10.00", None), ("20.00", None))
    assert foreign == nowhere == ["NOT_FOUND"]
    assert {each["id"] for each in listed["priceTables"]["nodes"]} == {first, second}
    assert listed["viewer"]["partner"]["priceTables"] == [{"id": first}, {"id": second}]
    assert await _quoted(api, product, priceTableId=second) == ["NOT_FOUND"]
    kept = """query ($id: ID!) { order(id: $id) { priceTable { id items { orderType } versionInForce { number } }
        priceTableVersion { number } } }"""
    assert (await api.data(kept, id=order))["order"] == {
        "priceTable": {"id": second, "items": [], "versionInForce": None},
        "priceTableVersion": {"number": 1},
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
    table, other = await _table(vendor), await _table(vendor)
    before = await api.data("{ priceTable { id } }")

    none = await _refusals(vendor, "assignPriceTables", given)
    unknown = await _refusals(vendor, "assignPriceTables", {**given, "priceTableIds": [table, "nothing"]})
    given = {**given, "priceTableIds": [table], "preselectedId": other}
    elsewhere = await _refusals(vendor, "assignPriceTables", given)

    assert none == [("INVALID_INPUT", "priceTableIds")]
    assert unknown == [("NOT_FOUND", "priceTableIds.1")]
    assert elsewhere == [("INVALID_INPUT", "preselectedId")]
    assert await api.data("{ priceTable { id } }") == before


async def test_each_partner_of_a_table_has_an_event_of_its_new_prices(vendor: Api, api: Api, other_api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    for each in (api, other_api):
        await _assign(vendor, each, table)
    await _draft(vendor, table, _price(product, (1, "10.00")))

    await _publish(vendor, table)

    query = """{ events(last: 5, filter: { types: [PRICES_CHANGED] }) {
        nodes { number message priceTable { id } actor { id worksForVendor } } } }"""
    for each in (api, other_api):
        nodes = (await each.data(query))["events"]["nodes"]
        assert [node["number"] for node in nodes] == [1, 2]
        assert {node["priceTable"]["id"] for node in nodes} == {table}
        assert nodes[1]["message"].startswith("Pauta Preço ")
        reader = await new_caller(each.http, each.portal, each.partner_id, chosen=frozenset({Permission.EVENTS_READ}))
        withheld = (await reader.data(query))["events"]["nodes"][1]
        assert (withheld["message"], withheld["priceTable"]) == ("…: new prices.", None)
        assert nodes[1]["actor"] == {"id": ids.encode("User", vendor.user_id), "worksForVendor": True}


async def test_a_price_table_is_renamed_once_for_all_of_its_partners(vendor: Api, api: Api) -> None:
    table, other = await _table(vendor), await _table(vendor)
    await _assign(vendor, api, table)
    name = f"Pauta São Paulo {uuid4()}"
    renaming = {"priceTableId": table, "name": name, "idempotencyKey": str(uuid4())}

    renamed = [await vendor.done("renamePriceTable", "priceTable { id name }", renaming) for _ in range(2)]
    taken = await raced(
        vendor,
        price_tables.rename,
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
    query = """{ viewer { partner { priceTable { id name } priceTables { id } } }
        priceTables(first: 100) { totalCount nodes { id } } }"""

    found = await vendor.data(query)

    own = found["viewer"]["partner"]
    assert own["priceTable"]["name"].startswith("Pauta Grupo Moderniza")
    assert own["priceTables"] == []
    assert own["priceTable"]["id"] not in [node["id"] for node in found["priceTables"]["nodes"]]


async def test_a_name_is_one_price_table_s(vendor: Api) -> None:
    name = f"Pauta São Paulo {uuid4()}"
    await vendor.done("createPriceTable", "priceTable { id }", {"name": name})

    again = await _refusals(vendor, "createPriceTable", {"name": name.upper().replace("Ã", "A")})
    partner = {"name": "Gama", "cnpj": "16.727.230/0001-97", "priceTableName": name}

    assert again == [("PRICE_TABLE_NAME_IN_USE", "name")]
    assert await _refusals(vendor, "createPartner", partner) == [("PRICE_TABLE_NAME_IN_USE", "priceTableName")]


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


async def test_no_order_takes_the_old_prices_once_new_ones_have_begun(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    await _assign(vendor, api, table)
    await _draft(vendor, table, _price(product, (1, "10.00")))
    await _publish(vendor, table)
    await _draft(vendor, table, _price(product, (1, "20.00")))
    publishing = PublishPriceTable(ids.number("PriceTable", table), None)
    ordered = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}

    refused = await raced(vendor, price_tables.publish, publishing, api.codes("createOrder", ordered))

    query = """{ orders { nodes { createdAt monthlyTotal priceTableVersion { number beginsAt } } } }"""
    (order,) = (await api.data(query))["orders"]["nodes"]
    assert refused == []
    assert (order["monthlyTotal"], order["priceTableVersion"]["number"]) == ("20.00", 2)
    assert order["createdAt"] >= order["priceTableVersion"]["beginsAt"]


async def test_two_publications_at_once_publish_the_draft_once(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    await _draft(vendor, table, _price(product, (1, "10.00")))
    publishing = PublishPriceTable(ids.number("PriceTable", table), None)

    refused = await raced(
        vendor, price_tables.publish, publishing, vendor.codes("publishPriceTable", {"priceTableId": table})
    )

    assert refused == ["NO_PRICE_TABLE_DRAFT"]


async def test_a_draft_that_would_undo_a_later_version_is_confirmed_or_refused(
    vendor: Api, api: Api, clock: Clock
) -> None:
    clock.now = NOON
    product, extra = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    table = await _table(vendor)
    await _draft(vendor, table, _price(product, (1, "10.00")))
    await _publish(vendor, table)
    await _draft(vendor, table, _price(product, (1, "12.00")))
    await _publish(vendor, table, NOON + DAY)
    await _draft(vendor, table, _price(extra, (1, "1.00")))
    given = {"priceTableId": table, "beginsAt": (NOON + 2 * DAY).isoformat()}

    refused = [
        await _refusals(vendor, "publishPriceTable", {**given, **more})
        for more in ({}, {"replacesVersion": 1}, {"replacesVersion": 7})
    ]
    clock.now = NOON + DAY
    begun = await _refusals(vendor, "publishPriceTable", {"priceTableId": table})
    published = await vendor.done("publishPriceTable", "version { number copyOf }", {**given, "replacesVersion": 2})

    code = "PRICE_TABLE_DRAFT_OUTDATED"
    assert refused == [[(code, "priceTableId")], [(code, "replacesVersion")], [(code, "replacesVersion")]]
    assert begun == [(code, "priceTableId")]
    assert published["version"] == {"number": 3, "copyOf": 1}


async def test_a_publication_says_what_a_later_version_undoes_of_it(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    changed, same, kept = [await new_product(api.portal, api.partner_id) for _ in range(3)]
    table = await _table(vendor)
    await _draft(vendor, table, *(_price(each, (1, "10.00")) for each in (changed, same, kept)))
    await _publish(vendor, table)
    await _draft(vendor, table, _price(changed, (1, "12.00")), _price(same, (1, "11.00")))
    await _publish(vendor, table, NOON + DAY)
    await _draft(vendor, table, _price(changed, (1, "8.00")), _price(same, (1, "11.00")), _price(kept, (1, "9.00")))
    asked = "product { id } before { unitMonthlyPrice } after { unitMonthlyPrice } undoneBy { number beginsAt }"
    diff = f"query ($id: ID!, $at: DateTime) {{ priceTableDiff(priceTableId: $id, beginsAt: $at) {{ {asked} }} }}"

    now, later = [
        (await vendor.data(diff, id=table, at=at))["priceTableDiff"] for at in (None, (NOON + 2 * DAY).isoformat())
    ]
    payload = await vendor.done("publishPriceTable", f"undone {{ {asked} }}", {"priceTableId": table})
    await _draft(vendor, table, _price(changed, (1, "7.00")))
    last = await vendor.done(
        "publishPriceTable",
        "undone { minimumQuantity }",
        {"priceTableId": table, "beginsAt": (NOON + 2 * DAY).isoformat(), "replacesVersion": 2},
    )

    ends = {"number": 2, "beginsAt": "2027-07-02T12:00:00Z"}
    assert {each["product"]["id"]: each["undoneBy"] for each in now} == {changed: ends, same: None, kept: ends}
    assert [each["before"]["unitMonthlyPrice"] for each in later if each["product"]["id"] == changed] == ["12.00"]
    assert {each["undoneBy"] for each in later} == {None}
    assert payload["undone"] == [each for each in now if each["undoneBy"]]
    assert last["undone"] == []


async def test_a_draft_that_waits_for_a_publication_is_a_copy_of_it(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    await _draft(vendor, table, _price(product, (1, "10.00")))
    await _publish(vendor, table)
    await _draft(vendor, table, _price(product, (1, "20.00")))
    number = ids.number("PriceTable", table)
    drafted = {"priceTableId": table, "prices": [_price(product, (1, "30.00"))]}

    refused = await raced(
        vendor,
        price_tables.publish,
        PublishPriceTable(number, None),
        vendor.codes("draftPriceTable", drafted),
        lambda tx: statements.locked(tx, number),
    )

    version = await vendor.done("publishPriceTable", "version { number copyOf }", {"priceTableId": table})
    assert refused == []
    assert version["version"] == {"number": 3, "copyOf": 2}


async def test_a_draft_during_a_publication_changes_no_published_price(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    await _draft(vendor, table, _price(product, (1, "10.00")))
    publishing = PublishPriceTable(ids.number("PriceTable", table), None)
    drafted = {"priceTableId": table, "prices": [_price(product, (1, "30.00"))]}

    refused = await raced(vendor, price_tables.publish, publishing, vendor.codes("draftPriceTable", drafted))

    assert refused == []
    assert await _versions(vendor, table) == [(2, "DRAFT", 1, ["30.00"]), (1, "PUBLISHED", None, ["10.00"])]


async def test_a_publication_during_a_draft_publishes_all_of_it(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    await _draft(vendor, table, _price(product, (1, "10.00")))
    key = PriceKey(ids.number("Product", product), OrderType.PURCHASE)
    tiers = (_tier(1, "9.00"), _tier(10, "8.00"))
    cheaper = DraftedPrice(key, tiers)
    drafting = DraftPriceTable(ids.number("PriceTable", table), (cheaper,))

    refused = await raced(
        vendor, price_tables.draft, drafting, vendor.codes("publishPriceTable", {"priceTableId": table})
    )

    assert refused == []
    assert await _versions(vendor, table) == [(1, "PUBLISHED", None, ["9.00", "8.00"])]
    # The publication keeps how many tiers it has published.
    mine = f"price table {ids.number('PriceTable', table)} "
    assert [each for each in await examine(vendor.portal.database) if mine in each.message] == []


def _tier(minimum: int, monthly: str) -> Tier:
    price = money.parse(monthly)
    assert price is not None
    return Tier(minimum_quantity=minimum, unit_monthly_price=price, unit_setup_fee=Cents(0), bonus_quantity=0)


async def _versions(vendor: Api, table: str) -> list[tuple[int, str, int | None, list[str]]]:
    """Return number, state, origin and monthly prices of each version, the newest first."""
    query = """query ($id: ID!) { node(id: $id) { ... on PriceTable { versions { number state copyOf
        items { tiers { unitMonthlyPrice } } } } } }"""
    return [
        (
            each["number"],
            each["state"],
            each["copyOf"],
            [tier["unitMonthlyPrice"] for item in each["items"] for tier in item["tiers"]],
        )
        for each in (await vendor.data(query, id=table))["node"]["versions"]
    ]


async def test_a_new_partner_buys_by_the_table_that_it_is_given(vendor: Api) -> None:
    table = await _table(vendor)
    given = {"name": "Gama", "cnpj": cnpjs.another(), "priceTableId": table}

    unknown = await _refusals(vendor, "createPartner", {**given, "priceTableId": ids.encode("PriceTable", 2**62)})
    made = await vendor.done("createPartner", "partner { priceTable { id } priceTables { id } }", given)

    assert unknown == [("NOT_FOUND", "priceTableId")]
    assert made["partner"] == {"priceTable": {"id": table}, "priceTables": [{"id": table}]}


async def test_a_key_changes_a_price_table_once(vendor: Api, api: Api) -> None:
    product, key = await new_product(api.portal, api.partner_id), str(uuid4())
    named = {"name": f"Pauta Preço {key}", "idempotencyKey": key}

    created = [await vendor.done("createPriceTable", "priceTable { id }", named) for _ in range(2)]
    table = {"priceTableId": created[0]["priceTable"]["id"], "idempotencyKey": key}
    drafting = {**table, "prices": [_price(product, (1, "1.00"))]}
    drafted = [await vendor.done("draftPriceTable", _VERSION, drafting) for _ in range(2)]
    published = [await vendor.done("publishPriceTable", _VERSION, table) for _ in range(2)]
    await _draft(vendor, table["priceTableId"], _price(product, (1, "2.00")))
    discarded = [await vendor.done("discardPriceTableDraft", "priceTable { id }", table) for _ in range(2)]

    for first, again in (created, drafted, published, discarded):
        assert first == again
    other = {**drafting, "prices": [_price(product, (1, "3.00"))]}
    assert await vendor.codes("draftPriceTable", other) == ["IDEMPOTENCY_CONFLICT"]
    assert await vendor.codes("createPriceTable", {**named, "name": "Pauta"}) == ["IDEMPOTENCY_CONFLICT"]
    later = {**table, "beginsAt": "2099-01-01T00:00:00Z"}
    assert await vendor.codes("publishPriceTable", later) == ["IDEMPOTENCY_CONFLICT"]


async def test_no_price_is_changed_by_somebody_deactivated_in_another_process(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await _table(vendor)
    seller = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_SALES)
    await _draft(seller, table, _price(product, (1, "10.00")))
    async with writing(vendor.portal.database) as tx:
        # This process remembers the viewer.
        await users.update(tx, vendor.partner_id, seller.user_id, {"disabled_at": vendor.portal.now()})

    for name, given in {
        "createPriceTable": {"name": f"Pauta {uuid4()}"},
        "draftPriceTable": {"priceTableId": table, "prices": [_price(product, (1, "20.00"))]},
        "publishPriceTable": {"priceTableId": table},
        "discardPriceTableDraft": {"priceTableId": table},
    }.items():
        query = f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{
            {name}(input: $input) {{ userErrors {{ code }} }} }}"""
        assert (await seller.error(query, input=given))["extensions"]["code"] == "UNAUTHENTICATED"
    assert await vendor.codes("discardPriceTableDraft", {"priceTableId": table}) == []
