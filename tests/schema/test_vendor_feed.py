"""The vendor's own feed of events: listed, followed, exported and sent as a partner's is, over HTTP on both engines."""

from uuid import uuid4

import httpx
import orjson
import pytest

from tests.api import Api
from tests.streams import streaming

pytestmark = pytest.mark.stock

URL = "https://erp.example/webhooks"
NUMBERS = "query ($partner: ID) { events(filter: { partnerId: $partner }, last: 1) { nodes { number } } }"
WEBHOOK = "webhook { id partner { isVendor } }"


async def last_number(vendor: Api) -> int:
    (event,) = (await vendor.data(NUMBERS, partner=vendor.partner))["events"]["nodes"]
    return int(event["number"])


async def test_the_vendor_follows_its_own_events(vendor: Api) -> None:
    async with streaming(vendor, filter={"partnerId": vendor.partner}) as stream:
        await vendor.done(
            "createProduct", "product { id }", {"code": uuid4().hex[:20], "name": "Own", "includedSeats": 0}
        )

        found = await stream.numbers(1)

    assert found == [await last_number(vendor)]


async def test_the_vendor_exports_its_own_events(vendor: Api, http: httpx.AsyncClient) -> None:
    given = {"list": {"events": {"filter": {"partnerId": vendor.partner}}}, "format": "JSONL"}

    made = await vendor.done("createExport", "export { url }", given)

    answer = await http.get(made["export"]["url"])
    assert answer.status_code == 200
    *events, last = map(orjson.loads, answer.content.splitlines())
    assert last == {"rowCount": len(events)}
    assert events[-1]["type"] == "EXPORT_CREATED"


async def test_webhooks_of_the_vendor_are_made_with_its_own_id(vendor: Api, api: Api) -> None:
    own = {"partnerId": vendor.partner}

    made = await vendor.done("createWebhook", WEBHOOK, {"url": URL, **own, "filter": own})

    assert made["webhook"]["partner"] == {"isVendor": True}
    webhook = {"webhookId": made["webhook"]["id"]}
    await vendor.done("pauseWebhook", WEBHOOK, {**webhook, **own})
    assert await vendor.codes("resumeWebhook", {**webhook, "partnerId": api.partner}) == ["NOT_FOUND"]
    await vendor.done("deleteWebhook", "__typename", webhook)


async def test_the_filter_of_a_webhook_names_no_other_partner(vendor: Api, api: Api, other_api: Api) -> None:
    given = {"url": URL, "filter": {"partnerId": api.partner}}

    (error,) = (await vendor.mutate("createWebhook", "__typename", given))["userErrors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["filter", "partnerId"])
    assert await other_api.codes("createWebhook", given) == ["NOT_FOUND"]

    made = await vendor.done("createWebhook", WEBHOOK, {**given, "partnerId": api.partner})
    webhook = {"webhookId": made["webhook"]["id"], "partnerId": api.partner}
    assert await vendor.codes("updateWebhook", {**webhook, "filter": {"partnerId": other_api.partner}}) == ["NOT_FOUND"]


async def test_what_is_a_partners_only_is_not_done_for_the_vendor(vendor: Api) -> None:
    codes = await vendor.codes("registerClient", {"partnerId": vendor.partner, "cnpj": "11222333000181", "name": "A"})

    assert codes == ["NOT_FOUND"]
