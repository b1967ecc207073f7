"""Any sequence of drafting, publishing and ordering keeps published prices, and orders take those in force."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.engine import Database
from domain.access import Role
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller, new_partner, new_product, new_vendor
from tests.resolvers.machines import begun
from tests.schema import pricing

HOUR = timedelta(hours=1)
step = st.tuples(st.sampled_from(["draft", "discard", "publish", "publish later", "order", "wait"]), st.integers(1, 9))


@dataclass
class World:
    """Price table of a partner, and what was published and ordered so far."""

    vendor: Api
    api: Api
    clock: Clock
    product: str
    table: str
    draft: int | None = None
    copied: int | None = None
    """Place of the version that the draft is a copy of."""
    published: list[tuple[datetime, int]] = field(default_factory=list)
    orders: dict[str, int] = field(default_factory=dict)
    """Price of each order by its id."""

    async def take(self, doing: str, number: int) -> None:
        """Take one step, which the portal refuses if there is no draft or no price."""
        steps: dict[str, Callable[[int], Awaitable[None]]] = {
            "draft": self._draft,
            "discard": self._discard,
            "publish": lambda _: self._publish(None),
            "publish later": lambda hours: self._publish(self.clock.now + hours * HOUR),
            "order": self._order,
            "wait": self._wait,
        }
        await steps[doing](number)

    def in_force(self) -> int | None:
        """Return the price that applies now: of those that have begun last, the one that was published last."""
        place = self._place_at(self.clock.now)
        return None if place is None else self.published[place][1]

    def _place_at(self, at: datetime) -> int | None:
        begun = [(begin, place) for place, (begin, _) in enumerate(self.published) if begin <= at]
        return max(begun)[1] if begun else None

    def _undoing(self, price: int, before: int | None, begins_at: datetime) -> int | None:
        """Return the place of the first version after the begin that has another price than the one that changed.

        Of versions with one begin, the last one alone is ever in force.
        """
        if before is not None and self.published[before][1] == price:
            return None
        places = {begin: place for place, (begin, _) in enumerate(self.published) if begin > begins_at}
        later = sorted((begin, place) for begin, place in places.items() if self.published[place][1] != price)
        return later[0][1] if later else None

    async def _draft(self, price: int) -> None:
        tiers = [{"minimumQuantity": 1, "unitMonthlyPrice": f"{price}.00", "unitSetupFee": "0.00"}]
        prices = [{"productId": self.product, "orderType": "PURCHASE", "tiers": tiers}]
        assert await self.vendor.codes("draftPriceTable", {"priceTableId": self.table, "prices": prices}) == []
        if self.draft is None:
            later = [(begin, place) for place, (begin, _) in enumerate(self.published)]
            place = self._place_at(self.clock.now)
            self.copied = max(later)[1] if place is None and later else place
        self.draft = price

    async def _discard(self, _: int) -> None:
        codes = await self.vendor.codes("discardPriceTableDraft", {"priceTableId": self.table})
        assert codes == ([] if self.draft else ["NO_PRICE_TABLE_DRAFT"])
        self.draft = None

    async def _publish(self, begins_at: datetime | None) -> None:
        given: dict[str, object] = {"priceTableId": self.table, "beginsAt": begins_at and begins_at.isoformat()}
        before = self._place_at(begins_at or self.clock.now)
        if self.draft and before not in {None, self.copied}:
            assert await self.vendor.codes("publishPriceTable", given) == ["PRICE_TABLE_DRAFT_OUTDATED"]
            assert before is not None
            given["replacesVersion"] = before + 1
        payload = await self.vendor.mutate("publishPriceTable", "undone { undoneBy { number } }", given)
        assert [error["code"] for error in payload["userErrors"]] == ([] if self.draft else ["NO_PRICE_TABLE_DRAFT"])
        if self.draft:
            undone_by = self._undoing(self.draft, before, begins_at or self.clock.now)
            assert payload["undone"] == ([] if undone_by is None else [{"undoneBy": {"number": undone_by + 1}}])
            self.published.append((begins_at or self.clock.now, self.draft))
        self.draft = None

    async def _order(self, quantity: int) -> None:
        items = [{"productId": self.product, "quantity": quantity}]
        payload = await self.api.mutate("createOrder", "order { id }", {"type": "PURCHASE", "items": items})
        price = self.in_force()
        assert [error["code"] for error in payload["userErrors"]] == ([] if price else ["PRODUCT_NOT_PRICED"])
        if price:
            self.orders[payload["order"]["id"]] = price

    async def _wait(self, hours: int) -> None:
        self.clock.now += hours * HOUR

    async def check(self) -> None:
        """Assert that versions and orders have the prices that they were published and made with."""
        query = """{ priceTable { versions { beginsAt items { tiers { unitMonthlyPrice } } } }
            orders(first: 20) { nodes { id items { unitMonthlyPrice }
                priceTableVersion { items { tiers { unitMonthlyPrice } } } } } }"""
        found = await self.api.data(query)
        shown = [
            (datetime.fromisoformat(each["beginsAt"]), each["items"][0]["tiers"][0]["unitMonthlyPrice"])
            for each in reversed(found["priceTable"]["versions"])
        ]
        assert shown == [(begin, f"{price}.00") for begin, price in self.published]
        for order in found["orders"]["nodes"]:
            tiers = order["priceTableVersion"]["items"][0]["tiers"]
            assert order["items"] == tiers == [{"unitMonthlyPrice": f"{self.orders[order['id']]}.00"}]
        assert len(found["orders"]["nodes"]) == len(self.orders)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(steps=[("draft", 1), ("publish later", 3), ("draft", 2), ("publish", 1)])
@example(
    steps=[
        *(("draft", 1), ("publish", 1), ("draft", 2), ("publish later", 3)),
        *(("draft", 3), ("publish later", 3), ("draft", 3), ("publish", 1)),
    ]
)
@given(steps=st.lists(step, max_size=14))
async def test_any_sequence_keeps_published_prices_and_orders_those_in_force(
    database_of_module: Database, steps: list[tuple[str, int]]
) -> None:
    async with begun(database_of_module) as (http, portal, clock):
        api = await new_caller(http, portal, await new_partner(portal))
        vendor = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_SALES)
        # Its price is in the table that the partner has first.
        product = await new_product(portal, api.partner_id)
        table = await pricing.new_table(vendor)
        await pricing.assign(vendor, api, table)
        world = World(vendor, api, clock, product, table)
        for each in steps:
            await world.take(*each)
        await world.check()
