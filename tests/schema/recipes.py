"""What tests know about each mutation, list and type with an id. A new one is described here, and only here.

The tests of idempotency keys, tenants, payloads, texts, paging and statement counts take it from these tables;
`test_recipes.py` names what is missing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import uuid4

from db import documents, identities, price_tables, webhook_deliveries
from db.identities import IdentifiedUser
from db.webhook_deliveries import QUEUED, Message
from domain.access import Role
from domain.orders import OrderType
from domain.webhooks import WEBHOOKS_MAX
from resolvers import ids
from tests import cnpjs
from tests.api import Api
from tests.factories import add_app, add_partner, add_price_table, add_prices, add_user, new_product, tier
from tests.units import writing

Given = Mapping[str, object]
"""Input of a mutation."""

Ids = Mapping[str, str]
"""Ids of objects, by their type."""


class Recipe(NamedTuple):
    """How a mutation is tried.

    Attributes:
        given: Creates what the mutation needs for a partner, and returns an input that is not refused.
        selection: Objects of the payload.
        other: Values that make a different request of the input; only of a mutation that takes an idempotency key.
        sized: Does as `given`, for this number of products; only of a mutation whose payload has lists.

    """

    given: Callable[[Api], Awaitable[Given]]
    selection: str
    other: Given | None = None
    sized: Callable[[Api, int], Awaitable[Given]] | None = None


async def _new_client(_: Api) -> Given:
    return {"cnpj": cnpjs.another(), "name": "Padaria", "city": "Olinda"}


async def _sheet(api: Api, rows: int = 2) -> Given:
    known = cnpjs.another()
    await api.client(cnpj=known)
    lines = "".join(f"{cnpjs.another()};Padaria {number}\n" for number in range(rows))
    return {"content": f"CNPJ;Razão Social\n{known};Padaria\n{lines}"}


async def _client(api: Api) -> Given:
    return {"clientId": await api.client(), "name": "Mercearia"}


async def _client_of_products(api: Api, products: int = 2) -> Given:
    bought = [await new_product(api.portal, api.partner_id) for _ in range(products)]
    for order_type in ("PURCHASE", "ADDITIONAL_SEATS"):
        await api.approve(await api.order(*((product, 3) for product in bought), type=order_type))
    client = await api.client()
    for product in bought:
        await api.activation(client, product, additionalSeats=2, note="Caixa")
    return {"clientId": client, "reason": "Fechou"}


async def _license(api: Api) -> Given:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    return {"clientId": await api.client(), "productId": product, "activationKey": "KEY-1"}


async def _activation(api: Api) -> Given:
    wanted = await _license(api)
    return {"activationId": await api.activation(str(wanted["clientId"]), str(wanted["productId"])), "reason": "Troca"}


async def _move(api: Api) -> Given:
    activation = await _activation(api)
    return {
        "activationId": activation["activationId"],
        "toClientId": await api.client(),
        "activationKey": "KEY-2",
        "note": "Troca",
    }


async def _noted(api: Api) -> Given:
    activation = await _activation(api)
    return {"activationId": activation["activationId"], "note": "Caixa 2"}


async def _stock(api: Api) -> Given:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    return {"productId": product, "warningBelow": 7}


async def _stocks(api: Api, products: int) -> Given:
    bought = [await new_product(api.portal, api.partner_id) for _ in range(products)]
    await api.approve(await api.order(*((product, 2) for product in bought)))
    return {"warningBelow": 7}


async def _licenses(api: Api, products: int = 2) -> Given:
    bought = [await new_product(api.portal, api.partner_id) for _ in range(products)]
    await api.approve(await api.order(*((product, 3) for product in bought)))
    client = await api.client()
    return {"items": [{"clientId": client, "productId": product, "activationKey": "KEY-1"} for product in bought]}


async def _activated(api: Api, products: int) -> list[str]:
    made = await api.done("activateLicenses", "results { activation { id } }", await _licenses(api, products))
    return [result["activation"]["id"] for result in made["results"]]


async def _activations(api: Api, products: int = 2) -> Given:
    return {"activationIds": await _activated(api, products), "reason": "Troca"}


async def _moves(api: Api, products: int = 2) -> Given:
    client, activations = await api.client(), await _activated(api, products)
    return {
        "items": [
            {"activationId": activation, "toClientId": client, "activationKey": f"KEY-{number:02}"}
            for number, activation in enumerate(activations)
        ]
    }


async def _new_order(api: Api) -> Given:
    product = await new_product(api.portal, api.partner_id)
    table = (await api.data("{ viewer { partner { priceTable { id } } } }"))["viewer"]["partner"]["priceTable"]["id"]
    items = [{"productId": product, "quantity": 2}]
    return {"type": "PURCHASE", "items": items, "note": "Urgente", "priceTableId": table}


async def _order(api: Api, products: int = 1) -> Given:
    ordered = [await new_product(api.portal, api.partner_id) for _ in range(products)]
    return {"orderId": await api.order(*((product, 2) for product in ordered))}


async def _new_token(_: Api) -> Given:
    return {"name": "Script", "permissions": ["ORDERS_READ"]}


async def _token(api: Api) -> Given:
    made = await api.done("createApiToken", "apiToken { id }", await _new_token(api))
    return {"apiTokenId": made["apiToken"]["id"]}


async def _user(api: Api) -> Given:
    async with writing(api.portal.database) as tx:
        user_id = await add_user(tx, api.partner_id, role=Role.OPERATOR)
    return {"userId": ids.encode("User", user_id)}


async def _named_user(api: Api) -> Given:
    return {**await _user(api), "name": "Léo", "role": "VIEWER"}


async def _deactivated_user(api: Api) -> Given:
    user = await _user(api)
    await api.done("deactivateUser", "user { id }", user)
    return user


async def _person(_: Api) -> Given:
    return {"email": f"{uuid4()}@alfa.example", "name": "Bia Reis", "role": "OPERATOR"}


async def _invitation(api: Api) -> Given:
    made = await api.done("inviteUser", "invitation { id }", await _person(api))
    return {"invitationId": made["invitation"]["id"]}


async def _user_with_app(api: Api) -> Given:
    async with writing(api.portal.database) as tx:
        user_id = await add_user(tx, api.partner_id)
        await add_app(tx, api.portal, api.partner_id, user_id)
    return {"userId": ids.encode("User", user_id)}


async def _linked_user(api: Api) -> Given:
    user = await _user(api)
    user_id = ids.number("User", str(user["userId"]))
    identified = IdentifiedUser(api.partner_id, user_id, Role.OPERATOR, of_vendor=False, points_per_second=None)
    async with writing(api.portal.database) as tx:
        await identities.link(tx, identified, "https://id.example", str(uuid4()), at=api.portal.now())
    return user


async def _new_webhook(_: Api) -> Given:
    return {"url": "https://erp.example/webhooks", "batchSize": 2, "selection": "{ message client { id } }"}


async def _webhook(api: Api) -> Given:
    made = await api.done("createWebhook", "webhook { id }", await _new_webhook(api))
    return {"webhookId": made["webhook"]["id"]}


async def _changed_webhook(api: Api) -> Given:
    return {**await _webhook(api), "url": "https://erp.example/other", "batchSize": 1, "selection": "{ message }"}


async def _paused_webhook(api: Api) -> Given:
    given = await _webhook(api)
    await api.done("pauseWebhook", "webhook { id }", given)
    return given


async def _delivery(api: Api) -> Given:
    made = await api.done("pingWebhook", "delivery { id }", await _webhook(api))
    return {"webhookDeliveryId": made["delivery"]["id"]}


_LICENSE = "activation { id status authorizationCode } licenseStock { activated available }"

MUTATIONS: Mapping[str, Recipe] = {
    "registerClient": Recipe(_new_client, "client { id name city }", {"city": "Recife"}),
    "importClients": Recipe(
        _sheet, "rows { line status client { id name } }", {"content": "CNPJ;Razão Social\n"}, sized=_sheet
    ),
    "updateClient": Recipe(_client, "client { id name }", {"name": "Bazar"}),
    "cancelClient": Recipe(
        _client_of_products,
        "client { id status } cancelledActivations { id } licenseStock { id }",
        {"reason": "Mudou"},
        sized=_client_of_products,
    ),
    "activateLicense": Recipe(_license, _LICENSE, {"activationKey": "KEY-9"}),
    "cancelActivation": Recipe(_activation, _LICENSE, {"reason": "Erro"}),
    "moveActivation": Recipe(
        _move, "activation { id } previousActivation { id status } licenseStock { id }", {"note": "Erro"}
    ),
    "updateActivation": Recipe(_noted, "activation { id note } licenseStock { id }", {"note": "Caixa 3"}),
    "updateLicenseStockThreshold": Recipe(
        _stock, "partner { id } licenseStock { id low warningBelow }", {"warningBelow": 8}, sized=_stocks
    ),
    "activateLicenses": Recipe(
        _licenses,
        "results { index status activation { id status authorizationCode } } licenseStock { activated available }",
        {"items": [{"clientId": "another", "productId": "another", "activationKey": "KEY-9"}]},
        sized=_licenses,
    ),
    "cancelActivations": Recipe(
        _activations,
        "results { index status activation { id status } } licenseStock { activated available }",
        {"reason": "Erro"},
        sized=_activations,
    ),
    "moveActivations": Recipe(
        _moves,
        "results { index status activation { id } previousActivation { id status } }",
        {"items": [{"activationId": "another", "toClientId": "another", "activationKey": "KEY-9"}]},
        sized=_moves,
    ),
    "createOrder": Recipe(_new_order, "order { id number status }", {"note": "Com calma"}),
    "approveOrder": Recipe(
        _order, "order { id status } licenseStock { purchased }", {"orderId": "another"}, sized=_order
    ),
    "cancelOrder": Recipe(_order, "order { id status }", {"reason": "Erro"}),
    "createApiToken": Recipe(_new_token, "apiToken { name }"),
    "revokeApiToken": Recipe(_token, "apiToken { id revokedAt }"),
    "updateUser": Recipe(_named_user, "user { name role }"),
    "deactivateUser": Recipe(_user, "user { isActive }"),
    "reactivateUser": Recipe(_deactivated_user, "user { isActive }"),
    "inviteUser": Recipe(_person, "invitation { name role }"),
    "revokeInvitation": Recipe(_invitation, "revokedInvitationId"),
    "createPasswordResetLink": Recipe(_user, "user { isActive }"),
    "resetSecondFactor": Recipe(_user_with_app, "user { hasSecondFactor }"),
    "unlinkIdentity": Recipe(_linked_user, "user { identityLinkedAt }"),
    "createWebhook": Recipe(_new_webhook, "webhook { url state batchSize }"),
    "updateWebhook": Recipe(_changed_webhook, "webhook { url batchSize }"),
    "pauseWebhook": Recipe(_webhook, "webhook { id state }"),
    "resumeWebhook": Recipe(_paused_webhook, "webhook { id state }"),
    "rotateWebhookSecret": Recipe(_webhook, "webhook { id publicKey }"),
    "deleteWebhook": Recipe(_webhook, "deletedWebhookId"),
    "pingWebhook": Recipe(_webhook, "delivery { id status }"),
    "redeliver": Recipe(_delivery, "delivery { id status }"),
}
"""Every mutation of a partner's objects."""

OF_PARTNERS: Mapping[str, Given] = {
    "createPartner": {"name": "Gama"},
    "updatePartner": {"name": "Gama", "contacts": [{"name": "Bia"}]},
    "erasePartnerContacts": {},
    "suspendPartner": {"reason": "inadimplência"},
    "reinstatePartner": {},
    "closePartner": {},
    "setPartnerPolicy": {"fourEyes": True, "secondFactorRequired": True, "pointsPerSecond": 20_000},
}
"""Input of each mutation of partners, besides the partner or its CNPJ; only the vendor's users do them."""

OF_PRODUCTS: Mapping[str, Given] = {
    "createProduct": {"code": "GAMA", "name": "Gama", "includedSeats": 1},
    "updateProduct": {"name": "Gama", "includedSeats": 1},
    "retireProduct": {},
    "reinstateProduct": {},
    "importProducts": {"content": "codigo;nome;usuarios_incluidos\n"},
}
"""Input of each mutation of products, besides the product; only the vendor's administrators do them."""

OF_PRICES: Mapping[str, Given] = {
    "createPriceTable": {"name": "Pauta"},
    "renamePriceTable": {"name": "Pauta"},
    "draftPriceTable": {"prices": []},
    "importPrices": {"content": "produto;tipo;quantidade minima;valor mensal;adesao\n"},
    "publishPriceTable": {},
    "discardPriceTableDraft": {},
    "assignPriceTables": {"priceTableIds": [], "preselectedId": "nothing"},
}
"""Input of each mutation of price tables, besides the price table or partner; the vendor's sales people do them."""

OF_DOCUMENTS: Mapping[str, Given] = {
    "registerDocuments": {"manifest": '{"x-test:role": "{ viewer { role } }"}'},
    "removeDocuments": {"ids": []},
}
"""Input of each mutation of trusted documents; only the vendor's administrators do them."""

OF_VENDOR = {*OF_PARTNERS, *OF_PRODUCTS, *OF_PRICES, *OF_DOCUMENTS}
"""Mutations that only the vendor's users do."""

SESSIONS = {
    *("signIn", "confirmSignIn", "renewSession", "signOut", "signOutEverywhere"),
    *("acceptInvitation", "changePassword", "requestPasswordReset", "resetPassword"),
    *("enrollTotp", "confirmTotp", "disableTotp", "renewRecoveryCodes"),
}
"""Mutations of the caller's own sessions and password, which have tests of their own."""

EXPORTS = {"createExport"}
"""Mutations that change nothing, whose inputs are those of lists; they have tests of their own."""

UNSEEN = {"revokeInvitation", "createPasswordResetLink", "deleteWebhook"}
"""Mutations after which no object shows what they have done."""


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


async def fill(api: Api, size: int) -> Ids:
    """Create at least this number of rows in each list; return what finds them: ids, and parts of names or ids.

    A new list needs a line here, if its rows are not among these.
    """
    products = [await new_product(api.portal, api.partner_id) for _ in range(size)]
    for start in range(0, size, 50):
        lines = ((product, 2 * size + 2) for product in products[start : start + 50])
        await api.approve(await api.order(*lines))
    busy = await api.client(name="Padaria Grande")
    for product in products:
        client = await api.client()
        await api.activation(client, product)
        await api.activation(busy, products[0])
        await api.order((product, 1))
        await api.done("createApiToken", "apiToken { id }", {"name": "script", "permissions": ["CLIENTS_READ"]})
        await _invitation(api)
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
            await add_prices(tx, table_id, ids.number("Product", products[0]), {OrderType.PURCHASE: [tier(1)]})
        assigned = [own.price_table_id, *others]
        await price_tables.assign(tx, api.partner_id, assigned, preselected_id=own.price_table_id)
    hooks = [await _webhook(api) for _ in range(min(size, WEBHOOKS_MAX))]
    await _fill_deliveries(api, str(hooks[0]["webhookId"]), size)
    return {
        "Client": busy,
        "Product": products[0],
        "Partners": text,
        "Documents": f"x-{text}:",
        "Webhook": str(hooks[0]["webhookId"]),
    }


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
    invited = await _invitation(api)
    hook = await _webhook(api)
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
