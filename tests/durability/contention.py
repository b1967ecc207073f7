"""Objects of one partner that all callers of a load want at the same time: a short stock, its activations, an order."""

from random import Random
from typing import NamedTuple

from tests import cnpjs
from tests.api import Api, Json
from tests.durability.asked import Asked
from tests.durability.kinds import Makers, Ready
from tests.factories import new_caller, new_product

_STOCK = 2
"""Fewer licenses than callers."""

_NEWEST = 3
"""Activations that callers choose from: most are the same that others cancel."""

_NEW_ORDER = 0.3
"""How many callers make another order before they decide one."""


class Contender(NamedTuple):
    """Mutation that can be asked for, and the object that it wants alone."""

    name: str
    ready: Ready
    object: str | None


class Contention:
    """Objects that all callers want."""

    def __init__(self, client: str, product: str, other: str, order: str, random: Random) -> None:
        self._client, self._product, self._other, self._order = client, product, other, order
        self._random = random
        self._activations: list[str] = []

    @classmethod
    async def begin(cls, api: Api, random: Random) -> "Contention":
        """Make the objects."""
        product, other = [await new_product(api.portal, api.partner_id) for _ in range(2)]
        await api.buy(product, _STOCK)
        return cls(await api.client(), product, other, await api.order((other, 1)), random)

    async def contender(self, makers: Makers) -> Contender:
        """Return a mutation for one of the objects, by a user of its own."""
        api = makers.partner
        choices = ["activateLicense", "activateLicense", "order", *(["cancelActivation"] if self._activations else [])]
        name, wanted = self._random.choice(choices), None
        if name == "activateLicense":
            given = {"clientId": self._client, "productId": self._product, "activationKey": cnpjs.another()}
        elif name == "cancelActivation":
            wanted = self._random.choice(self._activations[-_NEWEST:])
            given = {"activationId": wanted}
        else:
            if self._random.random() < _NEW_ORDER:
                self._order = await api.order((self._other, 1))
            name, wanted = self._random.choice(["approveOrder", "cancelOrder"]), self._order
            given = {"orderId": wanted}
        return Contender(name, Ready(await new_caller(api.http, api.portal, api.partner_id), given), wanted)

    def note(self, name: str, payload: Json) -> None:
        """Note what an acknowledged mutation has made, for others to want."""
        if name == "activateLicense" and (made := payload["activation"]["id"]) not in self._activations:
            self._activations.append(made)

    async def misstated(self, api: Api, asked: list[Asked]) -> list[object]:
        """Return the counters of the stock if they are not what the acknowledged mutations leave."""
        done = [each.name for each in asked if each.is_done and each.is_contended]
        activated = done.count("activateLicense") - done.count("cancelActivation")
        stock = await api.stock(self._product)
        right = {"purchased": _STOCK, "activated": activated, "available": _STOCK - activated}
        return [] if stock.items() >= right.items() else [(stock, right)]
