"""Rows that many rows of a page share: joined where a statement is a round trip, and loaded elsewhere."""

import pytest

from resolvers import ids
from server.graphql.documents import Documents
from tests.api import Api
from tests.executors import STOCK_DOCUMENTS
from tests.factories import new_product
from tests.statements import reading

pytestmark = pytest.mark.stock

_ONE = """__typename id client { id name } product { id code name }
    activatedBy { id name email } cancelledBy { id name }"""
PAGE = f"{{ activations {{ nodes {{ {_ONE} }} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Activation {{ {_ONE} }} }} }}"


@pytest.mark.usefixtures("clock")
async def test_a_page_has_what_each_of_its_activations_has(api: Api, vendor: Api, documents: Documents) -> None:
    products = [await new_product(api.portal, api.partner_id) for _ in range(2)]
    for product in products:
        await api.buy(product, 3)
    clients = [await api.client() for _ in range(2)]
    made = [await api.activation(client, product) for client in clients for product in products]
    # By a user of the vendor, who is none of the partner's.
    for_partner = {"partnerId": ids.encode("Partner", api.partner_id), "activationKey": "BALCAO-9"}
    made.append(await vendor.activation(clients[0], products[1], **for_partner))
    await api.done("cancelActivation", "activation { id }", {"activationId": made[0]})
    await api.data("{ viewer { user { id } } }")

    with reading(api.portal.database) as statements:
        page = (await api.data(PAGE))["activations"]["nodes"]

    one_by_one = [(await api.data(NODE, id=each["id"]))["node"] for each in page]
    assert page == one_by_one
    assert len({each["activatedBy"]["id"] for each in page}) == 2
    # Who cancelled is loaded, with those who activated unless these are joined. Stock execution looks ahead at nothing.
    assert documents is STOCK_DOCUMENTS or len(statements) == (2 if api.portal.database.is_remote else 3)
