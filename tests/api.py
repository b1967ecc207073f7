"""Access to the API in tests: requests through the real HTTP application, and small factories."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from random import getrandbits
from typing import Any
from uuid import uuid4

import httpx
from starlette.types import ASGIApp

from db import access, partners, prices, products
from db.access import NewToken
from db.prices import PriceKey
from domain.access import Permissions, Role, TokenKind
from domain.money import Cents
from domain.orders import OrderType
from domain.prices import Tier
from resolvers import ids
from resolvers.access import new_secret
from resolvers.partners import NewVendor, vendor_id
from resolvers.portal import Portal
from tests import cnpjs
from tests.units import writing

Json = Any
"""Body of a response; a test that misreads it fails."""


class RefusedError(AssertionError):
    """A mutation that a factory relies on was refused."""


@dataclass(frozen=True, slots=True)
class Api:
    """Caller: a user of a partner, or anonymous without a token."""

    http: httpx.AsyncClient
    portal: Portal
    partner_id: int = 0
    user_id: int = 0
    token: str | None = None
    language: str = "en"

    async def post(self, query: str, **variables: object) -> Json:
        """Return the whole body of the response."""
        headers = {"Accept-Language": self.language, "Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        # Escaped, so that a test can send a lone surrogate, which UTF-8 does not have.
        body = json.dumps({"query": query, "variables": variables})
        response = await self.http.post("/graphql", content=body, headers=headers)
        return response.json()

    async def data(self, query: str, **variables: object) -> Json:
        """Return the data of a response without errors."""
        body = await self.post(query, **variables)
        assert "errors" not in body, body
        return body["data"]

    async def error(self, query: str, **variables: object) -> Json:
        """Return the only error of a response."""
        (error,) = (await self.post(query, **variables))["errors"]
        return error

    async def mutate(self, name: str, selection: str, given: Mapping[str, object]) -> Json:
        """Return the payload of a mutation with an input, with all fields of its userErrors."""
        type_name = f"{name[0].upper()}{name[1:]}Input!"
        errors = """userErrors { __typename code message path
            ... on OutOfStockError { product { id } requested available }
            ... on OrderTransitionError { from to }
            ... on PriceChangedError { expected actual } }"""
        query = f"mutation ($input: {type_name}) {{ {name}(input: $input) {{ {selection} {errors} }} }}"
        return (await self.data(query, input=given))[name]

    async def done(self, name: str, selection: str, given: Mapping[str, object]) -> Json:
        """Return the payload of a mutation that is not refused."""
        payload = await self.mutate(name, selection, given)
        if payload["userErrors"]:
            raise RefusedError(payload["userErrors"])
        return payload

    async def codes(self, name: str, given: Mapping[str, object]) -> list[str]:
        """Return the codes of a mutation's userErrors."""
        return [error["code"] for error in (await self.mutate(name, "__typename", given))["userErrors"]]

    async def client(self, **details: object) -> str:
        """Create a client, and return its id."""
        given = {"cnpj": cnpjs.another(), "name": "Padaria São João"} | details
        payload = await self.done("registerClient", "client { id }", given)
        return str(payload["client"]["id"])

    async def order(self, *items: tuple[str, int], **given: object) -> str:
        """Create a pending order of these products and quantities, and return its id."""
        lines = [{"productId": product, "quantity": quantity} for product, quantity in items]
        payload = await self.done("createOrder", "order { id }", {"type": "PURCHASE", "items": lines} | given)
        return str(payload["order"]["id"])

    async def approve(self, order: str) -> Json:
        """Approve an order, and return the payload."""
        return await self.mutate(
            "approveOrder", "order { id status } licenseStock { id purchased available }", {"orderId": order}
        )

    async def buy(self, product: str, quantity: int, *, seats: int = 0) -> None:
        """Add licenses and additional seats of a product to the partner's stock."""
        await self.approve(await self.order((product, quantity)))
        if seats:
            await self.approve(await self.order((product, seats), type="ADDITIONAL_SEATS"))

    async def activation(self, client: str, product: str, **given: object) -> str:
        """Create an activation, and return its id."""
        wanted = {"clientId": client, "productId": product, "activationKey": str(uuid4())} | given
        payload = await self.done("activateLicense", "activation { id }", wanted)
        return str(payload["activation"]["id"])

    async def stock(self, product: str) -> Json:
        """Return the counters of a product in the partner's stock."""
        query = """query ($product: ID!) { licenseStock(productId: $product) {
            id purchased bonus activated available
            additionalSeatsTotal additionalSeatsAllocated additionalSeatsAvailable } }"""
        (stock,) = (await self.data(query, product=product))["licenseStock"]
        return stock


def transport(app: ASGIApp) -> httpx.ASGITransport:
    """Return a transport with a client address of its own, since failed sign-ins are counted by address."""
    return httpx.ASGITransport(app, client=(address(), 50_000))


def address() -> str:
    """Return an address that no other caller has."""
    return str(IPv4Address(10 << 24 | getrandbits(24)))


async def new_partner(portal: Portal, *, name: str = "Alfa") -> int:
    """Create a partner with an empty price table, and return its id."""
    async with writing(portal.database) as tx:
        partner_id = await partners.create(tx, name=name, cnpj=cnpjs.another())
        assert partner_id is not None
        await prices.create_table(tx, partner_id, "Pauta")
    return partner_id


async def new_vendor(portal: Portal) -> int:
    """Return the id of the vendor, which all tests of a database share."""
    async with writing(portal.database) as tx:
        return await vendor_id(tx, NewVendor("Grupo Moderniza", cnpjs.VENDOR))


async def new_product(
    portal: Portal, partner_id: int, *, included_seats: int = 2, tiers: Mapping[OrderType, list[Tier]] | None = None
) -> str:
    """Create a product with a price for the partner, and return its id."""
    flat = [tier(1)]
    priced = tiers or {OrderType.PURCHASE: flat, OrderType.ADDITIONAL_SEATS: flat}
    async with writing(portal.database) as tx:
        code = uuid4().hex
        product_id = await products.put(tx, code=code, name="Moderniza Completo", included_seats=included_seats)
        table = await prices.table_of(tx, partner_id)
        keyed = {PriceKey(product_id, order_type): of_type for order_type, of_type in priced.items()}
        await prices.replace_tiers(tx, partner_id, table.id, keyed)
    return ids.encode("Product", product_id)


def tier(minimum: int, *, monthly: int = 100_00, setup: int = 50_00, bonus: int = 0) -> Tier:
    """Return a tier; its prices are in cents."""
    return Tier(
        minimum_quantity=minimum,
        unit_monthly_price=Cents(monthly),
        unit_setup_fee=Cents(setup),
        bonus_quantity=bonus,
    )


async def new_caller(
    http: httpx.AsyncClient,
    portal: Portal,
    partner_id: int,
    *,
    role: Role = Role.MANAGER,
    chosen: Permissions | None = None,
    kind: TokenKind = TokenKind.SESSION,
    expires_at: datetime | None = None,
    password_hash: str = "none",  # noqa: S107 — no password has it.
    email: str | None = None,
) -> Api:
    """Create a user of the partner with a token that has all permissions of the role, or the chosen ones."""
    secret = new_secret(kind)
    async with writing(portal.database) as tx:
        user_id = await access.create_user(
            tx,
            partner_id,
            email=email or f"{uuid4()}@alfa.example",
            name="Ana",
            role=role,
            password_hash=password_hash,
        )
        assert user_id is not None
        new = NewToken(user_id, kind, "test", secret.prefix, secret.digest, chosen, expires_at)
        await access.add_token(tx, partner_id, new, at=portal.now())
    return Api(http, portal, partner_id, user_id, secret.secret)


async def with_tokens(api: Api, number: int, *, expires_at: datetime | None = None) -> Api:
    """Create a user of the partner with this number of API tokens, which work until they expire."""
    caller = await new_caller(api.http, api.portal, api.partner_id)
    async with writing(api.portal.database) as tx:
        for secret in [new_secret(TokenKind.API) for _ in range(number)]:
            new = NewToken(caller.user_id, TokenKind.API, "test", secret.prefix, secret.digest, None, expires_at)
            await access.add_token(tx, api.partner_id, new, at=api.portal.now())
    return caller
