"""Mutations of the vendor's users on behalf of a partner."""

from uuid import uuid4

import pytest
from graphql import get_named_type

from domain.access import VENDOR_ROLES, Role
from resolvers import ids
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller
from tests.schema.inputs import Given
from tests.schema.introspection import GRAPHQL
from tests.schema.recipes import MUTATIONS, OF_PARTNERS
from tests.schema.test_events_of_mutations import SENT_ONLY

TOKENS = {"createApiToken"}
"""Mutations that a user of the vendor does for the vendor itself."""
BUSINESS = sorted(set(MUTATIONS) - TOKENS)
FOR_VENDOR = {
    *("revokeApiToken", "revokeInvitation", "createPasswordResetLink"),
    *("updateUser", "deactivateUser", "reactivateUser", "resetSecondFactor", "unlinkIdentity"),
    *("updateWebhook", "pauseWebhook", "resumeWebhook", "deleteWebhook", "rotateWebhookSecret"),
    *("pingWebhook", "redeliver"),
}
"""Mutations that the vendor's users do for the vendor itself too, with ids of its objects."""


def test_every_mutation_of_a_partner_can_name_it() -> None:
    mutations = GRAPHQL.mutation_type
    assert mutations is not None
    inputs = {name: get_named_type(each.args["input"].type) for name, each in mutations.fields.items() if each.args}

    assert {name for name, given in inputs.items() if "partnerId" in given.fields} == {
        *BUSINESS,
        *OF_PARTNERS,
        "signOutEverywhere",
        "assignPriceTables",
    } - {"createPartner"}


@pytest.mark.parametrize("name", BUSINESS)
async def test_the_vendor_does_it_for_the_partner_that_it_names(
    vendor: Api, api: Api, other_api: Api, name: str
) -> None:
    given = await MUTATIONS[name].given(api)
    before = await _events(api)

    elsewhere = await vendor.codes(name, {**given, "partnerId": other_api.partner})
    unnamed = await vendor.codes(name, given)
    nowhere = await vendor.codes(name, {**given, "partnerId": ids.encode("Partner", 2**40)})
    itself = await vendor.codes(name, {**given, "partnerId": vendor.partner})
    untouched = await _events(api)
    done = await vendor.mutate(name, "__typename", {**given, "partnerId": api.partner})

    # What exists at no partner yet can be made at another one.
    anywhere = {"registerClient", "importClients", "inviteUser", "createWebhook"}
    # An input of many items has an error for each of them.
    assert set(elsewhere) == (set() if name in anywhere else {"NOT_FOUND"})
    # Some are for the vendor itself, which has no such token, user or invitation; and no role of a partner.
    # The vendor can have webhooks of its own.
    of_vendor = [] if name == "createWebhook" else ["NOT_FOUND"] if name in FOR_VENDOR else ["INVALID_INPUT"]
    assert unnamed == of_vendor
    assert itself == (unnamed if name in {*FOR_VENDOR, "createWebhook", "inviteUser"} else ["NOT_FOUND"])
    assert nowhere == ["NOT_FOUND"]
    assert untouched == before
    assert done["userErrors"] == []
    new = (await _events(api))[len(before) :]
    actors = {event["actor"]["id"] for event in new}
    assert actors == (set() if name in SENT_ONLY else {ids.encode("User", vendor.user_id)})
    assert all(event["actor"]["worksForVendor"] for event in new)
    assert await _events(vendor, api.partner) == await _events(api)


@pytest.mark.parametrize("name", BUSINESS)
async def test_a_partners_user_names_its_own_partner_or_none(api: Api, other_api: Api, name: str) -> None:
    given = await MUTATIONS[name].given(api)

    other = await api.codes(name, {**given, "partnerId": other_api.partner})
    nowhere = await api.codes(name, {**given, "partnerId": ids.encode("Partner", 2**40)})
    own = await api.codes(name, {**given, "partnerId": api.partner})

    assert other == nowhere == ["NOT_FOUND"]
    assert own == []


async def _events(caller: Api, partner: str | None = None) -> Json:
    query = """query ($partner: ID) { events(first: 100, filter: { partnerId: $partner }) {
        nodes { number type message actor { id name worksForVendor } } } }"""
    return (await caller.data(query, partner=partner))["events"]["nodes"]


async def test_an_order_shows_the_partner_who_of_the_vendor_made_it(vendor: Api, api: Api, product: str) -> None:
    items = [{"productId": product, "quantity": 1}]
    given = {"partnerId": api.partner, "type": "PURCHASE", "items": items}
    order = (await vendor.done("createOrder", "order { id }", given))["order"]["id"]

    query = "query ($id: ID!) { order(id: $id) { createdBy { id name worksForVendor } } }"
    found = (await api.data(query, id=order))["order"]["createdBy"]

    assert found == {"id": ids.encode("User", vendor.user_id), "name": "Ana", "worksForVendor": True}
    # Whom the vendor employs can't be found out by trying ids.
    assert (await api.data("query ($id: ID!) { node(id: $id) { id } }", id=found["id"]))["node"] is None
    assert (await vendor.data("query ($id: ID!) { node(id: $id) { id } }", id=found["id"]))["node"]["id"] == found["id"]


async def test_a_key_of_the_vendor_is_another_one_than_the_partners(vendor: Api, api: Api, other_api: Api) -> None:
    keyed = {"name": "Padaria", "idempotencyKey": "k"}
    ours, theirs, elsewhere = cnpjs.another(), cnpjs.another(), cnpjs.another()

    made = [
        (await caller.done("registerClient", "client { cnpj }", {**keyed, **given}))["client"]["cnpj"]
        for caller, given in (
            (api, {"cnpj": ours}),
            (vendor, {"cnpj": theirs, "partnerId": api.partner}),
            (vendor, {"cnpj": elsewhere, "partnerId": other_api.partner}),
            (vendor, {"cnpj": theirs, "partnerId": api.partner}),
            (api, {"cnpj": ours}),
        )
    ]

    assert made == [ours, theirs, elsewhere, theirs, ours]
    conflict = {**keyed, "cnpj": ours, "partnerId": api.partner}
    assert await vendor.codes("registerClient", conflict) == ["IDEMPOTENCY_CONFLICT"]
    assert (await api.data("{ clients { totalCount } }"))["clients"]["totalCount"] == 2


@pytest.mark.parametrize("role", [role for role in Role if role in VENDOR_ROLES])
async def test_a_role_of_the_vendor_does_what_it_may(vendor: Api, api: Api, product: str, role: Role) -> None:
    caller = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=role)
    ordered = {"partnerId": api.partner, "type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}
    registered = {"partnerId": api.partner, "cnpj": cnpjs.another(), "name": "Padaria"}

    async def allowed(name: str, given: Given) -> bool:
        of_type = f"{name[0].upper()}{name[1:]}Input!"
        query = f"mutation ($input: {of_type}) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
        return "errors" not in await caller.post(query, input=given)

    done = [await allowed("createOrder", ordered), await allowed("registerClient", registered)]

    assert (
        done
        == {
            Role.VENDOR_VIEWER: [False, False],
            Role.VENDOR_SALES: [True, False],
            Role.VENDOR_ADMIN: [True, True],
        }[role]
    )


@pytest.mark.parametrize("name", ["clients", "activations", "orders", "events", "licenseStock"])
async def test_an_unknown_partner_of_an_export_is_refused_where_it_is_named(
    vendor: Api, api: Api, other_api: Api, name: str
) -> None:
    in_filter = name != "licenseStock"
    path = ["list", name, *(["filter"] if in_filter else []), "partnerId"]

    for caller, partner in ((vendor, ids.encode("Partner", 2**62)), (other_api, ids.encode("Partner", api.partner_id))):
        named = {"partnerId": partner}
        exported = {name: {"filter": named} if in_filter else named}
        for key in ({}, {"idempotencyKey": str(uuid4())}):
            payload = await caller.mutate("createExport", "export { url }", {"list": exported, **key})

            (error,) = payload["userErrors"]
            assert (error["code"], error["path"]) == ("NOT_FOUND", path)
            assert error["message"] == "Partner not found."
            assert payload["export"] is None
