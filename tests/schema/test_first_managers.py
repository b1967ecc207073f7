"""A partner's first manager, whom the vendor's sales invite, and invite again, until the partner has a user."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from domain.access import Role, TokenKind
from resolvers import ids, partner_changes
from resolvers.invitations import Person
from resolvers.partner_changes import UpdatePartner
from resolvers.portal import Portal
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_caller
from tests.resolvers.test_races import raced

ACCEPT = """mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
    viewer { role user { email } partner { id } } userErrors { code } } }"""


def manager() -> dict[str, str]:
    return {"name": "Rita Lopes", "email": f"{uuid4()}@gama.example"}


@pytest.fixture
async def sales(http: httpx.AsyncClient, portal: Portal, vendor: Api) -> Api:
    return await new_caller(http, portal, vendor.partner_id, role=Role.VENDOR_SALES)


async def created(sales: Api, **more: object) -> tuple[str, str]:
    """Create a partner, and return its id and the secret of its first manager's link, if one is invited."""
    given = {"name": "Gama", "cnpj": cnpjs.another(), **more}
    made = await sales.done("createPartner", "partner { id } invitationUrl", given)
    return made["partner"]["id"], (made["invitationUrl"] or "").partition("#")[2]


async def updated(sales: Api, given: Mapping[str, object]) -> str:
    """Return the secret of the link of an update."""
    done = await sales.done("updatePartner", "partner { id } invitationUrl", given)
    return str(done["invitationUrl"].partition("#")[2])


async def accepted(anonymous: Api, secret: str) -> Json:
    given = {"secret": secret, "password": "um jardim de girassóis"}
    return (await anonymous.data(ACCEPT, input=given))["acceptInvitation"]


async def refusals(caller: Api, given: Mapping[str, object]) -> list[tuple[str, list[str] | None]]:
    refused = (await caller.mutate("updatePartner", "partner { id }", given))["userErrors"]
    return [(error["code"], error["path"]) for error in refused]


async def happened(vendor: Api, partner: str) -> list[str]:
    query = "query ($id: ID!) { events(filter: { partnerId: $id }) { nodes { type } } }"
    return [event["type"] for event in (await vendor.data(query, id=partner))["events"]["nodes"]]


async def test_another_address_ends_the_link_of_the_first(sales: Api, vendor: Api, anonymous: Api) -> None:
    partner, mistyped = await created(sales, manager=manager())
    wanted = manager()

    secret = await updated(sales, {"partnerId": partner, "manager": wanted})

    assert (await accepted(anonymous, mistyped))["userErrors"] == [{"code": "INVITATION_INVALID"}]
    viewer = (await accepted(anonymous, secret))["viewer"]
    assert viewer == {"role": "MANAGER", "user": {"email": wanted["email"]}, "partner": {"id": partner}}
    assert await happened(vendor, partner) == [
        "PARTNER_CREATED",
        "USER_INVITED",
        "INVITATION_REVOKED",
        "USER_INVITED",
        "USER_JOINED",
    ]


async def test_the_first_manager_may_be_invited_later_and_again(sales: Api, vendor: Api, anonymous: Api) -> None:
    partner, _ = await created(sales)
    given = {"partnerId": partner, "manager": manager()}

    first = await updated(sales, {**given, "name": "Delta"})
    second = await updated(sales, given)

    assert (await accepted(anonymous, first))["userErrors"] == [{"code": "INVITATION_INVALID"}]
    assert (await accepted(anonymous, second))["userErrors"] == []
    assert (await happened(vendor, partner))[:3] == ["PARTNER_CREATED", "PARTNER_UPDATED", "USER_INVITED"]


async def test_a_partner_with_users_gets_no_first_manager(
    sales: Api, vendor: Api, http: httpx.AsyncClient, portal: Portal, api: Api
) -> None:
    given = {"partnerId": api.partner, "name": "Delta", "manager": manager()}
    script = await new_caller(http, portal, vendor.partner_id, role=Role.VENDOR_ADMIN, kind=TokenKind.API)

    assert await refusals(sales, given) == [("PARTNER_HAS_USERS", ["manager"])]
    assert await refusals(script, given) == [("SESSION_REQUIRED", None)]
    assert (await api.data("{ viewer { partner { name } } }"))["viewer"]["partner"]["name"] != "Delta"
    bad = {"partnerId": api.partner, "manager": {"name": " ", "email": "rita"}}
    assert {tuple(path) for _, path in await refusals(sales, bad) if path} == {
        ("manager", "email"),
        ("manager", "name"),
    }


async def test_a_closed_partner_gets_no_first_manager(sales: Api) -> None:
    partner, _ = await created(sales)
    await sales.done("closePartner", "partner { id }", {"partnerId": partner})

    assert await refusals(sales, {"partnerId": partner, "manager": manager()}) == [("PARTNER_CLOSED", None)]


async def test_an_address_of_another_user_is_refused(sales: Api, vendor: Api, api: Api, anonymous: Api) -> None:
    partner, secret = await created(sales, manager=manager())
    taken = (await api.data("{ viewer { user { email } } }"))["viewer"]["user"]["email"]

    found = await refusals(sales, {"partnerId": partner, "manager": {**manager(), "email": taken}})

    assert found == [("EMAIL_TAKEN", ["manager", "email"])]
    assert await happened(vendor, partner) == ["PARTNER_CREATED", "USER_INVITED"]
    assert (await accepted(anonymous, secret))["userErrors"] == []


async def test_a_link_that_is_used_while_it_is_replaced_works_no_more(sales: Api, anonymous: Api) -> None:
    partner, secret = await created(sales, manager=manager())
    wanted = UpdatePartner(None, None, Person(manager()["email"], "Rita Lopes", Role.MANAGER))

    async def join() -> list[str]:
        return [error["code"] for error in (await accepted(anonymous, secret))["userErrors"]]

    refused = await raced(
        replace(sales, partner_id=ids.number("Partner", partner)), partner_changes.update, wanted, join()
    )

    assert refused == ["INVITATION_INVALID"]
