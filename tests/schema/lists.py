"""What tests know about each list and type with an id. A new one is described here, and only here.

The tests of tenants, paging and statement counts take it from these tables; `test_recipes.py` names what is missing.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from secrets import token_bytes
from typing import NamedTuple
from uuid import uuid4

from db import documents, invitations, price_tables, webhook_deliveries
from db.invitations import NewInvitation
from db.webhook_deliveries import QUEUED, Message
from domain.access import Permission, Role
from domain.bulk import BULK_MAX
from domain.invitations import Delivery
from domain.orders import OrderType
from domain.webhooks import WEBHOOKS_MAX
from resolvers import ids
from tests import cnpjs
from tests.api import Api
from tests.factories import (
    add_partner,
    add_price_table,
    add_prices,
    add_token,
    add_user,
    new_product,
    new_products,
    tier,
)
from tests.schema import inputs
from tests.units import writing

Ids = Mapping[str, str]
"""Ids of objects, by their type."""


class Connection(NamedTuple):
    """Queries of a connection, in which `#` is replaced by its arguments, and `%` by the selection of its page.

    Attributes:
        query: Has one page; the variables are what `fill` returns of the lists that it fills.
        many: Has as many pages as the limit of objects allows; empty if there is only one.
        for_vendor: Has more than one row only for the vendor's users.
        vendor_only: Is forbidden to a partner's users.

    """

    query: str
    many: str = ""
    for_vendor: bool = False
    vendor_only: bool = False


def _of_partner(name: str, *, size: str = "first: 100") -> Connection:
    return Connection(
        f"{{ viewer {{ partner {{ {name}(#) {{ % }} }} }} }}",
        many=f"{{ partners(first: 1) {{ nodes {{ {name}({size}) {{ % }} }} }} }}",
    )


CONNECTIONS: Mapping[str, Connection] = {
    "Query.clients": Connection("{ clients(#) { % } }"),
    "Query.activations": Connection("{ activations(#) { % } }"),
    "Query.orders": Connection("{ orders(#) { % } }"),
    "Query.events": Connection("{ events(#) { % } }", many="{ events(last: 100) { % } }"),
    "Client.activations": Connection(
        "query ($Client: ID!) { client(id: $Client) { activations(#) { % } } }",
        many="{ clients(first: 30) { nodes { activations(first: 30) { % } } } }",
    ),
    "LicenseStock.movements": Connection(
        "query ($Product: ID!) { licenseStock(productId: $Product) { movements(#) { % } } }",
        many="{ licenseStock { movements(first: 15) { % } } }",
    ),
    "Query.priceTables": Connection("{ priceTables(#) { % } }", many="{ priceTables(first: 10) { % } }"),
    "Query.partners": Connection(
        "query ($Partners: String!) { partners(filter: { search: $Partners }, #) { % } }",
        many="{ partners(first: 1) { % } }",
        for_vendor=True,
    ),
    "Partner.clients": _of_partner("clients"),
    "Partner.activations": _of_partner("activations"),
    "Partner.orders": _of_partner("orders"),
    "Partner.events": _of_partner("events", size="last: 100"),
    "Partner.users": _of_partner("users"),
    "Query.users": Connection("{ users(#) { % } }"),
    "Query.invitations": Connection("{ invitations(#) { % } }"),
    "Query.trustedDocuments": Connection(
        "query ($Documents: String!) { trustedDocuments(filter: { idBeginsWith: $Documents }, #) { % } }",
        for_vendor=True,
        vendor_only=True,
    ),
    "Query.webhooks": Connection("{ webhooks(#) { % } }"),
    "Webhook.deliveries": Connection(
        "query ($Webhook: ID!) { webhook(id: $Webhook) { deliveries(#) { % } } }",
        many="{ webhooks(first: 20) { nodes { deliveries(first: 20) { % } } } }",
    ),
}
"""Every connection, by its path."""

LISTS: Mapping[str, str] = {
    "Query.nodes": "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Client { % } } }",
    "Query.products": "{ products { % } }",
    "Query.licenseStock": "{ licenseStock { % } }",
    "Partner.licenseStock": "{ partners(first: 1) { nodes { licenseStock { % } } } }",
    "Partner.contacts": "{ partners(first: 1) { nodes { contacts { % } } } }",
    "Query.apiTokens": "{ apiTokens { % } }",
    "Viewer.apiTokens": "{ viewer { apiTokens { % } } }",
    "CancellationImpact.releasedLicenses": (
        "{ clients(first: 100) { nodes { cancellationImpact { releasedLicenses { % } } } } }"
    ),
    "Event.erased": "{ events(last: 100) { nodes { erased { % } } } }",
    "Order.items": "{ orders(first: 100) { nodes { items { % } } } }",
    "OrderQuote.items": (
        "query ($items: [OrderItemInput!]!) { quoteOrder(input: { type: PURCHASE, items: $items }) "
        "{ quote { items { % } } } }"
    ),
    "Query.priceTableDiff": '{ priceTableDiff(priceTableId: "nothing") { % } }',
    "Partner.priceTables": "{ partners(first: 1) { nodes { priceTables { % } } } }",
    "PriceTable.items": "{ priceTable { items { % } } }",
    "PriceTable.versions": "{ priceTable { versions { % } } }",
    "PriceTableVersion.items": "{ priceTable { versions { items { % } } } }",
    "PriceTableItem.tiers": "{ priceTable { items { tiers { % } } } }",
}
"""Every other list of objects that a query has, by its path, with as many rows as the limit of objects allows.

`%` is replaced by the selection of each row; `$ids` are those of clients, `$items` those of an order.
"""


_FIRST, _LAST = 5, 15
"""Numbers of rows of each kind that are not created in bulk: the first and last pages of events have all types."""


async def fill(api: Api, size: int) -> Ids:
    """Create at least this number of rows in each list; return what finds them: ids, and parts of names or ids.

    A new list needs a line here, if its rows are not among these.
    """
    products = await new_products(api.portal, api.partner_id, size)
    for start in range(0, size, 50):
        lines = ((product, 2 * size + 2) for product in products[start : start + 50])
        await api.approve(await api.order(*lines))
    busy = await api.client(name="Padaria Grande")
    for product in products[:_FIRST]:
        await _fill_once(api, busy, products[0], product)
    await _fill_in_bulk(api, busy, products[0], products[_FIRST:-_LAST])
    for product in products[_FIRST:][-_LAST:]:
        await _fill_once(api, busy, products[0], product)
    gone = await api.client(city="Recife", state="PE")
    await api.done("cancelClient", "client { id }", {"clientId": gone})
    text = uuid4().hex
    async with writing(api.portal.database) as tx:
        for number in range(size):
            await documents.add(tx, f"x-{text}:{number}", "{ viewer { role } }", at=api.portal.now())
            await add_partner(tx, name=f"{text} {number // 2}")
            await add_user(tx, api.partner_id)
        (own,) = await price_tables.assigned_to(tx, api.partner_id)
        others = [await add_price_table(tx, name=f"Pauta Z {text} {number}") for number in range(size)]
        for table_id in others:
            await add_prices(tx, table_id, [ids.number("Product", products[0])], {OrderType.PURCHASE: [tier(1)]})
        assigned = [own.price_table_id, *others]
        await price_tables.assign(tx, api.partner_id, assigned, preselected_id=own.price_table_id)
    hooks = [await inputs.webhook(api) for _ in range(min(size, WEBHOOKS_MAX))]
    await _fill_deliveries(api, str(hooks[0]["webhookId"]), size)
    return {
        "Client": busy,
        "Product": products[0],
        "Partners": text,
        "Documents": f"x-{text}:",
        "Webhook": str(hooks[0]["webhookId"]),
    }


async def _fill_once(api: Api, busy: str, often: str, product: str) -> None:
    """Create what belongs to a product, and an activation of a busy client."""
    client = await api.client()
    await api.activation(client, product)
    await api.activation(busy, often)
    await api.order((product, 1))
    await api.done("createApiToken", "apiToken { id }", {"name": "script", "permissions": ["CLIENTS_READ"]})
    await inputs.invitation(api)


async def _fill_in_bulk(api: Api, busy: str, often: str, products: Sequence[str]) -> None:
    """Create the same as `_fill_once` for each of the products, by fewer requests."""
    if not products:
        return
    lines = "".join(f"{cnpjs.another()};Padaria São João\n" for _ in products)
    made = await api.done("importClients", "rows { client { id } }", {"content": f"CNPJ;Razão Social\n{lines}"})
    clients = [row["client"]["id"] for row in made["rows"]]
    pairs = [*zip(clients, products, strict=True), *((busy, often) for _ in products)]
    wanted = [
        {"clientId": client, "productId": product, "activationKey": f"KEY-{number}"}
        for number, (client, product) in enumerate(pairs)
    ]
    for start in range(0, len(wanted), BULK_MAX):
        await inputs.activate(api, wanted[start : start + BULK_MAX])
    for product in products:
        await api.order((product, 1))
    at = api.portal.now()
    async with writing(api.portal.database) as tx:
        for _ in products:
            await add_token(tx, api.partner_id, api.user_id, at=at, chosen=frozenset({Permission.CLIENTS_READ}))
            invited = NewInvitation(
                email=f"{uuid4()}@alfa.example",
                name="Bia Reis",
                role=Role.OPERATOR,
                digest=token_bytes(32),
                delivery=Delivery.LINK,
                expires_at=at + timedelta(days=1),
                invited_by_id=api.user_id,
            )
            await invitations.put(tx, api.partner_id, invited, at=at)


async def _fill_deliveries(api: Api, webhook: str, size: int) -> None:
    async with writing(api.portal.database) as tx:
        for number in range(size):
            message = Message(f"ping_{number}")
            await webhook_deliveries.add(
                tx, api.partner_id, ids.number("Webhook", webhook), message, QUEUED, at=api.portal.now()
            )


async def one_of_each(api: Api) -> Ids:
    """Create one object of each type that has ids, and return their ids."""
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 5, seats=3)
    client = await api.client()
    activation = await api.activation(client, product)
    order = await api.order((product, 2))
    made = await api.done("createApiToken", "apiToken { id }", {"name": "script", "permissions": ["CLIENTS_READ"]})
    invited = await inputs.invitation(api)
    hook = await inputs.webhook(api)
    pinged = await api.done("pingWebhook", "delivery { id }", hook)
    query = """query ($order: ID!) {
        order(id: $order) { items { id } priceTable { id } partner { id } createdBy { id } }
        events(first: 1) { nodes { id } }
        licenseStock { id movements(first: 1) { nodes { id } } } }"""
    found = await api.data(query, order=order)
    return {
        "Client": client,
        "Activation": activation,
        "Product": product,
        "Order": order,
        "OrderItem": found["order"]["items"][0]["id"],
        "PriceTable": found["order"]["priceTable"]["id"],
        "Partner": found["order"]["partner"]["id"],
        "User": found["order"]["createdBy"]["id"],
        "Event": found["events"]["nodes"][0]["id"],
        "LicenseStock": found["licenseStock"][0]["id"],
        "StockMovement": found["licenseStock"][0]["movements"]["nodes"][0]["id"],
        "ApiToken": made["apiToken"]["id"],
        "Invitation": str(invited["invitationId"]),
        "Webhook": str(hook["webhookId"]),
        "WebhookDelivery": pinged["delivery"]["id"],
    }


def absent(type_name: str, partner_id: int) -> str:
    """Return an id of the type that no object has."""
    nowhere = 2**62
    return ids.encode(type_name, partner_id, nowhere) if type_name == "LicenseStock" else ids.encode(type_name, nowhere)
