"""Errors of the server, and the messages of refusals, over HTTP and on both engines."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid4

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from db import price_drafts
from db.engine import Database
from db.tables import price_table_versions
from domain.access import API_TOKENS_MAX, TokenKind
from domain.languages import Language
from domain.orders import OrderType
from domain.refusals import UserErrorCode
from domain.webhooks import WAITING_MAX, WEBHOOKS_MAX
from resolvers import ids
from resolvers.portal import Portal
from tests import cnpjs
from tests.api import Api, serving
from tests.databases import Databases
from tests.executors import DOCUMENTS
from tests.factories import add_app, new_caller, new_partner, new_product, tier, with_tokens
from tests.units import execute, writing


@pytest.fixture
async def broken(engine: str, databases: Databases) -> AsyncIterator[Api]:
    """Manager of a portal whose database lacks a table."""
    database = Database(databases.migrated(engine))
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, DOCUMENTS) as http:
        caller = await new_caller(http, portal, await new_partner(portal))
        async with writing(database) as tx:
            await execute(tx, sa.text("ALTER TABLE clients RENAME TO lost"))
        yield caller
    await database.close()


async def test_an_unexpected_error_is_masked_and_logged_without_values(broken: Api) -> None:
    name, cnpj = "Padaria Segredo", cnpjs.another()
    query = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { client { id } } }"

    with capture_logs() as lines:
        body = await broken.post(query, input={"cnpj": cnpj, "name": name})

    (error,) = body["errors"]
    request_id = error["extensions"]["requestId"]
    assert error["extensions"] == {"code": "INTERNAL", "requestId": request_id}
    assert error["path"] == ["registerClient"]
    assert "clients" not in error["message"]
    logged = [line for line in lines if line["event"] == "unexpected error"]
    assert [(line["request_id"], line["log_level"]) for line in logged] == [(request_id, "error")]
    assert not [value for value in (name, "Segredo", cnpj, broken.token) if str(value) in str(lines)]


async def test_what_did_not_fail_is_answered_beside_what_did(broken: Api) -> None:
    body = await broken.post('{ viewer { role } products { id } client(id: "Q2xpZW50OjE") { id } }')

    assert body["data"] == {"viewer": {"role": "MANAGER"}, "products": [], "client": None}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["INTERNAL"]


@pytest.mark.parametrize(
    "query", ["{ products { id } }", 'mutation { cancelOrder(input: {orderId: "a"}) { order { id } } }']
)
async def test_a_database_out_of_reach_is_unavailable(api: Api, query: str) -> None:
    await api.data("{ viewer { role } }")
    working, api.portal.database = api.portal.database, Database("postgresql+asyncpg://portal@127.0.0.1:1/portal")

    body = await api.post(query)

    api.portal.database = working
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAVAILABLE"]
    assert "127.0.0.1" not in json.dumps(body)


class Refused(NamedTuple):
    """Mutation that is refused."""

    name: str
    given: Mapping[str, object]
    caller: Api | None = None
    """Caller of the mutation; any manager if None."""


async def of_partners(api: Api, vendor: Api, product: str) -> dict[UserErrorCode, Refused]:
    """Mutation for each code about a partner, which is refused with it."""
    managers = {
        name: await new_caller(api.http, api.portal, await new_partner(api.portal))
        for name in ("suspendPartner", "closePartner", "setPartnerPolicy")
    }
    named = {name: {"partnerId": ids.encode("Partner", each.partner_id)} for name, each in managers.items()}
    priced = await new_product(api.portal, managers["setPartnerPolicy"].partner_id)
    order = await managers["setPartnerPolicy"].order((priced, 1))
    settings: Mapping[str, Mapping[str, object]] = {
        "suspendPartner": {"reason": "inadimplência"},
        "closePartner": {},
        "setPartnerPolicy": {"fourEyes": True},
    }
    for name, setting in settings.items():
        await vendor.done(name, "partner { id }", {**named[name], **setting})
    wanted = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 1}]}
    own = {"partnerId": ids.encode("Partner", api.partner_id)}
    manager = {"name": "Rita", "email": "rita@gama.example"}
    return {
        UserErrorCode.PARTNER_SUSPENDED: Refused("createOrder", wanted, managers["suspendPartner"]),
        UserErrorCode.PARTNER_CLOSED: Refused("createOrder", wanted, managers["closePartner"]),
        UserErrorCode.PARTNER_TRANSITION: Refused("reinstatePartner", own, vendor),
        UserErrorCode.PARTNER_IN_USE: Refused("closePartner", own, vendor),
        UserErrorCode.PARTNER_HAS_USERS: Refused("updatePartner", own | {"manager": manager}, vendor),
        UserErrorCode.REFUSED_BY_POLICY: Refused("approveOrder", {"orderId": order}, managers["setPartnerPolicy"]),
    }


async def of_price_tables(vendor: Api, product: str) -> dict[UserErrorCode, Refused]:
    """Mutation for each code about a price table, which is refused with it."""
    new = {"name": uuid4().hex}
    tables = [
        (await vendor.done("createPriceTable", "priceTable { id }", {"name": name}))["priceTable"]["id"]
        for name in (new["name"], uuid4().hex)
    ]
    undrafted, incomplete = [{"priceTableId": table} for table in tables]
    only_many = [{"minimumQuantity": 10, "unitMonthlyPrice": "1.00", "unitSetupFee": "1.00"}]
    prices = [{"productId": product, "orderType": "PURCHASE", "tiers": only_many}]
    await vendor.done("draftPriceTable", "priceTable { id }", incomplete | {"prices": prices})
    outdated = {"priceTableId": await _outdated(vendor, product)}
    copied = incomplete | {"prices": prices, "copyOfVersion": 1}
    return {
        UserErrorCode.PRICE_TABLE_HAS_DRAFT: Refused("draftPriceTable", copied, vendor),
        UserErrorCode.PRICE_TABLE_DRAFT_OUTDATED: Refused("publishPriceTable", outdated, vendor),
        UserErrorCode.PRICE_TABLE_NAME_IN_USE: Refused("createPriceTable", new, vendor),
        UserErrorCode.NO_PRICE_TABLE_DRAFT: Refused("publishPriceTable", undrafted, vendor),
        UserErrorCode.PRICE_TABLE_INCOMPLETE: Refused("publishPriceTable", incomplete, vendor),
    }


async def _outdated(vendor: Api, product: str) -> str:
    """Return a price table whose draft is no copy of the version that began meanwhile."""
    table = str((await vendor.done("createPriceTable", "priceTable { id }", {"name": uuid4().hex}))["priceTable"]["id"])
    tiers = [{"minimumQuantity": 1, "unitMonthlyPrice": "1.00", "unitSetupFee": "1.00"}]
    drafted = {"priceTableId": table, "prices": [{"productId": product, "orderType": "PURCHASE", "tiers": tiers}]}
    for _ in range(2):
        await vendor.done("draftPriceTable", "priceTable { id }", drafted)
        await vendor.done("publishPriceTable", "priceTable { id }", {"priceTableId": table})
    async with writing(vendor.portal.database) as tx:
        version_id = await price_drafts.create(tx, ids.number("PriceTable", table), at=vendor.portal.now())
        draft = sa.update(price_table_versions).where(price_table_versions.c.id == version_id)
        await execute(tx, draft.values(copy_of=1))
    return table


async def of_products(vendor: Api) -> dict[UserErrorCode, Refused]:
    """Mutation for each code about a product, which is refused with it."""
    new = {"code": uuid4().hex, "name": "Gama", "includedSeats": 1}
    made = await vendor.done("createProduct", "product { id }", new)
    retired = {"productId": made["product"]["id"]}
    await vendor.done("retireProduct", "product { id }", retired)
    return {
        UserErrorCode.PRODUCT_RETIRED: Refused(
            "createOrder", {"type": "PURCHASE", "items": [{**retired, "quantity": 1}]}
        ),
        UserErrorCode.PRODUCT_CODE_IN_USE: Refused("createProduct", new, vendor),
    }


async def of_documents(vendor: Api) -> dict[UserErrorCode, Refused]:
    """Mutation for each code about a document, which is refused with it."""
    document_id = f"x-test:{uuid4().hex}"
    texts = [json.dumps({document_id: text}) for text in ("{ viewer { role } }", "{ __typename }")]
    await vendor.done("registerDocuments", "registeredCount", {"manifest": texts[0]})
    return {UserErrorCode.DOCUMENT_ID_IN_USE: Refused("registerDocuments", {"manifest": texts[1]}, vendor)}


async def of_users(api: Api, vendor: Api) -> dict[UserErrorCode, Refused]:
    """Mutation for each code about a user, which is refused with it."""
    own = {"userId": ids.encode("User", api.user_id)}
    other = await new_caller(api.http, api.portal, await new_partner(api.portal))
    last = {"userId": ids.encode("User", other.user_id), "partnerId": ids.encode("Partner", other.partner_id)}
    gone = {"userId": ids.encode("User", (await new_caller(api.http, api.portal, api.partner_id)).user_id)}
    await api.done("deactivateUser", "user { id }", gone)
    email = (await api.data("{ viewer { user { email } } }"))["viewer"]["user"]["email"]
    password = "um jardim de girassóis"
    return {
        UserErrorCode.OWN_USER: Refused("deactivateUser", own),
        UserErrorCode.LAST_MANAGER: Refused("deactivateUser", last, vendor),
        UserErrorCode.USER_DEACTIVATED: Refused("createPasswordResetLink", gone),
        UserErrorCode.EMAIL_TAKEN: Refused("inviteUser", {"email": email, "name": "Ana", "role": "VIEWER"}),
        UserErrorCode.INVITATION_INVALID: Refused("acceptInvitation", {"secret": "x", "password": password}),
        UserErrorCode.PASSWORD_RESET_INVALID: Refused("resetPassword", {"secret": "x", "newPassword": password}),
        UserErrorCode.MAIL_NOT_CONFIGURED: Refused("requestPasswordReset", {"email": email}),
    }


async def of_second_factors(api: Api) -> dict[UserErrorCode, Refused]:
    """Mutation for each code about a second factor, which is refused with it."""
    enabled = await new_caller(api.http, api.portal, api.partner_id)
    async with writing(api.portal.database) as tx:
        await add_app(tx, api.portal, enabled.partner_id, enabled.user_id)
    return {
        UserErrorCode.INVALID_CODE: Refused("disableTotp", {"code": "1"}, enabled),
        UserErrorCode.SIGN_IN_EXPIRED: Refused("confirmSignIn", {"challenge": "none", "code": "1"}),
        UserErrorCode.SECOND_FACTOR_ENABLED: Refused("confirmTotp", {"code": "1"}, enabled),
        UserErrorCode.SECOND_FACTOR_NOT_ENABLED: Refused("confirmTotp", {"code": "1"}),
    }


async def of_webhooks(api: Api) -> dict[UserErrorCode, Refused]:
    new = {"url": "https://erp.example/webhooks"}
    made = [await api.done("createWebhook", "webhook { id }", new) for _ in range(WEBHOOKS_MAX)]
    webhook = {"webhookId": made[0]["webhook"]["id"]}
    for _ in range(WAITING_MAX):
        await api.done("pingWebhook", "__typename", webhook)
    await api.done("rotateWebhookSecret", "__typename", webhook)
    return {
        UserErrorCode.WEBHOOK_LIMIT: Refused("createWebhook", new),
        UserErrorCode.WEBHOOK_BUSY: Refused("pingWebhook", webhook),
        UserErrorCode.WEBHOOK_KEYS_CHANGING: Refused("rotateWebhookSecret", webhook),
    }


async def refusals(api: Api, vendor: Api) -> dict[UserErrorCode, Refused]:
    """Mutation for each code, which is refused with it."""
    product = await new_product(api.portal, api.partner_id)
    unpriced = await new_product(api.portal, api.partner_id, tiers={OrderType.PURCHASE: [tier(10)]})
    await api.buy(product, 2)
    number = cnpjs.another()
    client, left = await api.client(cnpj=number), await api.client()
    await api.done("cancelClient", "client { id }", {"clientId": left})
    await api.activation(client, product, activationKey="KEY-1")
    ended = await api.activation(client, product, activationKey="KEY-2")
    await api.done("cancelActivation", "activation { id }", {"activationId": ended})
    order = await api.order((product, 1))
    await api.done("cancelOrder", "order { id }", {"orderId": order, "idempotencyKey": "used"})
    license_ = {"clientId": client, "productId": product, "activationKey": "KEY-3"}
    token = {"name": "Script", "permissions": ["ORDERS_READ"]}
    client_ = {"cnpj": cnpjs.another(), "name": "Padaria"}

    def ordered(*items: tuple[str, int], **given: object) -> Refused:
        lines = [{"productId": each, "quantity": quantity} for each, quantity in items]
        return Refused("createOrder", {"type": "PURCHASE", "items": lines} | given)

    return {
        **await of_partners(api, vendor, product),
        **await of_products(vendor),
        **await of_documents(vendor),
        **await of_price_tables(vendor, product),
        **await of_users(api, vendor),
        **await of_second_factors(api),
        **await of_webhooks(api),
        UserErrorCode.INVALID_INPUT: Refused("registerClient", client_ | {"name": " "}),
        UserErrorCode.INVALID_CNPJ: Refused("registerClient", client_ | {"cnpj": "1"}),
        UserErrorCode.NOT_FOUND: Refused("approveOrder", {"orderId": "nothing"}),
        UserErrorCode.DUPLICATE_PRODUCT: ordered((product, 1), (product, 1)),
        UserErrorCode.PRODUCT_NOT_PRICED: ordered((unpriced, 1)),
        UserErrorCode.PRODUCT_NOT_IN_STOCK: ordered(
            (await new_product(api.portal, api.partner_id), 1), type="ADDITIONAL_SEATS"
        ),
        UserErrorCode.INVALID_CREDENTIALS: Refused("signIn", {"email": f"{number}@a.example", "password": "a"}),
        UserErrorCode.CNPJ_ALREADY_REGISTERED: Refused("registerClient", client_ | {"cnpj": number}),
        UserErrorCode.ACTIVATION_KEY_IN_USE: Refused("activateLicense", license_ | {"activationKey": "key-1"}),
        UserErrorCode.CLIENT_CANCELLED: Refused("activateLicense", license_ | {"clientId": left}),
        UserErrorCode.ACTIVATION_CANCELLED: Refused("cancelActivation", {"activationId": ended}),
        UserErrorCode.IDEMPOTENCY_CONFLICT: Refused("cancelOrder", {"orderId": "nothing", "idempotencyKey": "used"}),
        UserErrorCode.OUT_OF_STOCK: Refused("activateLicense", license_ | {"productId": unpriced}),
        UserErrorCode.OUT_OF_SEATS: Refused("activateLicense", license_ | {"additionalSeats": 1}),
        UserErrorCode.ORDER_TRANSITION: Refused("approveOrder", {"orderId": order}),
        UserErrorCode.COUNT_CHANGED: Refused("cancelActivations", {"filter": {}, "expectedCount": 100}),
        UserErrorCode.PRICE_CHANGED: ordered((product, 1), expectedTotal="1.00"),
        UserErrorCode.SESSION_REQUIRED: Refused(
            "createApiToken", token, await new_caller(api.http, api.portal, api.partner_id, kind=TokenKind.API)
        ),
        UserErrorCode.API_TOKEN_LIMIT: Refused("createApiToken", token, await with_tokens(api, API_TOKENS_MAX)),
    }


TYPES = {
    UserErrorCode.OUT_OF_STOCK: "OutOfStockError",
    UserErrorCode.OUT_OF_SEATS: "OutOfStockError",
    UserErrorCode.ORDER_TRANSITION: "OrderTransitionError",
    UserErrorCode.PRICE_CHANGED: "PriceChangedError",
    UserErrorCode.COUNT_CHANGED: "CountChangedError",
    UserErrorCode.CNPJ_ALREADY_REGISTERED: "ConflictError",
    UserErrorCode.ACTIVATION_KEY_IN_USE: "ConflictError",
    UserErrorCode.CLIENT_CANCELLED: "ConflictError",
    UserErrorCode.ACTIVATION_CANCELLED: "ConflictError",
    UserErrorCode.IDEMPOTENCY_CONFLICT: "ConflictError",
    UserErrorCode.SESSION_REQUIRED: "ConflictError",
    UserErrorCode.API_TOKEN_LIMIT: "ConflictError",
    UserErrorCode.WEBHOOK_LIMIT: "ConflictError",
    UserErrorCode.WEBHOOK_BUSY: "ConflictError",
    UserErrorCode.WEBHOOK_KEYS_CHANGING: "ConflictError",
    UserErrorCode.DOCUMENT_ID_IN_USE: "ConflictError",
    UserErrorCode.PARTNER_CLOSED: "ConflictError",
    UserErrorCode.PARTNER_IN_USE: "ConflictError",
    UserErrorCode.PARTNER_HAS_USERS: "ConflictError",
    UserErrorCode.PRODUCT_RETIRED: "ConflictError",
    UserErrorCode.PRODUCT_CODE_IN_USE: "ConflictError",
    UserErrorCode.PRICE_TABLE_NAME_IN_USE: "ConflictError",
    UserErrorCode.NO_PRICE_TABLE_DRAFT: "ConflictError",
    UserErrorCode.PRICE_TABLE_DRAFT_OUTDATED: "ConflictError",
    UserErrorCode.PRICE_TABLE_HAS_DRAFT: "ConflictError",
    UserErrorCode.PRICE_TABLE_INCOMPLETE: "ConflictError",
    UserErrorCode.OWN_USER: "ConflictError",
    UserErrorCode.LAST_MANAGER: "ConflictError",
    UserErrorCode.USER_DEACTIVATED: "ConflictError",
    UserErrorCode.EMAIL_TAKEN: "ConflictError",
    UserErrorCode.INVITATION_INVALID: "ConflictError",
    UserErrorCode.PASSWORD_RESET_INVALID: "ConflictError",
    UserErrorCode.MAIL_NOT_CONFIGURED: "ConflictError",
    UserErrorCode.SIGN_IN_EXPIRED: "ConflictError",
    UserErrorCode.SECOND_FACTOR_ENABLED: "ConflictError",
    UserErrorCode.SECOND_FACTOR_NOT_ENABLED: "ConflictError",
    UserErrorCode.PARTNER_SUSPENDED: "PartnerSuspendedError",
    UserErrorCode.PARTNER_TRANSITION: "PartnerTransitionError",
    UserErrorCode.REFUSED_BY_POLICY: "PolicyError",
}
"""Types of errors, unless they are InputError."""


async def test_every_refusal_has_a_sentence_in_both_languages(api: Api, vendor: Api) -> None:
    recipes = await refusals(api, vendor)
    assert set(recipes) == set(UserErrorCode)

    for code, refused in recipes.items():
        messages = set()
        for language in Language:
            caller = replace(refused.caller or api, language=language.value)
            (error,) = (await caller.mutate(refused.name, "__typename", refused.given))["userErrors"]
            assert (error["code"], error["__typename"]) == (code.value, TYPES.get(code, "InputError"))
            assert error["message"].endswith(".")
            assert not {"{", "}"} & set(error["message"])
            messages.add(error["message"])
        assert len(messages) == len(Language)


async def test_portuguese_is_spoken_where_no_language_fits(api: Api) -> None:
    caller = replace(api, language="de, fr;q=0.9")

    payload = await caller.mutate("approveOrder", "__typename", {"orderId": "nothing"})

    assert payload["userErrors"][0]["message"] == "Pedido não encontrado."
