"""Any bulk run equals the single mutations one by one, or changes nothing."""

from typing import Any, TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.engine import Database
from resolvers.portal import Portal
from tests.api import Api, Json, serving
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner, new_products

Batch: TypeAlias = list[tuple[int, int, int, int]]
"""Items of a bulk mutation: the client, product, key and seats of each."""

RESULTS = "results { activation { id } userErrors { code path } }"

_item = st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 3), st.integers(0, 2))
ONE = {
    "activateLicenses": "activateLicense",
    "cancelActivations": "cancelActivation",
    "moveActivations": "moveActivation",
}
"""The single mutation of each bulk mutation."""

_batch = st.tuples(st.sampled_from(sorted(ONE)), st.lists(_item, min_size=1, max_size=6))


class Twin:
    """Partner with the same objects as its twins."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.clients: list[str] = []
        self.products: list[str] = []
        self.activations: list[str] = []

    async def begin(self) -> "Twin":
        """Buy few licenses and seats, and activate some."""
        self.products = await new_products(self.api.portal, self.api.partner_id, 2)
        for order_type, number in (("PURCHASE", 4), ("ADDITIONAL_SEATS", 3)):
            lines = ((product, number) for product in self.products)
            await self.api.approve(await self.api.order(*lines, type=order_type))
        self.clients = [await self.api.client() for _ in range(3)]
        await self.api.done("cancelClient", "client { id }", {"clientId": self.clients[2]})
        await self.api.done("cancelClient", "client { id }", {"clientId": await self.api.client()})
        for place in range(2):
            made = await self.api.activation(
                self.clients[place], self.products[place], activationKey=f"KEY-{place}", additionalSeats=1
            )
            self.activations.append(made)
        return self

    def items(self, name: str, batch: Batch) -> list[dict[str, Any]]:
        """Return the inputs for one of each item."""
        made: list[dict[str, Any]] = []
        for client, product, key, seats in batch:
            of_client, of_key = self.clients[client], {"activationKey": f"KEY-{key}"}
            of_activation = {"activationId": self.activations[(key + product) % len(self.activations)]}
            if name == "activateLicenses":
                license_ = {"clientId": of_client, "productId": self.products[product], "additionalSeats": seats}
                made.append({**license_, **of_key})
            elif name == "cancelActivations":
                made.append(of_activation)
            else:
                # With its own client and key, an activation only gets another printer.
                printer = {"ecfSerialNumber": f"EP-{seats}"} if seats else {}
                made.append({**of_activation, "toClientId": of_client, **of_key, **printer})
        return made

    async def one_by_one(self, name: str, items: list[dict[str, Any]]) -> list[Json]:
        """Run the single mutation for each item, and return what is comparable of each."""
        found = []
        for item in items:
            payload = await self.api.mutate(ONE[name], "activation { id }", item)
            found.append([(error["code"], error["path"][-1:]) for error in payload["userErrors"]])
            self._add(name, payload["activation"])
        return found

    async def together(self, name: str, items: list[dict[str, Any]], mode: str) -> list[Json]:
        """Run the bulk mutation, and return what is comparable of each item."""
        of_ids = name == "cancelActivations"
        given = {"activationIds": [item["activationId"] for item in items]} if of_ids else {"items": items}
        payload = await self.api.mutate(name, RESULTS, {"mode": mode, **given})
        for result in payload["results"]:
            self._add(name, result["activation"])
        # The path of an id in a list ends with its index.
        return [
            [(error["code"], ["activationId"] if of_ids else error["path"][-1:]) for error in result["userErrors"]]
            for result in payload["results"]
        ]

    def _add(self, name: str, activation: Json) -> None:
        if activation and not name.startswith("cancel"):
            self.activations.append(activation["id"])

    async def state(self) -> Json:
        """Return all that the mutations change, without ids and times."""
        query = """{ licenseStock { purchased activated available additionalSeatsAllocated
                movements(first: 50) { nodes { type activated additionalSeatsAllocated } } }
            activations(first: 100) { nodes {
                activationKey ecfSerialNumber seats additionalSeats status cancellationReason } }
            events(last: 100) { nodes { type number } } }"""
        found = await self.api.data(query)
        found["activations"]["nodes"].sort(key=repr)
        return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(_batch, min_size=1, max_size=4))
async def test_any_bulk_run_equals_the_single_mutations_or_nothing(
    database: Database, batches: list[tuple[str, Batch]]
) -> None:
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, DOCUMENTS) as http:
        single, each, whole = [
            await Twin(await new_caller(http, portal, await new_partner(portal))).begin() for _ in range(3)
        ]
        for name, batch in batches:
            before = await whole.state()
            refused_together = await whole.together(name, whole.items(name, batch), "ALL_OR_NOTHING")
            in_turn = await single.one_by_one(name, single.items(name, batch))
            assert await each.together(name, each.items(name, batch), "EACH") == in_turn == refused_together
            assert await each.state() == await single.state()
            if any(in_turn):
                assert await whole.state() == before
                await whole.together(name, whole.items(name, batch), "EACH")
            assert await whole.state() == await single.state()
