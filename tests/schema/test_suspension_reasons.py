"""The reason of a suspension: its correction, and how long it is kept, over HTTP on both engines."""

import asyncio

from resolvers import partner_changes
from resolvers.partner_changes import ReinstatePartner
from tests.api import Api, Json
from tests.clock import Clock
from tests.resolvers.test_races import raced

_SEEN = "partner { status suspendedAt suspensionReason }"


async def _suspend(vendor: Api, api: Api, reason: str) -> Json:
    return (await vendor.done("suspendPartner", _SEEN, {"partnerId": api.partner, "reason": reason}))["partner"]


async def _events(api: Api) -> list[tuple[str, str]]:
    nodes = (await api.data("{ events(last: 10) { nodes { type message } } }"))["events"]["nodes"]
    return [(node["type"], node["message"]) for node in nodes if node["type"].startswith("PARTNER_")]


async def test_the_reason_of_a_suspension_can_be_corrected(vendor: Api, api: Api, clock: Clock) -> None:
    first = await _suspend(vendor, api, "inadimplencia")
    clock.forward(hours=1)

    corrected = await _suspend(vendor, api, "inadimplência")

    assert corrected == first | {"suspensionReason": "inadimplência"}
    assert await _events(api) == [
        ("PARTNER_SUSPENDED", "Partner suspended."),
        ("PARTNER_UPDATED", "Details of the partner updated."),
    ]


async def test_the_same_reason_twice_is_refused(vendor: Api, api: Api) -> None:
    await _suspend(vendor, api, "inadimplência")

    again = await vendor.codes("suspendPartner", {"partnerId": api.partner, "reason": " inadimplência "})

    assert again == ["PARTNER_TRANSITION"]
    assert len(await _events(api)) == 1


async def test_a_closed_partner_is_not_suspended_for_another_reason(vendor: Api, api: Api) -> None:
    await _suspend(vendor, api, "inadimplência")
    closed = (await vendor.done("closePartner", _SEEN, {"partnerId": api.partner}))["partner"]

    refused = await vendor.codes("suspendPartner", {"partnerId": api.partner, "reason": "falência"})

    assert closed == {"status": "CLOSED", "suspendedAt": None, "suspensionReason": None}
    assert refused == ["PARTNER_TRANSITION"]


async def test_two_corrections_at_once_are_two_events(vendor: Api, api: Api) -> None:
    await _suspend(vendor, api, "a")

    await asyncio.gather(*(_suspend(vendor, api, reason) for reason in ("b", "c")))

    assert [kind for kind, _ in await _events(api)] == ["PARTNER_SUSPENDED", *["PARTNER_UPDATED"] * 2]
    found = await api.data(f"{{ viewer {{ {_SEEN} }} }}")
    assert found["viewer"]["partner"]["suspensionReason"] in {"b", "c"}


async def test_a_correction_after_a_reinstatement_under_way_suspends_anew(vendor: Api, api: Api) -> None:
    await _suspend(vendor, api, "inadimplencia")
    as_vendor = Api(vendor.http, vendor.portal, api.partner_id, vendor.user_id, vendor.token)
    corrected = vendor.codes("suspendPartner", {"partnerId": api.partner, "reason": "inadimplência"})

    refused = await raced(as_vendor, partner_changes.reinstate, ReinstatePartner(), corrected)

    assert refused == []
    kinds = [kind for kind, _ in await _events(api)]
    assert kinds == ["PARTNER_SUSPENDED", "PARTNER_REINSTATED", "PARTNER_SUSPENDED"]
