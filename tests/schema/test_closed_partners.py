"""What a closed partner may still do: what reads, ends or erases, and nothing that adds to or changes its business."""

import pytest

from db import partner_changes as statements
from domain.partners import OF_OPEN_PARTNERS, PartnerStatus
from resolvers import ids, partner_changes
from resolvers.partner_changes import ClosePartner
from tests.api import Api
from tests.resolvers.test_races import raced
from tests.schema import inputs
from tests.schema.recipes import MUTATIONS, OF_PARTNERS
from tests.schema.test_invitations import codes, invited
from tests.units import writing

ORDERING = {
    *("createOrder", "approveOrder"),
    *("activateLicense", "activateLicenses", "moveActivation", "moveActivations"),
}
"""Mutations that are refused for a suspended partner too."""


async def _close(api: Api) -> None:
    """Close the partner whatever it has in use."""
    async with writing(api.portal.database) as tx:
        await statements.set_status(tx, api.partner_id, PartnerStatus.CLOSED, at=api.portal.now())


@pytest.mark.parametrize("name", sorted(MUTATIONS))
async def test_a_closed_partner_does_no_business(api: Api, name: str) -> None:
    given = await MUTATIONS[name].given(api)
    await _close(api)

    refused = set(await api.codes(name, given))

    assert refused == ({"PARTNER_CLOSED"} if name in OF_OPEN_PARTNERS | ORDERING else set())


@pytest.mark.parametrize("name", ["updatePartner", "erasePartnerContacts", "setPartnerPolicy", "assignPriceTables"])
async def test_the_vendor_changes_no_terms_of_a_closed_partner(vendor: Api, api: Api, name: str) -> None:
    table = (await api.data("{ priceTable { id } }"))["priceTable"]["id"]
    chosen = {"priceTableIds": [table], "preselectedId": table} if name == "assignPriceTables" else OF_PARTNERS[name]
    await _close(api)

    refused = await vendor.codes(name, {**chosen, "partnerId": api.partner})

    assert refused == (["PARTNER_CLOSED"] if name in OF_OPEN_PARTNERS else [])


async def test_the_vendor_deactivates_the_last_manager_of_a_closed_partner(vendor: Api, api: Api) -> None:
    last = {"userId": ids.encode("User", api.user_id), "partnerId": api.partner}
    refused = await vendor.codes("deactivateUser", last)
    await _close(api)

    assert (refused, await vendor.codes("deactivateUser", last)) == (["LAST_MANAGER"], [])


async def test_a_closed_partner_imports_nothing_in_a_dry_run(api: Api) -> None:
    given = await inputs.sheet(api)
    await _close(api)

    assert await api.codes("importClients", {**given, "dryRun": True}) == ["PARTNER_CLOSED"]


async def test_an_invitation_of_a_closed_partner_is_not_accepted(api: Api, anonymous: Api) -> None:
    secret = await invited(api)
    await _close(api)

    assert await codes(anonymous, secret) == ["PARTNER_CLOSED"]


async def test_a_replay_of_what_was_done_before_the_end_is_answered(api: Api) -> None:
    given = {**await inputs.new_client(api), "idempotencyKey": "once"}
    first = await api.done("registerClient", "client { id }", given)
    await _close(api)

    assert await api.done("registerClient", "client { id }", given) == first


async def test_no_client_is_registered_while_its_partner_is_being_closed(vendor: Api, api: Api) -> None:
    as_vendor = Api(vendor.http, vendor.portal, api.partner_id, vendor.user_id, vendor.token)
    register = api.codes("registerClient", await inputs.new_client(api))

    assert await raced(as_vendor, partner_changes.close, ClosePartner(), register) == ["PARTNER_CLOSED"]
    assert (await api.data("{ clients { totalCount } }"))["clients"]["totalCount"] == 0
