"""Access to the API in tests: requests through the real HTTP application."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.engine import deadline
from resolvers import ids
from resolvers.portal import Portal
from server.app import create_app
from server.graphql.documents import Documents
from server.settings import Settings
from tests import cnpjs

_SETTINGS = Settings()

_callers = count(1)

_HOST = "portal.test"
_URL = f"http://{_HOST}"
_HEADERS = {"Host": _HOST, "Accept": "*/*", "Connection": "keep-alive", "User-Agent": "tests"}
_SCOPE: Scope = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "query_string": b"",
    "server": (_HOST, None),
    "root_path": "",
}

Json = Any
"""Body of a response; a test that misreads it fails."""


class Client(httpx.AsyncClient):
    """HTTP client of an application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app = _without_trace(app)
        self._to_app = transport(app)
        super().__init__(transport=self._to_app, base_url=_URL)

    @property
    def is_observed(self) -> bool:
        """Return whether a test looks at each response."""
        return any(self.event_hooks.values())

    async def ask(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Send a request to the API, and return the content of the response.

        Requests and responses of httpx take half as much time as the application needs to answer.
        """
        answered = asyncio.Event()
        received = iter([{"type": "http.request", "body": body, "more_body": False}])
        parts: list[bytes] = []

        async def receive() -> Message:
            for message in received:
                return message
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    answered.set()

        sent = {**_HEADERS, **headers, "Content-Length": str(len(body))}
        scope: Scope = {
            **_SCOPE,
            "asgi": {"version": "3.0"},
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": self._to_app.client,
        }
        await self._app(scope, receive, send)
        assert answered.is_set()
        return b"".join(parts)


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

    @property
    def partner(self) -> str:
        """The ID of the caller's partner, as the API has it."""
        return ids.encode("Partner", self.partner_id)

    async def post(self, query: str, **variables: object) -> Json:
        """Return the whole body of the response."""
        headers = {"Accept-Language": self.language, "Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        # Escaped, so that a test can send a lone surrogate, which UTF-8 does not have.
        body = json.dumps({"query": query, "variables": variables})
        if isinstance(self.http, Client) and not self.http.is_observed:
            return json.loads(await self.http.ask(body.encode(), headers))
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


From: TypeAlias = Callable[[str | None], Api]
"""Factory of callers without a token, with that address."""


@asynccontextmanager
async def serving(portal: Portal, documents: Documents) -> AsyncIterator[httpx.AsyncClient]:
    """Yield an HTTP client of the portal's real HTTP application."""
    app = create_app(portal, _SETTINGS, documents=documents)
    async with Client(app) as http:
        yield http


def _without_trace(app: ASGIApp) -> ASGIApp:
    """Return the application so that a request leaves no deadline to the task that sends it.

    A server has a task for each request. Here it is that of a test, whose own work may take longer.
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        before = deadline.current.get()
        try:
            await app(scope, receive, send)
        finally:
            deadline.current.set(before)

    return run


def transport(app: ASGIApp) -> httpx.ASGITransport:
    """Return a transport with a client address of its own, since failed sign-ins are counted by address."""
    return httpx.ASGITransport(app, client=(address(), 50_000))


def address() -> str:
    """Return an address that no other caller has."""
    # An odd factor gives each number another one, in another network than those of its neighbours.
    return str(IPv4Address(10 << 24 | next(_callers) * 0x9E3779 % (1 << 24)))
