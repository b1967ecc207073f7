"""What partners see of the vendor's people, who act for them: a name, and nothing else."""

import pytest
from graphql import GraphQLObjectType, get_named_type

from tests.api import Api, Json
from tests.factories import new_product
from tests.schema.introspection import GRAPHQL
from tests.schema.pricing import assign, draft, new_table, priced, publish
from tests.schema.recipes import MUTATIONS

PERSON = "id name email role roleLabel isActive disabledAt worksForVendor hasSecondFactor identityLinkedAt"
HIDDEN = {
    "email": "",
    **dict.fromkeys(("role", "roleLabel", "isActive", "disabledAt", "hasSecondFactor", "identityLinkedAt")),
}

ENDED = "filter: {status: [CANCELLED]}"

WAYS = {
    "Activation.activatedBy": ("activateLicense", "{ activations { nodes { activatedBy { % } } } }"),
    "Activation.cancelledBy": ("cancelActivation", f"{{ activations({ENDED}) {{ nodes {{ cancelledBy {{ % }} }} }} }}"),
    "Client.cancelledBy": ("cancelClient", f"{{ clients({ENDED}) {{ nodes {{ cancelledBy {{ % }} }} }} }}"),
    "Event.actor": ("registerClient", "{ events { nodes { actor { % } } } }"),
    "Invitation.invitedBy": ("inviteUser", "{ invitations { nodes { invitedBy { % } } } }"),
    "Order.approvedBy": ("approveOrder", "{ orders { nodes { approvedBy { % } } } }"),
    "Order.cancelledBy": ("cancelOrder", "{ orders { nodes { cancelledBy { % } } } }"),
    "Order.createdBy": ("createOrder", "{ orders { nodes { createdBy { % } } } }"),
    "PriceTableVersion.publishedBy": ("publishPriceTable", "{ priceTable { versionInForce { publishedBy { % } } } }"),
    "Webhook.maker": ("createWebhook", "{ webhooks { nodes { maker { % } } } }"),
}
"""A mutation of the vendor's users for each relation that has them then, and a query of the relation."""

OWN = {"ApiToken.user", "Event.user", "Partner.users", "Viewer.user"}
"""Relations to people of the partner itself."""


def people(found: Json) -> list[Json]:
    """Return every person of an answer."""
    if isinstance(found, list):
        return [person for each in found for person in people(each)]
    if not isinstance(found, dict):
        return []
    if "worksForVendor" in found:
        return [found]
    return [person for each in found.values() for person in people(each)]


def test_every_relation_to_a_person_is_tried() -> None:
    relations = {
        f"{name}.{field}"
        for name, of_type in GRAPHQL.type_map.items()
        if isinstance(of_type, GraphQLObjectType) and "Payload" not in name
        for field, each in of_type.fields.items()
        if get_named_type(each.type).name == "User"
    }

    assert {each for each in relations if not each.startswith("User")} == WAYS.keys() | OWN - {"Partner.users"}


@pytest.mark.parametrize("place", sorted(WAYS))
async def test_a_partner_sees_of_the_vendors_people_their_names_only(vendor: Api, api: Api, place: str) -> None:
    mutation, query = WAYS[place]
    if mutation == "publishPriceTable":
        await _publish(vendor, api)
    else:
        given = await MUTATIONS[mutation].given(api)
        await vendor.done(mutation, "__typename", {**given, "partnerId": api.partner})

    seen = [person for person in people(await api.data(query.replace("%", PERSON))) if person["worksForVendor"]]

    (vendors,), (own,) = [
        people(await caller.data(f"{{ viewer {{ user {{ {PERSON} }} }} }}")) for caller in (vendor, api)
    ]
    assert seen
    for each in seen:
        assert {name: each[name] for name in HIDDEN} == HIDDEN
        assert (each["id"], each["name"]) == (vendors["id"], vendors["name"])
    assert all(person["email"] and person["role"] and person["roleLabel"] for person in (vendors, own))
    assert vendors["isActive"] is own["isActive"] is True


async def _publish(vendor: Api, api: Api) -> None:
    product, table = await new_product(api.portal, api.partner_id), await new_table(vendor)
    await draft(vendor, table, priced(product, (1, "1.00")))
    await publish(vendor, table)
    await assign(vendor, api, table)
