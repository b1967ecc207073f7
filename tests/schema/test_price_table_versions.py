"""Versions of price tables: drafts, their publication, and when they apply, over HTTP on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from resolvers import ids
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_product
from tests.schema.pricing import assign, draft, new_table, priced, publish, quoted, refusals

NOON = datetime(2027, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_a_version_applies_from_its_begin_and_a_quote_says_until_when(
    vendor: Api, api: Api, clock: Clock
) -> None:
    clock.now = NOON
    product, extra = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    table = await new_table(vendor)
    await assign(vendor, api, table)
    await draft(vendor, table, priced(product, (1, "10.00"), (10, "9.00")))
    before = await quoted(api, product)
    first = await publish(vendor, table)
    await draft(vendor, table, priced(product, (1, "12.00")))
    await publish(vendor, table, NOON + DAY)
    await draft(vendor, table, priced(extra, (1, "1.00")))
    diff = "query ($id: ID!) { priceTableDiff(priceTableId: $id) { change } }"
    changes = (await vendor.data(diff, id=table))["priceTableDiff"]
    await vendor.done("discardPriceTableDraft", "priceTable { id }", {"priceTableId": table})

    today = [await quoted(api, product), await quoted(api, product, 10)]
    order = await api.order((product, 1))
    clock.now = NOON + DAY
    tomorrow = await quoted(api, product)

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
    table = await new_table(vendor)
    await draft(vendor, table, priced(kept, (1, "5.00")), priced(changed, (1, "10.00"), (5, "8.00")))
    await publish(vendor, table)

    drafted = await draft(vendor, table, priced(changed, (1, "11.00"), (5, "12.00")), priced(added, (1, "1.00")))
    again = await draft(vendor, table, priced(changed, (1, "11.00")))

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
    await assign(vendor, api, table)
    seen = await api.data("{ priceTable { versions { number } items { product { id } tiers { minimumQuantity } } } }")
    assert seen["priceTable"]["versions"] == [{"number": 1}]
    assert [item["product"]["id"] for item in seen["priceTable"]["items"]] == [kept, changed]
    await vendor.done("discardPriceTableDraft", "priceTable { versions { state } }", {"priceTableId": table})
    assert (await vendor.data(query, id=table))["priceTableDiff"] is None
    assert await vendor.codes("discardPriceTableDraft", {"priceTableId": table}) == ["NO_PRICE_TABLE_DRAFT"]


async def test_a_hole_a_past_begin_and_a_missing_draft_are_not_published(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)

    missing = await refusals(vendor, "publishPriceTable", {"priceTableId": table})
    await draft(vendor, table, priced(product, (2, "1.00")))
    hole = await vendor.mutate("publishPriceTable", "__typename", {"priceTableId": table})
    await draft(vendor, table, priced(product, (1, "1.00")))
    past = await refusals(vendor, "publishPriceTable", {"priceTableId": table, "beginsAt": "2026-01-01T00:00:00Z"})

    assert missing == [("NO_PRICE_TABLE_DRAFT", "priceTableId")]
    assert past == [("INVALID_INPUT", "beginsAt")]
    (error,) = hole["userErrors"]
    assert (error["code"], error["path"]) == ("PRICE_TABLE_INCOMPLETE", ["priceTableId"])
    assert error["message"] == (
        "The product “Moderniza Completo” has no price for quantities below 2 in orders of the type “Purchase”."
    )
    assert (await publish(vendor, table))["number"] == 1


async def test_bad_prices_of_a_draft_are_refused_together(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    overlapping = priced(product, (1, "1.00"), (1, "2.00"))
    bad = [overlapping, priced(product, (0, "100000000.00")), priced("nothing", (1, "1.00"))]

    refused = await refusals(vendor, "draftPriceTable", {"priceTableId": table, "prices": bad})
    unknown = await refusals(vendor, "draftPriceTable", {"priceTableId": table, "prices": bad[2:]})
    none = await refusals(vendor, "draftPriceTable", {"priceTableId": table, "prices": []})

    assert refused == [
        ("DUPLICATE_PRODUCT", "prices.1.productId"),
        ("INVALID_INPUT", "prices.0.tiers.1.minimumQuantity"),
        ("INVALID_INPUT", "prices.1.tiers.0.minimumQuantity"),
        ("INVALID_INPUT", "prices.1.tiers.0.unitMonthlyPrice"),
    ]
    assert unknown == [("NOT_FOUND", "prices.0.productId")]
    assert none == [("INVALID_INPUT", "prices")]


async def test_a_draft_that_would_undo_a_later_version_is_confirmed_or_refused(
    vendor: Api, api: Api, clock: Clock
) -> None:
    clock.now = NOON
    product, extra = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    table = await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    await publish(vendor, table)
    await draft(vendor, table, priced(product, (1, "12.00")))
    await publish(vendor, table, NOON + DAY)
    await draft(vendor, table, priced(extra, (1, "1.00")))
    given = {"priceTableId": table, "beginsAt": (NOON + 2 * DAY).isoformat()}

    refused = [
        await refusals(vendor, "publishPriceTable", {**given, **more})
        for more in ({}, {"replacesVersion": 1}, {"replacesVersion": 7})
    ]
    clock.now = NOON + DAY
    begun = await refusals(vendor, "publishPriceTable", {"priceTableId": table})
    published = await vendor.done("publishPriceTable", "version { number copyOf }", {**given, "replacesVersion": 2})

    code = "PRICE_TABLE_DRAFT_OUTDATED"
    assert refused == [[(code, "priceTableId")], [(code, "replacesVersion")], [(code, "replacesVersion")]]
    assert begun == [(code, "priceTableId")]
    assert published["version"] == {"number": 3, "copyOf": 1}


async def test_a_publication_says_what_a_later_version_undoes_of_it(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    changed, same, kept = [await new_product(api.portal, api.partner_id) for _ in range(3)]
    table = await new_table(vendor)
    await draft(vendor, table, *(priced(each, (1, "10.00")) for each in (changed, same, kept)))
    await publish(vendor, table)
    await draft(vendor, table, priced(changed, (1, "12.00")), priced(same, (1, "11.00")))
    await publish(vendor, table, NOON + DAY)
    await draft(
        vendor,
        table,
        priced(changed, (1, "8.00")),
        priced(same, (1, "11.00")),
        priced(kept, (1, "9.00")),
    )
    asked = "product { id } before { unitMonthlyPrice } after { unitMonthlyPrice } undoneBy { number beginsAt }"
    diff = f"query ($id: ID!, $at: DateTime) {{ priceTableDiff(priceTableId: $id, beginsAt: $at) {{ {asked} }} }}"

    now, later = [
        (await vendor.data(diff, id=table, at=at))["priceTableDiff"] for at in (None, (NOON + 2 * DAY).isoformat())
    ]
    payload = await vendor.done("publishPriceTable", f"undone {{ {asked} }}", {"priceTableId": table})
    await draft(vendor, table, priced(changed, (1, "7.00")))
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


@pytest.mark.parametrize("is_drafted", [True, False])
async def test_a_difference_begins_in_the_past_no_more_than_a_publication(
    vendor: Api, api: Api, clock: Clock, *, is_drafted: bool
) -> None:
    clock.now = NOON
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    if is_drafted:
        await draft(vendor, table, priced(product, (1, "10.00")))
    query = "query ($id: ID!, $at: DateTime) { priceTableDiff(priceTableId: $id, beginsAt: $at) { change } }"
    past = (NOON - timedelta(seconds=1)).isoformat()

    refused = await vendor.mutate("publishPriceTable", "__typename", {"priceTableId": table, "beginsAt": past})
    error = await vendor.error(query, id=table, at=past)
    now = await vendor.data(query, id=table, at=NOON.isoformat())

    assert [each["message"] for each in refused["userErrors"]] == [error["message"]]
    assert error["message"] == "Prices can only begin from now on, 1 July 2027, 12:00 UTC."
    assert (error["path"], error["extensions"]["code"]) == (["priceTableDiff"], "BAD_USER_INPUT")
    assert error["extensions"]["argument"] == "beginsAt"
    assert now["priceTableDiff"] == ([{"change": "ADDED"}] if is_drafted else None)
    assert (await api.data(query, id=table, at=past))["priceTableDiff"] is None


async def test_a_difference_does_not_depend_on_the_number_of_later_versions(
    vendor: Api, api: Api, clock: Clock
) -> None:
    clock.now = NOON
    kept, changed = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    table = await new_table(vendor)
    await draft(vendor, table, priced(kept, (1, "5.00")), priced(changed, (1, "10.00")))
    await publish(vendor, table)
    await draft(vendor, table, priced(changed, (1, "11.00")))
    await publish(vendor, table, NOON + 100 * DAY)
    for days in range(1, 61):
        await draft(vendor, table, priced(changed, (1, "8.00" if days > 1 else "12.00")))
        given = {"priceTableId": table, "beginsAt": (NOON + days * DAY).isoformat()}
        replaced = {} if days == 1 else {"replacesVersion": days + 1}
        await vendor.done("publishPriceTable", "undone { minimumQuantity }", {**given, **replaced})
    await draft(vendor, table, priced(changed, (1, "8.00")), priced(kept, (1, "6.00")))
    asked = "minimumQuantity product { id } before { unitMonthlyPrice } undoneBy { number }"
    diff = f"query ($id: ID!, $at: DateTime) {{ priceTableDiff(priceTableId: $id, beginsAt: $at) {{ {asked} }} }}"

    now, after_all = [
        (await vendor.data(diff, id=table, at=at))["priceTableDiff"] for at in (None, (NOON + 60 * DAY).isoformat())
    ]

    def shown(found: Json) -> dict[str, tuple[str, int | None]]:
        ends = {each["product"]["id"]: each["undoneBy"] for each in found}
        before = {each["product"]["id"]: each["before"]["unitMonthlyPrice"] for each in found}
        return {product: (before[product], end and end["number"]) for product, end in ends.items()}

    assert shown(now) == {kept: ("5.00", 3), changed: ("10.00", 3)}
    assert shown(after_all) == {kept: ("5.00", 2)}


async def test_a_version_that_another_one_replaced_undoes_nothing(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "10.00")))
    await publish(vendor, table)
    for monthly, replaced in (("12.00", 1), ("8.00", 2)):
        await draft(vendor, table, priced(product, (1, monthly)))
        given = {"priceTableId": table, "beginsAt": (NOON + DAY).isoformat(), "replacesVersion": replaced}
        await vendor.done("publishPriceTable", "version { number }", given)
    await draft(vendor, table, priced(product, (1, "8.00")))

    payload = await vendor.done("publishPriceTable", "undone { undoneBy { number } }", {"priceTableId": table})

    assert payload["undone"] == []


async def test_a_draft_begins_as_a_copy_of_the_version_that_is_named(vendor: Api, api: Api, clock: Clock) -> None:
    clock.now = NOON
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    given = {"priceTableId": table, "prices": []}
    for monthly, begin in (("10.00", None), ("12.00", None), ("20.00", NOON + DAY)):
        await draft(vendor, table, priced(product, (1, monthly)))
        await publish(vendor, table, begin)

    copied = "version { copyOf items { tiers { unitMonthlyPrice } } }"
    returned = await vendor.done("draftPriceTable", copied, {**given, "copyOfVersion": 1})
    refused = [
        await refusals(vendor, "draftPriceTable", {**given, "copyOfVersion": 1}),
        await refusals(vendor, "draftPriceTable", given),
    ]
    await vendor.done("discardPriceTableDraft", "__typename", {"priceTableId": table})
    unknown = [await refusals(vendor, "draftPriceTable", {**given, "copyOfVersion": number}) for number in (4, 0)]
    corrected = {**given, "prices": [priced(product, (1, "19.00"))], "copyOfVersion": 3}
    await vendor.done("draftPriceTable", copied, corrected)
    begins = {"priceTableId": table, "beginsAt": (NOON + DAY).isoformat()}
    published = await vendor.done("publishPriceTable", "version { number copyOf }", begins)

    tiers = [{"tiers": [{"unitMonthlyPrice": "10.00"}]}]
    assert returned["version"] == {"copyOf": 1, "items": tiers}
    assert refused == [[("PRICE_TABLE_HAS_DRAFT", "copyOfVersion")], [("INVALID_INPUT", "prices")]]
    assert unknown == [[("NOT_FOUND", "copyOfVersion")]] * 2
    assert published["version"] == {"number": 4, "copyOf": 3}
    clock.now = NOON + DAY
    await assign(vendor, api, table)
    assert await quoted(api, product) == ("19.00", None)


@pytest.mark.parametrize("is_drafted", [True, False])
async def test_a_dry_run_of_a_sheet_shows_the_warnings_of_the_draft(vendor: Api, api: Api, *, is_drafted: bool) -> None:
    product, other = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    table = await new_table(vendor)
    await draft(vendor, table, priced(other, (1, "1.00"), (5, "2.00")))
    if not is_drafted:
        await publish(vendor, table)
    code = "query ($id: ID!) { node(id: $id) { ... on Product { code } } }"
    product_code = (await vendor.data(code, id=product))["node"]["code"]
    rows = "".join(f"\n{product_code};Compra;{minimum};{minimum},00;0" for minimum in (1, 7))
    sheet = f"produto;tipo;quantidade_minima;valor_mensal;adesao{rows}"
    given = {"priceTableId": table, "content": sheet}
    selection = "version { number } warnings { minimumQuantity product { id } }"

    tried = await vendor.done("importPrices", selection, {**given, "dryRun": True})
    done = await vendor.done("importPrices", selection, given)

    assert tried["version"] is None
    assert done["version"] is not None
    found = [{(each["product"]["id"], each["minimumQuantity"]) for each in of["warnings"]} for of in (tried, done)]
    assert found == [{(product, 7), (other, 5)}] * 2
