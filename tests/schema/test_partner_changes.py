"""What the vendor does to a partner, and what its suspension and policies refuse, over HTTP on both engines."""

import asyncio
from collections.abc import Mapping
from uuid import uuid4

import pytest

from domain.access import Role
from resolvers import ids, orders, partner_changes
from resolvers.orders import ApproveOrder
from resolvers.partner_changes import SuspendPartner
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller
from tests.resolvers.test_races import raced
from tests.schema.recipes import OF_PARTNERS

_SEEN = """partner { id name status suspendedAt suspensionReason contacts { name email phone }
    policy { fourEyes approvalCeiling stockWarningBelow } }"""
_ERRORS = """userErrors { code path ... on PartnerSuspendedError { reason } ... on PolicyError { policy }
    ... on PartnerTransitionError { from to } }"""


async def _set(vendor: Api, api: Api, **policy: object) -> None:
    await vendor.done("setPartnerPolicy", "partner { id }", {"partnerId": api.partner, **policy})


async def _suspend(vendor: Api, api: Api) -> None:
    await vendor.done("suspendPartner", "partner { id }", {"partnerId": api.partner, "reason": "inadimplência"})


async def _refusals(caller: Api, name: str, given: Mapping[str, object]) -> Json:
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {_ERRORS} }} }}"
    return (await caller.data(query, input=given))[name]["userErrors"]


async def _last_events(api: Api, number: int) -> list[tuple[str, str]]:
    query = "query ($n: Int!) { events(last: $n) { nodes { type message actor { name } } } }"
    nodes = (await api.data(query, n=number))["events"]["nodes"]
    return [(node["type"], node["message"]) for node in nodes]


async def test_a_new_partner_has_a_price_table_and_its_contacts(vendor: Api) -> None:
    cnpj = cnpjs.another()
    contact = {"name": "Bia Reis", "email": "bia@gama.example", "phone": "+55 81 5555-0101"}
    given = {"name": "Gama", "cnpj": cnpj, "contacts": [contact, {"name": "Léo"}]}

    payload = await vendor.done("createPartner", f"{_SEEN} partner {{ cnpj priceTable {{ name }} }}", given)

    partner = payload["partner"]
    assert (partner["name"], partner["cnpj"], partner["priceTable"]) == ("Gama", cnpj, {"name": f"Pauta Gama ({cnpj})"})
    assert partner["contacts"] == [contact, {"name": "Léo", "email": None, "phone": None}]
    assert (partner["status"], partner["suspendedAt"], partner["suspensionReason"]) == ("ACTIVE", None, None)
    assert partner["policy"] == {"fourEyes": False, "approvalCeiling": None, "stockWarningBelow": None}
    query = """query ($id: ID!) { events(filter: { partnerId: $id }) { nodes { type actor { worksForVendor } } } }"""
    events = (await vendor.data(query, id=partner["id"]))["events"]["nodes"]
    assert events == [{"type": "PARTNER_CREATED", "actor": {"worksForVendor": True}}]
    again = await _refusals(vendor, "createPartner", given)
    assert [(error["code"], error["path"]) for error in again] == [("CNPJ_ALREADY_REGISTERED", ["cnpj"])]


async def test_the_vendor_sees_who_made_the_table_of_a_new_partner(vendor: Api) -> None:
    given = {"name": "Gama", "cnpj": cnpjs.another(), "priceTableName": f"Pauta {uuid4()}"}
    of_vendor = f'filter: {{ partnerId: "{vendor.partner}" }}'
    query = f"{{ events({of_vendor}, last: 1) {{ nodes {{ type priceTable {{ name }} actor {{ id }} }} }} }}"

    made = await vendor.done("createPartner", "partner { priceTable { id } }", given)

    (event,) = (await vendor.data(query))["events"]["nodes"]
    actor = {"id": ids.encode("User", vendor.user_id)}
    assert event == {
        "type": "PRICE_TABLE_CREATED",
        "priceTable": {"name": given["priceTableName"]},
        "actor": actor,
    }
    table = made["partner"]["priceTable"]["id"]
    await vendor.done(
        "createPartner", "partner { id }", {"name": "Delta", "cnpj": cnpjs.another(), "priceTableId": table}
    )
    assert (await vendor.data(query))["events"]["nodes"] == [event]


async def test_bad_details_of_a_partner_are_refused_together(vendor: Api) -> None:
    given = {"name": " ", "cnpj": "1", "contacts": [{"name": "Bia"}, {"name": "", "phone": "9" * 41}]}

    paths = {tuple(error["path"]) for error in await _refusals(vendor, "createPartner", given)}

    assert paths == {("name",), ("cnpj",), ("contacts", "1", "name"), ("contacts", "1", "phone")}
    hidden = {"name": "Ga\u202ema", "cnpj": cnpjs.another(), "contacts": [{"name": "Bia", "email": "b\u0007@a"}] * 11}
    paths = {tuple(error["path"]) for error in await _refusals(vendor, "createPartner", hidden)}
    assert paths == {("name",), ("contacts",)}


async def test_an_update_keeps_what_it_does_not_name(vendor: Api, api: Api) -> None:
    await vendor.done("updatePartner", "partner { id }", {"partnerId": api.partner, "contacts": [{"name": "Bia"}]})

    payload = await vendor.done("updatePartner", _SEEN, {"partnerId": api.partner, "name": "Zênite"})
    found = await vendor.data('{ partners(first: 100, filter: { search: "zenite" }) { nodes { id } } }')

    assert payload["partner"]["name"] == "Zênite"
    assert [contact["name"] for contact in payload["partner"]["contacts"]] == ["Bia"]
    assert {"id": api.partner} in found["partners"]["nodes"]
    events = await _last_events(api, 3)
    await vendor.done("updatePartner", "partner { id }", {"partnerId": api.partner, "name": "Zênite"})
    assert [event for event, _ in events] == ["PARTNER_UPDATED", "PARTNER_UPDATED"]
    assert await _last_events(api, 3) == events


async def test_erased_contacts_leave_no_trace(vendor: Api, api: Api) -> None:
    await vendor.done("updatePartner", "partner { id }", {"partnerId": api.partner, "contacts": [{"name": "Bia"}]})

    payload = await vendor.done("erasePartnerContacts", _SEEN, {"partnerId": api.partner})

    assert payload["partner"]["contacts"] == []
    assert await _last_events(api, 1) == [("PARTNER_CONTACTS_ERASED", "Contacts of the partner erased.")]


async def test_a_suspended_partner_neither_orders_nor_approves_nor_activates(
    vendor: Api, api: Api, client: str, product: str
) -> None:
    await api.buy(product, 3)
    order = await api.order((product, 1))
    activation = await api.activation(client, product)
    elsewhere = await api.client()
    await _suspend(vendor, api)
    items = [{"productId": product, "quantity": 1}]
    wanted: Mapping[str, Mapping[str, object]] = {
        "createOrder": {"type": "PURCHASE", "items": items},
        "approveOrder": {"orderId": order},
        "activateLicense": {"clientId": client, "productId": product, "activationKey": "SUSP-1"},
        "moveActivation": {"activationId": activation, "toClientId": elsewhere, "activationKey": "SUSP-2"},
    }

    for caller in (api, vendor):
        for name, given in wanted.items():
            (error,) = await _refusals(caller, name, {**given, "partnerId": api.partner})
            assert error == {"code": "PARTNER_SUSPENDED", "path": None, "reason": "inadimplência"}
    assert (await api.stock(product))["activated"] == 1


async def test_a_suspended_partner_reads_cancels_and_replaces_a_key(
    vendor: Api, api: Api, client: str, product: str
) -> None:
    await api.buy(product, 3)
    order = await api.order((product, 1))
    activation, other = [await api.activation(client, product) for _ in range(2)]
    await _suspend(vendor, api)
    replaced = {"activationId": activation, "toClientId": client, "activationKey": "NEW-1"}

    assert await api.codes("moveActivation", replaced) == []
    assert await api.codes("cancelActivation", {"activationId": other}) == []
    assert await api.codes("cancelOrder", {"orderId": order}) == []
    found = await api.data("{ viewer { partner { status suspensionReason } } activations { totalCount } }")
    assert found["viewer"]["partner"] == {"status": "SUSPENDED", "suspensionReason": "inadimplência"}


async def test_a_reinstated_partner_orders_again(vendor: Api, api: Api, product: str) -> None:
    await _suspend(vendor, api)

    payload = await vendor.done("reinstatePartner", _SEEN, {"partnerId": api.partner})

    assert (payload["partner"]["status"], payload["partner"]["suspendedAt"]) == ("ACTIVE", None)
    assert await api.order((product, 1))
    assert [event for event, _ in await _last_events(api, 3)] == [
        "PARTNER_SUSPENDED",
        "PARTNER_REINSTATED",
        "ORDER_CREATED",
    ]


async def test_a_status_is_refused_to_a_partner_that_has_it(vendor: Api, api: Api) -> None:
    await _suspend(vendor, api)

    again = await _refusals(vendor, "suspendPartner", {"partnerId": api.partner, "reason": "inadimplência"})

    refused = {"code": "PARTNER_TRANSITION", "path": ["partnerId"], "from": "SUSPENDED", "to": "SUSPENDED"}
    assert again == [refused]


async def test_a_partner_is_closed_only_when_nothing_is_in_use(
    vendor: Api, api: Api, client: str, product: str
) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product)
    order = await api.order((product, 1))
    closing = {"partnerId": api.partner}
    refused = await vendor.mutate("closePartner", "partner { id }", closing)
    await api.done("cancelActivation", "activation { id }", {"activationId": activation})
    await api.done("cancelOrder", "order { id }", {"orderId": order})

    payload = await vendor.done("closePartner", _SEEN, closing)

    (error,) = refused["userErrors"]
    assert error["code"] == "PARTNER_IN_USE"
    assert error["message"] == "The partner still has 1 license in use and 1 pending order."
    assert payload["partner"]["status"] == "CLOSED"
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}
    assert await api.codes("createOrder", given) == ["PARTNER_CLOSED"]
    assert await vendor.codes("reinstatePartner", closing) == ["PARTNER_TRANSITION"]


async def test_partners_are_listed_by_status(vendor: Api, api: Api, other_api: Api) -> None:
    await _suspend(vendor, api)
    query = """query ($status: [PartnerStatus!], $cnpj: String!) {
        partners(filter: { status: $status, cnpj: $cnpj }) { totalCount } }"""
    counts = []
    for each in (api, other_api):
        cnpj = (await each.data("{ viewer { partner { cnpj } } }"))["viewer"]["partner"]["cnpj"]
        found = [await vendor.data(query, status=status, cnpj=cnpj) for status in (["SUSPENDED"], ["ACTIVE"], None)]
        counts.append([each["partners"]["totalCount"] for each in found])

    assert counts == [[1, 0, 1], [0, 1, 1]]


@pytest.mark.parametrize("name", sorted(OF_PARTNERS))
async def test_only_the_vendor_changes_partners(vendor: Api, api: Api, name: str) -> None:
    viewer = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_VIEWER)
    sales = await new_caller(vendor.http, vendor.portal, vendor.partner_id, role=Role.VENDOR_SALES)
    given = {"partnerId": api.partner, **OF_PARTNERS[name]}
    if name == "createPartner":
        given = {**OF_PARTNERS[name], "cnpj": cnpjs.another()}
    elif name == "reinstatePartner":
        await _suspend(vendor, api)
    query = f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ __typename }} }}"

    for caller in (api, viewer):
        error = await caller.error(query, input=given)
        assert error["extensions"] == {"code": "FORBIDDEN", "missingPermissions": ["PARTNERS_MANAGE"]}
    assert await sales.codes(name, given) == []
    if name != "createPartner":
        assert await sales.codes(name, {**given, "partnerId": vendor.partner}) == ["NOT_FOUND"]


async def test_with_four_eyes_another_person_approves(vendor: Api, api: Api, product: str) -> None:
    await _set(vendor, api, fourEyes=True)
    order = await api.order((product, 1))
    colleague = await new_caller(api.http, api.portal, api.partner_id)

    refused = await _refusals(api, "approveOrder", {"orderId": order})
    approved = await colleague.approve(order)

    assert refused == [{"code": "REFUSED_BY_POLICY", "path": ["orderId"], "policy": "FOUR_EYES"}]
    assert approved["order"]["status"] == "COMPLETED"


async def test_with_four_eyes_two_sessions_of_one_person_approve_nothing(vendor: Api, api: Api, product: str) -> None:
    await _set(vendor, api, fourEyes=True)
    order = await api.order((product, 1))
    made = await api.done("createApiToken", "secret", {"name": "Script", "permissions": ["ORDERS_APPROVE"]})
    script = Api(api.http, api.portal, api.partner_id, api.user_id, made["secret"])

    answers = await asyncio.gather(*(caller.codes("approveOrder", {"orderId": order}) for caller in (api, script) * 2))

    assert answers == [["REFUSED_BY_POLICY"]] * 4


async def test_above_the_ceiling_only_the_vendor_approves(vendor: Api, api: Api, product: str) -> None:
    await _set(vendor, api, approvalCeiling="300.00")
    within, above = await api.order((product, 2)), await api.order((product, 3))

    assert await api.codes("approveOrder", {"orderId": within}) == []
    (refused,) = await _refusals(api, "approveOrder", {"orderId": above})
    assert (refused["code"], refused["policy"]) == ("REFUSED_BY_POLICY", "APPROVAL_CEILING")
    assert await vendor.codes("approveOrder", {"orderId": above, "partnerId": api.partner}) == []


async def test_a_ceiling_is_any_amount_of_money(vendor: Api, api: Api) -> None:
    query = """mutation ($input: SetPartnerPolicyInput!) {
        setPartnerPolicy(input: $input) { partner { policy { approvalCeiling } } userErrors { code } } }"""
    given = {"partnerId": api.partner}

    for ceiling, shown in (("0", "0.00"), ("0.5", "0.50"), ("999999999999999.99", "999999999999999.99")):
        payload = (await vendor.data(query, input={**given, "approvalCeiling": ceiling}))["setPartnerPolicy"]
        assert payload == {"partner": {"policy": {"approvalCeiling": shown}}, "userErrors": []}
    for wrong in ("-1.00", "-0.01", "1000000000000000.00", "10.001", "1.000,00", "10,00", "R$ 10.00", "1e3", "", 10):
        error = await vendor.error(query, input={**given, "approvalCeiling": wrong})
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "approvalCeiling" in error["message"]
        assert "from “0.00” to “999999999999999.99”, with at most two places" in error["message"]


async def test_who_can_approve_is_shown_as_the_policies_decide(vendor: Api, api: Api, product: str) -> None:
    await _set(vendor, api, fourEyes=True, approvalCeiling="300.00")
    within, above = await api.order((product, 2)), await api.order((product, 3))
    colleague = await new_caller(api.http, api.portal, api.partner_id)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { viewerCanApprove } } }"

    async def shown(caller: Api) -> list[bool]:
        return [each["viewerCanApprove"] for each in (await caller.data(query, ids=[within, above]))["nodes"]]

    allowed = [await shown(caller) for caller in (api, colleague, vendor)]
    await _suspend(vendor, api)

    assert allowed == [[False, False], [True, False], [True, True]]
    assert [await shown(caller) for caller in (colleague, vendor)] == [[False, False]] * 2


async def test_all_policies_that_refuse_an_approval_are_named(vendor: Api, api: Api, product: str) -> None:
    await _set(vendor, api, fourEyes=True, approvalCeiling="0.00")
    order = await api.order((product, 1))

    refused = await _refusals(api, "approveOrder", {"orderId": order})

    assert {error["policy"] for error in refused} == {"FOUR_EYES", "APPROVAL_CEILING"}


async def test_a_stock_that_runs_low_is_an_event_once(vendor: Api, api: Api, client: str, product: str) -> None:
    await _set(vendor, api, stockWarningBelow=2)
    await api.buy(product, 3)

    for _ in range(3):
        await api.activation(client, product)

    kinds = [event for event, _ in await _last_events(api, 4)]
    assert kinds == ["LICENSE_ACTIVATED", "LICENSE_ACTIVATED", "STOCK_LOW", "LICENSE_ACTIVATED"]
    assert ("STOCK_LOW", "Moderniza Completo: few licenses left.") in await _last_events(api, 2)


async def test_a_policy_keeps_the_others_and_null_turns_it_off(vendor: Api, api: Api) -> None:
    await _set(vendor, api, fourEyes=True, approvalCeiling="10.00", stockWarningBelow=5)

    given = {"partnerId": api.partner, "approvalCeiling": None, "fourEyes": None}
    payload = await vendor.done("setPartnerPolicy", _SEEN, given)

    assert payload["partner"]["policy"] == {"fourEyes": False, "approvalCeiling": None, "stockWarningBelow": 5}
    bad = {"partnerId": api.partner, "stockWarningBelow": 0}
    assert [error["path"] for error in await _refusals(vendor, "setPartnerPolicy", bad)] == [["stockWarningBelow"]]


async def test_no_order_is_approved_while_its_partner_is_being_suspended(vendor: Api, api: Api, product: str) -> None:
    order = await api.order((product, 1))

    refused = await _raced_with_suspension(vendor, api, "approveOrder", {"orderId": order})

    assert refused == ["PARTNER_SUSPENDED"]
    assert (await api.data("{ licenseStock { id } }"))["licenseStock"] == []


async def test_no_order_is_created_while_its_partner_is_being_suspended(vendor: Api, api: Api, product: str) -> None:
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}

    refused = await _raced_with_suspension(vendor, api, "createOrder", given)

    assert refused == ["PARTNER_SUSPENDED"]


async def test_no_license_is_activated_while_its_partner_is_being_suspended(
    vendor: Api, api: Api, client: str, product: str
) -> None:
    await api.buy(product, 1)
    given = {"clientId": client, "productId": product, "activationKey": str(uuid4())}

    refused = await _raced_with_suspension(vendor, api, "activateLicense", given)

    assert refused == ["PARTNER_SUSPENDED"]


async def _raced_with_suspension(vendor: Api, api: Api, name: str, given: Mapping[str, object]) -> list[str]:
    as_vendor = Api(vendor.http, vendor.portal, api.partner_id, vendor.user_id, vendor.token)
    return await raced(as_vendor, partner_changes.suspend, SuspendPartner("inadimplência"), api.codes(name, given))


async def test_a_suspension_waits_for_an_approval_that_is_under_way(vendor: Api, api: Api, product: str) -> None:
    order = await api.order((product, 1))
    suspended = vendor.codes("suspendPartner", {"partnerId": api.partner, "reason": "inadimplência"})

    refused = await raced(api, orders.approve, ApproveOrder(ids.number("Order", order)), suspended)

    assert refused == []
    kinds = [event for event, _ in await _last_events(api, 2)]
    assert kinds == ["ORDER_APPROVED", "PARTNER_SUSPENDED"]


async def test_the_address_of_a_contact_is_one(vendor: Api, api: Api) -> None:
    contacts = [{"name": "Bia", "email": each} for each in ("bia", "bia@gama.example", "a@b.example; c@d.example", " ")]
    given = {"partnerId": api.partner, "contacts": contacts}

    payload = await vendor.mutate("updatePartner", "partner { id }", given)
    done = await vendor.done("updatePartner", "partner { contacts { email } }", given | {"contacts": contacts[1::2]})

    found = [(error["code"], error["path"]) for error in payload["userErrors"]]
    assert found == [("INVALID_INPUT", ["contacts", place, "email"]) for place in ("0", "2")]
    assert payload["userErrors"][0]["message"].startswith("Contact 1: ")
    assert done["partner"]["contacts"] == [{"email": "bia@gama.example"}, {"email": None}]
