"""Changes of what many transactions share: each comes in its turn, however closely those follow each other."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa

from db import actors, partner_changes, price_tables, products
from db.actors import Rights
from db.engine import Database, Transaction
from domain.access import Role
from resolvers import ids
from resolvers.access import viewer_of
from tests.api import Api
from tests.eventually import eventually
from tests.factories import new_caller
from tests.units import fetch_value, reading, writing

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

CALLERS = 8
ORDERS = 150
"""Orders that callers make at most while a change waits; many more than are made when it comes in its turn."""


class World:
    """Partner that orders, and users whom the vendor changes meanwhile."""

    def __init__(self, api: Api, vendor: Api, product: str, table: str) -> None:
        self.api, self.vendor, self.product, self.table = api, vendor, product, table
        self.colleague = api

    async def share_terms(self, tx: Transaction) -> None:
        """Share the terms of the partner."""
        await partner_changes.shared_terms(tx, self.api.partner_id)

    async def share_product(self, tx: Transaction) -> None:
        """Share the product, and one that comes after it."""
        await products.shared(tx, [ids.number("Product", self.product)])

    async def share_table(self, tx: Transaction) -> None:
        """Share the price table that the partner orders by."""
        await price_tables.shared(tx, self.api.partner_id, None)

    async def share_named_table(self, tx: Transaction) -> None:
        """Share the price table by its id."""
        await price_tables.shared(tx, self.api.partner_id, ids.number("PriceTable", self.table))

    async def share_user(self, tx: Transaction) -> None:
        """Share the user who orders."""
        viewer = await viewer_of(self.api.portal, self.api.token or "", None)
        assert viewer is not None
        rights = Rights(viewer.token_id, tuple(Role))
        assert await actors.share(tx, self.api.partner_id, self.api.user_id, rights)

    def order(self) -> Coroutine[Any, Any, list[str]]:
        """Order the product at its price, and return what is refused."""
        items = [{"productId": self.product, "quantity": 1}]
        given = {"type": "PURCHASE", "items": items, "expectedTotal": "150.00"}
        return self.api.codes("createOrder", given)

    async def write(self) -> list[str]:
        """Register a client as the user who orders, and return the codes of errors."""
        query = """mutation ($input: RegisterClientInput!) { registerClient(input: $input) { userErrors { code } } }"""
        body = await self.api.post(query, input={"cnpj": "00.000.000/0001-91", "name": "Padaria"})
        return [error["extensions"]["code"] for error in body.get("errors", [])]

    async def draft(self) -> list[str]:
        """Draft a higher price of the product, and return what is refused."""
        dearer = [{"minimumQuantity": 1, "unitMonthlyPrice": "999.00", "unitSetupFee": "0.00"}]
        prices = [{"productId": self.product, "orderType": "PURCHASE", "tiers": dearer}]
        return await self.change("draftPriceTable", priceTableId=self.table, prices=prices)

    async def change(self, mutation: str, /, **given: object) -> list[str]:
        """Change the user, the partner, the product or the price table as the vendor, and return what is refused."""
        return await self.vendor.codes(mutation, given)


@pytest.fixture
async def world(api: Api, vendor: Api, product: str) -> World:
    table = (await api.data("{ priceTable { id } }"))["priceTable"]["id"]
    found = World(api, vendor, product, table)
    found.colleague = await new_caller(api.http, api.portal, api.partner_id)
    assert await found.draft() == []
    return found


async def _waiting(database: Database) -> int:
    async with reading(database) as connection:
        return int(await fetch_value(connection, sa.text(_WAITING)))


class Turn(NamedTuple):
    """Change that waits for the transactions that share a row, and one that shares it afterwards."""

    share: Callable[[World, Transaction], Awaitable[None]]
    change: Callable[[World], Awaitable[list[str]]]
    behind: Callable[[World], Awaitable[list[str]]]
    refused: str


@pytest.mark.parametrize(
    "turn",
    [
        Turn(
            World.share_terms,
            lambda world: world.change("suspendPartner", partnerId=world.api.partner, reason="Fim"),
            World.order,
            "PARTNER_SUSPENDED",
        ),
        Turn(
            World.share_product,
            lambda world: world.change("retireProduct", productId=world.product),
            World.order,
            "PRODUCT_RETIRED",
        ),
        *(
            Turn(
                share,
                lambda world: world.change("publishPriceTable", priceTableId=world.table),
                World.order,
                "PRICE_CHANGED",
            )
            for share in (World.share_table, World.share_named_table)
        ),
        Turn(
            World.share_user,
            lambda world: world.colleague.codes("deactivateUser", {"userId": ids.encode("User", world.api.user_id)}),
            World.write,
            "UNAUTHENTICATED",
        ),
    ],
    ids=["partner", "product", "preselected-table", "named-table", "user"],
)
async def test_what_comes_after_a_change_waits_for_it(world: World, turn: Turn) -> None:
    database = world.api.portal.database

    async with writing(database) as tx:
        await turn.share(world, tx)
        change = asyncio.ensure_future(turn.change(world))
        await eventually(lambda: _are_waiting(database, 1, change))
        behind = asyncio.ensure_future(turn.behind(world))
        await eventually(lambda: _are_waiting(database, 2, behind))

    assert await change == []
    assert await behind == [turn.refused]


async def _are_waiting(database: Database, number: int, task: "asyncio.Future[list[str]]") -> bool:
    """Return whether so many transactions wait for locks, or the task waits no more."""
    return task.done() or await _waiting(database) >= number


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.change("suspendPartner", partnerId=world.api.partner, reason="Fim"),
        lambda world: world.change("setPartnerPolicy", partnerId=world.api.partner, fourEyes=True),
        lambda world: world.change(
            "updateUser",
            partnerId=world.api.partner,
            userId=ids.encode("User", world.colleague.user_id),
            name="Bia",
        ),
        lambda world: world.change("retireProduct", productId=world.product),
        World.draft,
    ],
    ids=["suspendPartner", "setPartnerPolicy", "updateUser", "retireProduct", "draftPriceTable"],
)
async def test_a_change_comes_through_during_steady_orders(
    world: World, change: Callable[[World], Awaitable[list[str]]]
) -> None:
    number = count(1)
    left = asyncio.Event()

    async def order() -> None:
        while not left.is_set() and next(number) <= ORDERS:
            await world.order()

    orders = [asyncio.ensure_future(order()) for _ in range(CALLERS)]
    try:
        assert await change(world) == []
    finally:
        left.set()
        await asyncio.gather(*orders)

    assert next(number) <= ORDERS
