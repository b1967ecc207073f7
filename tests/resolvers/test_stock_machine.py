"""Any sequence of orders, approvals, activations, moves and cancellations keeps the stock and its ledger consistent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.engine import Connection, Database
from db.tables import license_stock, stock_movements
from domain.orders import OrderType
from resolvers import ids
from tests.api import Api
from tests.factories import new_caller, new_partner, new_products, tier
from tests.resolvers.machines import begun
from tests.units import Found, compiled

COUNTERS = ("purchased", "bonus", "activated", "additional_seats_total", "additional_seats_allocated")
TIERS = {
    OrderType.PURCHASE: [tier(1), tier(3, bonus=1)],
    OrderType.ADDITIONAL_SEATS: [tier(1), tier(4, bonus=2)],
}

_MINE: sa.BindParameter[int] = sa.bindparam("partner")
_STOCK = compiled(
    sa.select(*(license_stock.c[name] for name in ("product_id", *COUNTERS))).where(license_stock.c.partner_id == _MINE)
)
_LEDGER = compiled(
    sa.select(stock_movements.c.product_id, *(sa.func.sum(stock_movements.c[name]) for name in COUNTERS))
    .where(stock_movements.c.partner_id == _MINE)
    .group_by(stock_movements.c.product_id)
)
_SHOWN = """query ($one: ID!, $other: ID!) {
    licenseStock {
        product { id } purchased bonus activated available additionalSeatsAllocated additionalSeatsAvailable
    }
    one: activations(first: 100, filter: { productId: $one, status: [ACTIVE] }) { nodes { additionalSeats } }
    other: activations(first: 100, filter: { productId: $other, status: [ACTIVE] }) { nodes { additionalSeats } } }"""

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
    given = {"partner": partner.api.partner_id}

    async def read(connection: Connection) -> tuple[Found, Found]:
        return list(await connection.fetch(_STOCK, given)), list(await connection.fetch(_LEDGER, given))

    stock, ledger = await database.read(read)
    assert {row[0]: tuple(row[1:]) for row in stock} == {row[0]: tuple(row[1:]) for row in ledger}
    one, other = partner.products
    found = await partner.api.data(_SHOWN, one=one, other=other)
    shown = {each["product"]["id"]: each for each in found["licenseStock"]}
    assert {ids.number("Product", product) for product in shown} == {row[0] for row in stock}
    for product, name in ((one, "one"), (other, "other")):
        if product in shown:
            seen = shown[product]
            assert seen["available"] == seen["purchased"] + seen["bonus"] - seen["activated"] >= 0
            assert seen["additionalSeatsAvailable"] >= 0
            active = found[name]["nodes"]
            assert len(active) == seen["activated"]
            assert sum(each["additionalSeats"] for each in active) == seen["additionalSeatsAllocated"]


@given(steps=st.lists(step, min_size=5, max_size=25))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
async def test_whatever_is_done_stock_ledger_and_activations_agree(
    database_of_module: Database, steps: list[tuple[str, int, int]]
) -> None:
    async with begun(database_of_module) as (http, portal, _):
        api = await new_caller(http, portal, await new_partner(portal))
        partner = Partner(api, await new_products(portal, api.partner_id, 2, tiers=TIERS))
        # Without licenses, seats and activations that have both, most steps do nothing.
        for order_type, number in (("PURCHASE", 6), ("ADDITIONAL_SEATS", 8)):
            lines = ((product, number) for product in partner.products)
            await api.approve(await api.order(*lines, type=order_type))
        for doing in ("client", "client"):
            await partner.take(doing, 0, 0)
        for chosen in (1, 2, 9, 10):
            await partner.take("activate", chosen, 2)
        for doing, chosen, amount in steps:
            await partner.take(doing, chosen, amount)
            await _check(partner, database_of_module)
