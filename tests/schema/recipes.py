"""What tests know about each mutation. A new one is described here, with its input in `inputs.py`, and only here.

The tests of idempotency keys, tenants, payloads, texts and statement counts take it from these tables;
`test_recipes.py` names what is missing.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from tests.api import Api
from tests.schema import inputs
from tests.schema.inputs import Given


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


_LICENSE = "activation { id status authorizationCode } licenseStock { activated available }"

MUTATIONS: Mapping[str, Recipe] = {
    "registerClient": Recipe(inputs.new_client, "client { id name city }", {"city": "Recife"}),
    "importClients": Recipe(
        inputs.sheet, "rows { line status client { id name } }", {"content": "CNPJ;Razão Social\n"}, sized=inputs.sheet
    ),
    "updateClient": Recipe(inputs.client, "client { id name }", {"name": "Bazar"}),
    "cancelClient": Recipe(
        inputs.client_of_products,
        "client { id status } cancelledActivations { id } licenseStock { id }",
        {"reason": "Mudou"},
        sized=inputs.client_of_products,
    ),
    "activateLicense": Recipe(inputs.one_license, _LICENSE, {"activationKey": "KEY-9"}),
    "cancelActivation": Recipe(inputs.activation, _LICENSE, {"reason": "Erro"}),
    "moveActivation": Recipe(
        inputs.move, "activation { id } previousActivation { id status } licenseStock { id }", {"note": "Erro"}
    ),
    "updateActivation": Recipe(inputs.noted, "activation { id note } licenseStock { id }", {"note": "Caixa 3"}),
    "updateLicenseStockThreshold": Recipe(
        inputs.stock, "partner { id } licenseStock { id low warningBelow }", {"warningBelow": 8}, sized=inputs.stocks
    ),
    "activateLicenses": Recipe(
        inputs.licenses,
        "results { index status activation { id status authorizationCode } } licenseStock { activated available }",
        {"items": [{"clientId": "another", "productId": "another", "activationKey": "KEY-9"}]},
        sized=inputs.licenses,
    ),
    "cancelActivations": Recipe(
        inputs.activations,
        "results { index status activation { id status } } licenseStock { activated available }",
        {"reason": "Erro"},
        sized=inputs.activations,
    ),
    "moveActivations": Recipe(
        inputs.moves,
        "results { index status activation { id } previousActivation { id status } }",
        {"items": [{"activationId": "another", "toClientId": "another", "activationKey": "KEY-9"}]},
        sized=inputs.moves,
    ),
    "createOrder": Recipe(inputs.new_order, "order { id number status }", {"note": "Com calma"}),
    "approveOrder": Recipe(
        inputs.order, "order { id status } licenseStock { purchased }", {"orderId": "another"}, sized=inputs.order
    ),
    "cancelOrder": Recipe(inputs.order, "order { id status }", {"reason": "Erro"}),
    "createApiToken": Recipe(inputs.new_token, "apiToken { name }"),
    "revokeApiToken": Recipe(inputs.token, "apiToken { id revokedAt }"),
    "updateUser": Recipe(inputs.named_user, "user { name role }"),
    "deactivateUser": Recipe(inputs.user, "user { isActive }"),
    "reactivateUser": Recipe(inputs.deactivated_user, "user { isActive }"),
    "inviteUser": Recipe(inputs.person, "invitation { name role }"),
    "revokeInvitation": Recipe(inputs.invitation, "revokedInvitationId"),
    "createPasswordResetLink": Recipe(inputs.user, "user { isActive }"),
    "resetSecondFactor": Recipe(inputs.user_with_app, "user { hasSecondFactor }"),
    "unlinkIdentity": Recipe(inputs.linked_user, "user { identityLinkedAt }"),
    "createWebhook": Recipe(inputs.new_webhook, "webhook { url state batchSize }"),
    "updateWebhook": Recipe(inputs.changed_webhook, "webhook { url batchSize }"),
    "pauseWebhook": Recipe(inputs.webhook, "webhook { id state }"),
    "resumeWebhook": Recipe(inputs.paused_webhook, "webhook { id state }"),
    "rotateWebhookSecret": Recipe(inputs.webhook, "webhook { id publicKey }"),
    "deleteWebhook": Recipe(inputs.webhook, "deletedWebhookId"),
    "pingWebhook": Recipe(inputs.webhook, "delivery { id status }"),
    "redeliver": Recipe(inputs.delivery, "delivery { id status }"),
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
