"""Inputs of all mutations, for objects that many writers change at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

import orjson

from tests import cnpjs
from tests.api import Api

NAMES = ("Aurora", "Boreal", "Cristal", "Dourada")
"""Words of clients' names, which texts of others mention, so that a cancellation erases them there too."""

Given = Mapping[str, object]
"""Input of a mutation."""


@dataclass
class World:
    """Objects of a partner that all of its writers change, by type."""

    api: Api
    vendor: Api
    products: Sequence[str]
    found: dict[str, list[str]] = field(default_factory=dict)

    def any(self, random: Random, type_name: str) -> str:
        """Return one of the objects of the type."""
        return random.choice(self.found[type_name])

    def some(self, random: Random, type_name: str) -> list[str]:
        """Return up to three of the objects of the type, in any order."""
        known = self.found[type_name]
        return random.sample(known, min(3, len(known)))


def key(random: Random) -> str:
    return f"{random.choice(NAMES)}-{random.randrange(10**6)}"


def text(random: Random) -> str:
    return " ".join(random.sample(NAMES, 2))


def _name(random: Random) -> str:
    return f"Padaria {random.choice(NAMES)}"


def _documents(random: Random) -> list[str]:
    return [f"x-{name}:role" for name in random.sample(NAMES, 3)]


def _license(world: World, random: Random) -> Given:
    return {
        "clientId": world.any(random, "Client"),
        "productId": random.choice(world.products),
        "activationKey": key(random),
        "note": text(random),
    }


def _move(world: World, random: Random) -> Given:
    return {
        "activationId": world.any(random, "Activation"),
        "toClientId": world.any(random, "Client"),
        "activationKey": key(random),
    }


def _order(world: World, random: Random) -> Given:
    items = [{"productId": product, "quantity": 2} for product in random.sample(world.products, len(world.products))]
    return {"type": random.choice(["PURCHASE", "ADDITIONAL_SEATS"]), "items": items, "note": text(random)}


def _sheet(_: World, random: Random) -> Given:
    known = random.sample(SHARED_CNPJS, len(SHARED_CNPJS))
    return {"content": "CNPJ;Razão Social\n" + "".join(f"{cnpj};{_name(random)}\n" for cnpj in known)}


def _of(name: str, type_name: str, **more: object) -> Callable[[World, Random], Given]:
    return lambda world, random: {name: world.any(random, type_name), **more}


SHARED_CNPJS = [cnpjs.another() for _ in range(4)]

OF_PARTNER: Mapping[str, Callable[[World, Random], Given]] = {
    "registerClient": lambda _, random: {"cnpj": random.choice(SHARED_CNPJS), "name": _name(random)},
    "importClients": _sheet,
    "updateClient": lambda world, random: {"clientId": world.any(random, "Client"), "name": _name(random)},
    "cancelClient": lambda world, random: {"clientId": world.any(random, "Client"), "reason": text(random)},
    "createExport": lambda _, __: {"list": {"clients": {}}},
    "activateLicense": _license,
    "activateLicenses": lambda world, random: {"items": [_license(world, random) for _ in range(3)]},
    "cancelActivation": lambda world, random: {
        "activationId": world.any(random, "Activation"),
        "reason": text(random),
    },
    "cancelActivations": lambda world, random: {
        "activationIds": world.some(random, "Activation"),
        "mode": _mode(random),
    },
    "moveActivation": _move,
    "moveActivations": lambda world, random: {"items": [_move(world, random) for _ in range(3)], "mode": _mode(random)},
    "updateActivation": lambda world, random: {"activationId": world.any(random, "Activation"), "note": text(random)},
    "updateLicenseStockThreshold": lambda world, random: {
        "productId": random.choice([None, *world.products]),
        "warningBelow": random.randrange(100),
    },
    "createOrder": _order,
    "approveOrder": _of("orderId", "Order"),
    "cancelOrder": lambda world, random: {"orderId": world.any(random, "Order"), "reason": text(random)},
    "createApiToken": lambda _, random: {"name": text(random), "permissions": ["CLIENTS_READ"]},
    "revokeApiToken": _of("apiTokenId", "ApiToken"),
    "updateUser": lambda world, random: {"userId": world.any(random, "User"), "name": text(random)},
    "deactivateUser": _of("userId", "User"),
    "reactivateUser": _of("userId", "User"),
    "inviteUser": lambda _, random: {
        "email": f"{random.choice(NAMES).lower()}@alfa.example",
        "name": "Bia Reis",
        "role": "OPERATOR",
    },
    "revokeInvitation": _of("invitationId", "Invitation"),
    "createPasswordResetLink": _of("userId", "User"),
    "resetSecondFactor": _of("userId", "User"),
    "unlinkIdentity": _of("userId", "User"),
    "createWebhook": lambda _, __: {"url": "https://erp.example/webhooks"},
    "updateWebhook": lambda world, random: {
        "webhookId": world.any(random, "Webhook"),
        "batchSize": random.randrange(1, 9),
    },
    "pauseWebhook": _of("webhookId", "Webhook"),
    "resumeWebhook": _of("webhookId", "Webhook"),
    "rotateWebhookSecret": _of("webhookId", "Webhook", dropFormerKeys=True),
    "deleteWebhook": _of("webhookId", "Webhook"),
    "pingWebhook": _of("webhookId", "Webhook"),
    "redeliver": _of("webhookDeliveryId", "WebhookDelivery"),
    "signOutEverywhere": _of("userId", "User"),
}
"""Input of each mutation of a partner's objects."""


def _mode(random: Random) -> str:
    return random.choice(["ALL_OR_NOTHING", "EACH"])


def _prices(world: World, random: Random) -> list[Given]:
    tier = {"minimumQuantity": 1, "unitMonthlyPrice": str(random.randrange(50, 60)), "unitSetupFee": "10.00"}
    return [
        {"productId": product, "orderType": "PURCHASE", "tiers": [tier]}
        for product in random.sample(world.products, len(world.products))
    ]


def _product_sheet(_: World, random: Random) -> Given:
    codes = random.sample(NAMES, 3)
    lines = "".join(f"{code.upper()};{_name(random)};2\n" for code in codes)
    return {"content": f"codigo;nome;usuarios_incluidos\n{lines}"}


OF_VENDOR: Mapping[str, Callable[[World, Random], Given]] = {
    "createPartner": lambda _, random: {
        "name": _name(random),
        "cnpj": random.choice(SHARED_CNPJS),
        "manager": {"email": f"{uuid4()}@alfa.example", "name": "Bia"},
    },
    "updatePartner": lambda world, random: {
        "partnerId": world.any(random, "Partner"),
        "contacts": [{"name": _name(random)}],
    },
    "erasePartnerContacts": _of("partnerId", "Partner"),
    "suspendPartner": lambda world, random: {"partnerId": world.any(random, "Partner"), "reason": text(random)},
    "reinstatePartner": _of("partnerId", "Partner"),
    "closePartner": _of("partnerId", "Partner"),
    "setPartnerPolicy": lambda world, random: {
        "partnerId": world.any(random, "Partner"),
        "stockWarningBelow": random.randrange(100),
    },
    "createProduct": lambda _, random: {
        "code": random.choice(NAMES).upper(),
        "name": _name(random),
        "includedSeats": 2,
    },
    "updateProduct": lambda world, random: {"productId": random.choice(world.products), "name": _name(random)},
    "retireProduct": lambda world, random: {"productId": random.choice(world.products)},
    "reinstateProduct": lambda world, random: {"productId": random.choice(world.products)},
    "importProducts": _product_sheet,
    "createPriceTable": lambda _, random: {"name": text(random)},
    "renamePriceTable": lambda world, random: {
        "priceTableId": world.any(random, "PriceTable"),
        "name": f"{text(random)} {random.randrange(3)}",
    },
    "draftPriceTable": lambda world, random: {
        "priceTableId": world.any(random, "PriceTable"),
        "prices": _prices(world, random),
    },
    "importPrices": lambda world, random: {
        "priceTableId": world.any(random, "PriceTable"),
        "content": "produto;tipo;quantidade minima;valor mensal;adesao\n",
    },
    "publishPriceTable": _of("priceTableId", "PriceTable"),
    "discardPriceTableDraft": _of("priceTableId", "PriceTable"),
    "assignPriceTables": lambda world, random: {
        "partnerId": world.any(random, "Partner"),
        "priceTableIds": world.found["PriceTable"],
        "preselectedId": world.any(random, "PriceTable"),
    },
    "registerDocuments": lambda _, random: {
        "manifest": orjson.dumps(dict.fromkeys(_documents(random), "{ viewer { role } }")).decode(),
    },
    "removeDocuments": lambda _, random: {"ids": _documents(random)},
}
"""Input of each mutation that only the vendor's users do."""


CHANGES = {**OF_PARTNER, **OF_VENDOR}
"""Input of each mutation that can be tried again and again, by its name."""
