"""Any sequence of orders, approvals, activations, moves and cancellations keeps the stock and its ledger consistent."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.doctor.checks import examine_rows
from db.engine import Database
from db.tables import license_stock, stock_movements
from domain.orders import OrderType
from resolvers import ids
from resolvers.portal import Portal
from tests.api import Api, serving
from tests.executors import BATCHED
from tests.factories import new_caller, new_partner, new_product, tier
from tests.units import fetch_all, reading

COUNTERS = ("purchased", "bonus", "activated", "additional_seats_total", "additional_seats_allocated")
TIERS = {
    OrderType.PURCHASE: [tier(1), tier(3, bonus=1)],
    OrderType.ADDITIONAL_SEATS: [tier(1), tier(4, bonus=2)],
}

step = st.tuples(
    st.sampled_from(["order", "seats", "approve", "cancel order", "client", "activate", "cancel", "move", "leave"]),
    st.integers(0, 99),
    st.integers(0, 5),
)


@dataclass
class Partner:
    """Objects that a partner has created so far; a step chooses among them, ended ones too."""

    api: Api
    products: list[str]
    clients: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    activations: list[str] = field(default_factory=list)
    keys: int = 0

    async def take(self, doing: str, chosen: int, amount: int) -> None:
        """Take one step, which the portal may refuse."""
        steps: dict[str, Callable[[int, int], Awaitable[None]]] = {
            "order": self._order,
            "seats": self._seats,
            "approve": lambda which, _: self._end("approveOrder", "orderId", self.orders, which),
            "cancel order": lambda which, _: self._end("cancelOrder", "orderId", self.orders, which),
            "client": self._client,
            "activate": self._activate,
            "cancel": lambda which, _: self._end("cancelActivation", "activationId", self.activations, which),
            "move": self._move,
            "leave": lambda which, _: self._end("cancelClient", "clientId", self.clients, which),
        }
        await steps[doing](chosen, amount)

    async def _order(self, chosen: int, amount: int, order_type: str = "PURCHASE") -> None:
        lines = [{"productId": _one(self.products, chosen), "quantity": amount}]
        await self._make("createOrder", "order", self.orders, {"type": order_type, "items": lines})

    async def _seats(self, chosen: int, amount: int) -> None:
        await self._order(chosen, amount, "ADDITIONAL_SEATS")

    async def _client(self, _chosen: int, _amount: int) -> None:
        self.clients.append(await self.api.client())

    async def _activate(self, chosen: int, amount: int) -> None:
        if self.clients:
            given = {"clientId": _one(self.clients, chosen), "productId": _one(self.products, chosen // 7)}
            given |= self._key(chosen)
            await self._make("activateLicense", "activation", self.activations, given | {"additionalSeats": amount})

    async def _move(self, chosen: int, amount: int) -> None:
        if self.activations:
            given = {"activationId": _one(self.activations, chosen), "toClientId": _one(self.clients, amount)}
            await self._make("moveActivation", "activation", self.activations, given | self._key(chosen))

    def _key(self, chosen: int) -> dict[str, str]:
        # Sometimes a key is repeated, which is refused only while it is in use.
        self.keys += chosen % 4 != 0
        return {"activationKey": f"KEY-{self.keys}"}

    async def _make(self, mutation: str, name: str, made: list[str], given: dict[str, Any]) -> None:
        payload = await self.api.mutate(mutation, f"{name} {{ id }}", given)
        made += [payload[name]["id"]] if payload[name] else []

    async def _end(self, mutation: str, argument: str, among: list[str], chosen: int) -> None:
        if among:
            await self.api.codes(mutation, {argument: _one(among, chosen)})


def _one(among: list[str], chosen: int) -> str:
    return among[chosen % len(among)]


async def _check(partner: Partner, database: Database) -> None:
    columns = [license_stock.c[name] for name in ("product_id", *COUNTERS)]
    summed = [sa.func.sum(stock_movements.c[name]) for name in COUNTERS]
    mine = license_stock.c.partner_id == partner.api.partner_id
    ledger = sa.select(stock_movements.c.product_id, *summed).where(
        stock_movements.c.partner_id == partner.api.partner_id
    )
    async with reading(database) as connection:
        stock = {row[0]: tuple(row[1:]) for row in await fetch_all(connection, sa.select(*columns).where(mine))}
        rows = await fetch_all(connection, ledger.group_by(stock_movements.c.product_id))
        assert stock == {row[0]: tuple(row[1:]) for row in rows}
    for product in partner.products:
        if ids.number("Product", product) in stock:
            seen = await partner.api.stock(product)
            assert seen["available"] == seen["purchased"] + seen["bonus"] - seen["activated"] >= 0
            assert seen["additionalSeatsAvailable"] >= 0
            query = """query ($p: ID!) { activations(first: 100, filter: {productId: $p, status: [ACTIVE]}) {
                nodes { additionalSeats } } }"""
            active = (await partner.api.data(query, p=product))["activations"]["nodes"]
            assert len(active) == seen["activated"]
            assert sum(each["additionalSeats"] for each in active) == seen["additionalSeatsAllocated"]


async def _run(url: str, steps: list[tuple[str, int, int]]) -> None:
    database = Database(url)
    portal = Portal(database, secret=b"s" * 32)
    async with serving(portal, BATCHED) as http:
        api = await new_caller(http, portal, await new_partner(portal))
        products = [await new_product(portal, api.partner_id, tiers=TIERS) for _ in range(2)]
        partner = Partner(api, products)
        # Without licenses, seats and activations that have both, most steps do nothing.
        for product in products:
            await api.buy(product, 6, seats=8)
        for doing in ("client", "client"):
            await partner.take(doing, 0, 0)
        for chosen in (1, 2, 9, 10):
            await partner.take("activate", chosen, 2)
        for doing, chosen, amount in steps:
            await partner.take(doing, chosen, amount)
            await _check(partner, database)
    # Each active activation has exactly one license, each cancelled one none, and cancelled clients are erased.
    assert await database.read(examine_rows) == []
    await database.close()


@given(steps=st.lists(step, min_size=5, max_size=25))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_whatever_is_done_stock_ledger_and_activations_agree(url: str, steps: list[tuple[str, int, int]]) -> None:
    asyncio.run(_run(url, steps))
