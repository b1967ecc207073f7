"""Any sequence of publishing, ordering, approving, suspending and role changes keeps the rules of the business."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.engine import Database
from domain.access import ROLE_PERMISSIONS, Permission, Role
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_caller, new_partner, new_product, new_vendor
from tests.resolvers.machines import begun

ROLES = (Role.VIEWER, Role.OPERATOR, Role.MANAGER)
PEOPLE = ("manager", "other manager", "promoted", "vendor")
DONE: list[str] = []
changes = st.sampled_from(["publish", "suspend", "reinstate", "ceiling", "four eyes", "promote"])
orders = st.tuples(st.sampled_from(["order", "approve"]), st.integers(0, 3))
step = orders | orders | st.tuples(changes, st.integers(0, 9))


@dataclass
class Ordered:
    """Order that was placed: who made it, and what it comes to."""

    id: str
    maker: str
    quantity: int
    total: int


@dataclass
class World:
    """Partner, its people and the vendor's, and what the rules expect of it."""

    people: Mapping[str, Api]
    roles: dict[str, Role]
    product: str
    table: str
    price: int = 0
    suspended: bool = False
    ceiling: int | None = None
    four_eyes: bool = False
    pending: list[Ordered] = field(default_factory=list)
    completed: list[Ordered] = field(default_factory=list)

    async def take(self, doing: str, number: int) -> None:
        """Take one step, and assert that it is done or refused as the rules say."""
        steps: dict[str, Callable[[int], Awaitable[None]]] = {
            "publish": self._publish,
            "suspend": lambda _: self._suspend(),
            "reinstate": lambda _: self._reinstate(),
            "ceiling": self._limit,
            "four eyes": self._require_two,
            "promote": self._promote,
            "order": lambda who: self._order(PEOPLE[who]),
            "approve": lambda who: self._approve(PEOPLE[who]),
        }
        await steps[doing](number)

    @property
    def partner(self) -> str:
        """Global id of the partner."""
        return ids.encode("Partner", self.people["manager"].partner_id)

    async def send(self, who: str, name: str, given: Mapping[str, object], selection: str = "__typename") -> Json:
        """Return the payload of a mutation; its codes are those of the request if the whole request is refused."""
        on_behalf = {"partnerId": self.partner} if who == "vendor" else {}
        query = f"""mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {selection}
            userErrors {{ code ... on PolicyError {{ policy }} }} }} }}"""
        body = await self.people[who].post(query, input={**given, **on_behalf})
        if "errors" in body:
            return {"userErrors": [{"code": error["extensions"]["code"]} for error in body["errors"]]}
        return body["data"][name]

    async def codes(self, who: str, name: str, given: Mapping[str, object]) -> list[str]:
        """Return the codes of a mutation's refusals, those of policies by the policy."""
        return _codes(await self.send(who, name, given))

    async def _publish(self, price: int) -> None:
        tiers = [{"minimumQuantity": 1, "unitMonthlyPrice": f"{price}.00", "unitSetupFee": "0.00"}]
        prices = [{"productId": self.product, "orderType": "PURCHASE", "tiers": tiers}]
        vendor = self.people["vendor"]
        await vendor.done("draftPriceTable", "__typename", {"priceTableId": self.table, "prices": prices})
        await vendor.done("publishPriceTable", "__typename", {"priceTableId": self.table})
        self.price = price

    async def _suspend(self) -> None:
        codes = await self.codes("vendor", "suspendPartner", {"reason": "inadimplência"})
        assert codes == (["PARTNER_TRANSITION"] if self.suspended else DONE)
        self.suspended = True

    async def _reinstate(self) -> None:
        codes = await self.codes("vendor", "reinstatePartner", {})
        assert codes == (DONE if self.suspended else ["PARTNER_TRANSITION"])
        self.suspended = False

    async def _limit(self, ceiling: int) -> None:
        self.ceiling = ceiling or None
        limit = self.ceiling and f"{self.ceiling}.00"
        assert await self.codes("vendor", "setPartnerPolicy", {"approvalCeiling": limit}) == DONE

    async def _require_two(self, number: int) -> None:
        self.four_eyes = number % 2 == 0
        assert await self.codes("vendor", "setPartnerPolicy", {"fourEyes": self.four_eyes}) == DONE

    async def _promote(self, number: int) -> None:
        role = self.roles["promoted"] = ROLES[number % 3]
        user = ids.encode("User", self.people["promoted"].user_id)
        assert await self.codes("vendor", "updateUser", {"userId": user, "role": role.value}) == DONE

    async def _order(self, who: str) -> None:
        quantity = len(self.pending) % 3 + 1
        given = {"type": "PURCHASE", "items": [{"productId": self.product, "quantity": quantity}]}
        payload = await self.send(who, "createOrder", given, "order { id }")
        expected = self._allowed(who, Permission.ORDERS_CREATE)
        assert _codes(payload) == expected
        if not expected:
            self.pending.append(Ordered(payload["order"]["id"], who, quantity, self.price * quantity))

    async def _approve(self, who: str) -> None:
        if not self.pending:
            return
        order = self.pending[0]
        expected = self._allowed(who, Permission.ORDERS_APPROVE) or self._refused_by_policy(who, order)
        assert await self.codes(who, "approveOrder", {"orderId": order.id}) == expected
        if not expected:
            self.completed.append(self.pending.pop(0))

    def _allowed(self, who: str, needed: Permission) -> list[str]:
        if needed not in ROLE_PERMISSIONS[self.roles[who]]:
            return ["FORBIDDEN"]
        return ["PARTNER_SUSPENDED"] if self.suspended else DONE

    def _refused_by_policy(self, who: str, order: Ordered) -> list[str]:
        own = ["FOUR_EYES"] if self.four_eyes and who == order.maker else []
        above = self.ceiling is not None and order.total > self.ceiling and who != "vendor"
        return [*own, *(["APPROVAL_CEILING"] if above else [])]

    async def check(self) -> None:
        """Assert that stock, invoice and permissions are those of the steps."""
        query = """query ($partner: ID!) {
            ordersTotal(filter: { partnerId: $partner, status: [COMPLETED] }) { count totalWithSetupFee }
            licenseStock(partnerId: $partner) { purchased } }"""
        found = await self.people["vendor"].data(query, partner=self.partner)
        total = sum(order.total for order in self.completed)
        assert found["ordersTotal"] == {"count": len(self.completed), "totalWithSetupFee": f"{total}.00"}
        bought = sum(order.quantity for order in self.completed)
        assert found["licenseStock"] == ([{"purchased": bought}] if bought else [])
        for who, caller in self.people.items():
            shown = (await caller.data("{ viewer { permissions } }"))["viewer"]["permissions"]
            assert {Permission[each] for each in shown} == ROLE_PERMISSIONS[self.roles[who]]


def _codes(payload: Json) -> list[str]:
    return [error.get("policy") or error["code"] for error in payload["userErrors"]]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(policy=st.tuples(st.integers(0, 3), st.integers(0, 1)), steps=st.lists(step, min_size=8, max_size=20))
async def test_any_sequence_of_the_vendor_and_its_partner_keeps_the_rules(
    database_of_module: Database, policy: tuple[int, int], steps: list[tuple[str, int]]
) -> None:
    ceiling, four_eyes = policy
    async with begun(database_of_module) as (http, portal, _):
        partner_id = await new_partner(portal)
        roles = dict(zip(PEOPLE, (Role.MANAGER, Role.MANAGER, Role.OPERATOR, Role.VENDOR_ADMIN), strict=True))
        people = {
            who: await new_caller(http, portal, partner_id, role=role) for who, role in roles.items() if who != "vendor"
        }
        people["vendor"] = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)
        product = await new_product(portal, partner_id)
        table = (await people["manager"].data("{ priceTable { id } }"))["priceTable"]["id"]
        world = World(people, roles, product, table)
        await world.take("publish", 1)
        for each in [("ceiling", ceiling), ("four eyes", four_eyes), *steps]:
            await world.take(*each)
        await world.check()
