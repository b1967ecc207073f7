"""Inputs of mutations that are not refused; each function creates what its mutation needs for a partner."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from db import identities
from db.identities import IdentifiedUser
from domain.access import Role
from resolvers import ids
from tests import cnpjs
from tests.api import Api
from tests.factories import add_app, add_user, new_product, new_products
from tests.units import writing

Given = Mapping[str, object]
"""Input of a mutation."""


async def new_client(_: Api) -> Given:
    return {"cnpj": cnpjs.another(), "name": "Padaria", "city": "Olinda"}


async def sheet(api: Api, rows: int = 2) -> Given:
    known = cnpjs.another()
    await api.client(cnpj=known)
    lines = "".join(f"{cnpjs.another()};Padaria {number}\n" for number in range(rows))
    return {"content": f"CNPJ;Razão Social\n{known};Padaria\n{lines}"}


async def client(api: Api) -> Given:
    return {"clientId": await api.client(), "name": "Mercearia"}


async def client_of_products(api: Api, products: int = 2) -> Given:
    bought = await new_products(api.portal, api.partner_id, products)
    for order_type in ("PURCHASE", "ADDITIONAL_SEATS"):
        await api.approve(await api.order(*((product, 3) for product in bought), type=order_type))
    client = await api.client()
    wanted = {"clientId": client, "activationKey": "KEY-1", "additionalSeats": 2, "note": "Caixa"}
    await activate(api, [{**wanted, "productId": product} for product in bought])
    return {"clientId": client, "reason": "Fechou"}


async def one_license(api: Api) -> Given:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    return {"clientId": await api.client(), "productId": product, "activationKey": "KEY-1"}


async def activation(api: Api) -> Given:
    wanted = await one_license(api)
    return {"activationId": await api.activation(str(wanted["clientId"]), str(wanted["productId"])), "reason": "Troca"}


async def move(api: Api) -> Given:
    given = await activation(api)
    return {
        "activationId": given["activationId"],
        "toClientId": await api.client(),
        "activationKey": "KEY-2",
        "note": "Troca",
    }


async def noted(api: Api) -> Given:
    given = await activation(api)
    return {"activationId": given["activationId"], "note": "Caixa 2"}


async def stock(api: Api) -> Given:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 2)
    return {"productId": product, "warningBelow": 7}


async def stocks(api: Api, products: int) -> Given:
    bought = await new_products(api.portal, api.partner_id, products)
    await api.approve(await api.order(*((product, 2) for product in bought)))
    return {"warningBelow": 7}


async def licenses(api: Api, products: int = 2) -> Mapping[str, Sequence[Given]]:
    bought = await new_products(api.portal, api.partner_id, products)
    await api.approve(await api.order(*((product, 3) for product in bought)))
    client = await api.client()
    return {"items": [{"clientId": client, "productId": product, "activationKey": "KEY-1"} for product in bought]}


async def activate(api: Api, items: Sequence[Given]) -> list[str]:
    """Activate licenses, and return the ids of their activations."""
    made = await api.done("activateLicenses", "results { activation { id } }", {"items": items})
    return [result["activation"]["id"] for result in made["results"]]


async def activated(api: Api, products: int) -> list[str]:
    given = await licenses(api, products)
    return await activate(api, given["items"])


async def activations(api: Api, products: int = 2) -> Given:
    return {"activationIds": await activated(api, products), "reason": "Troca"}


async def moves(api: Api, products: int = 2) -> Given:
    client, activations = await api.client(), await activated(api, products)
    return {
        "items": [
            {"activationId": activation, "toClientId": client, "activationKey": f"KEY-{number:02}"}
            for number, activation in enumerate(activations)
        ]
    }


async def new_order(api: Api) -> Given:
    product = await new_product(api.portal, api.partner_id)
    table = (await api.data("{ viewer { partner { priceTable { id } } } }"))["viewer"]["partner"]["priceTable"]["id"]
    items = [{"productId": product, "quantity": 2}]
    return {"type": "PURCHASE", "items": items, "note": "Urgente", "priceTableId": table}


async def order(api: Api, products: int = 1) -> Given:
    ordered = await new_products(api.portal, api.partner_id, products)
    return {"orderId": await api.order(*((product, 2) for product in ordered))}


async def new_token(_: Api) -> Given:
    return {"name": "Script", "permissions": ["ORDERS_READ"]}


async def token(api: Api) -> Given:
    made = await api.done("createApiToken", "apiToken { id }", await new_token(api))
    return {"apiTokenId": made["apiToken"]["id"]}


async def user(api: Api) -> Given:
    async with writing(api.portal.database) as tx:
        user_id = await add_user(tx, api.partner_id, role=Role.OPERATOR)
    return {"userId": ids.encode("User", user_id)}


async def named_user(api: Api) -> Given:
    return {**await user(api), "name": "Léo", "role": "VIEWER"}


async def deactivated_user(api: Api) -> Given:
    given = await user(api)
    await api.done("deactivateUser", "user { id }", given)
    return given


async def person(_: Api) -> Given:
    return {"email": f"{uuid4()}@alfa.example", "name": "Bia Reis", "role": "OPERATOR"}


async def invitation(api: Api) -> Given:
    made = await api.done("inviteUser", "invitation { id }", await person(api))
    return {"invitationId": made["invitation"]["id"]}


async def user_with_app(api: Api) -> Given:
    async with writing(api.portal.database) as tx:
        user_id = await add_user(tx, api.partner_id)
        await add_app(tx, api.portal, api.partner_id, user_id)
    return {"userId": ids.encode("User", user_id)}


async def linked_user(api: Api) -> Given:
    given = await user(api)
    user_id = ids.number("User", str(given["userId"]))
    identified = IdentifiedUser(api.partner_id, user_id, Role.OPERATOR, of_vendor=False, points_per_second=None)
    async with writing(api.portal.database) as tx:
        await identities.link(tx, identified, "https://id.example", str(uuid4()), at=api.portal.now())
    return given


async def new_webhook(_: Api) -> Given:
    return {"url": "https://erp.example/webhooks", "batchSize": 2, "selection": "{ message client { id } }"}


async def webhook(api: Api) -> Given:
    made = await api.done("createWebhook", "webhook { id }", await new_webhook(api))
    return {"webhookId": made["webhook"]["id"]}


async def changed_webhook(api: Api) -> Given:
    return {**await webhook(api), "url": "https://erp.example/other", "batchSize": 1, "selection": "{ message }"}


async def paused_webhook(api: Api) -> Given:
    given = await webhook(api)
    await api.done("pauseWebhook", "webhook { id }", given)
    return given


async def delivery(api: Api) -> Given:
    made = await api.done("pingWebhook", "delivery { id }", await webhook(api))
    return {"webhookDeliveryId": made["delivery"]["id"]}
