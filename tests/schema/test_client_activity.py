"""What clients keep of their activations is what there is, after any changes, also at once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import tables
from db.clients import NEVER
from domain.activations import ActivationStatus
from tests.api import Api, Json
from tests.clock import Clock
from tests.factories import new_caller, new_partner, new_product
from tests.units import fetch_all, writing

CLIENTS = 3
LISTED = "{ clients(filter: { hasActiveActivations: %s }) { totalCount nodes { name } } }"
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *["activateLicense", "cancelActivation", "moveActivation"] * 2,
                *["activateLicenses", "cancelActivations", "moveActivations", "cancelClient"],
            ]
        ),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=8,
)


class Shop:
    """Partner with some clients and activations."""

    def __init__(self, api: Api, product: str, clients: Sequence[str]) -> None:
        self.api, self.product, self.clients = api, product, clients
        self.activations: list[str] = []
        self.keys = 0

    def license(self, client: int) -> Json:
        """Return the input of an activation for a client."""
        self.keys += 1
        return {
            "clientId": self.clients[client % CLIENTS],
            "productId": self.product,
            "activationKey": f"KEY-{self.keys}",
        }

    def moved(self, activation: int, client: int) -> Json:
        """Return the input of a move of an activation to a client."""
        license_of = self.license(client)
        return {
            "activationId": self.activations[activation % len(self.activations)],
            "toClientId": license_of["clientId"],
            "activationKey": license_of["activationKey"],
        }

    def input_of(self, name: str, one: int, other: int) -> Json:
        """Return the input of a mutation."""
        some = {self.activations[number % len(self.activations)] for number in (one, one + 1, other)}
        inputs: Json = {
            "activateLicense": lambda: self.license(one),
            "cancelActivation": lambda: {"activationId": self.activations[one % len(self.activations)]},
            "moveActivation": lambda: self.moved(one, other),
            "activateLicenses": lambda: {"items": [self.license(one), self.license(one), self.license(other)]},
            "cancelActivations": lambda: {"activationIds": sorted(some), "mode": "ALL_OR_NOTHING"},
            "moveActivations": lambda: {"items": [self.moved(one, other), self.moved(one + 1, one)]},
            "cancelClient": lambda: {"clientId": self.clients[one % CLIENTS]},
        }
        found: Json = inputs[name]()
        return found

    async def change(self, name: str, one: int, other: int) -> None:
        """Send a mutation, which may be refused."""
        input_name = f"{name[0].upper()}{name[1:]}Input!"
        query = f"mutation ($input: {input_name}) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
        await self.api.data(query, input=self.input_of(name, one, other))

    async def learn(self) -> None:
        """Read which activations there are."""
        found = await self.api.data("{ activations(first: 100) { nodes { id } } }")
        self.activations = [each["id"] for each in found["activations"]["nodes"]]


async def _shop(api: Api) -> Shop:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 60)
    shop = Shop(api, product, [await api.client(name=f"Loja {number}") for number in range(CLIENTS)])
    for number in range(CLIENTS):
        await api.done("activateLicense", "activation { id }", shop.license(number))
    await shop.learn()
    return shop


async def _kept_and_counted(api: Api) -> tuple[Json, Json]:
    kept = sa.select(
        tables.clients.c.id, tables.clients.c.active_activations, tables.clients.c.last_activated_at
    ).where(tables.clients.c.partner_id == api.partner_id)
    given_to = sa.select(
        tables.activations.c.client_id, tables.activations.c.status, tables.activations.c.activated_at
    ).where(tables.activations.c.partner_id == api.partner_id)
    async with writing(api.portal.database) as tx:
        of_clients, activations = await fetch_all(tx, kept), await fetch_all(tx, given_to)
    counted = {client_id: (0, NEVER) for client_id, *_ in of_clients}
    for client_id, status, at in activations:
        number, latest = counted[client_id]
        counted[client_id] = number + (status is ActivationStatus.ACTIVE), max(latest, at)
    return {client_id: tuple(others) for client_id, *others in of_clients}, counted


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
async def test_any_history_leaves_what_is_kept_as_it_is_counted(
    api: Api, clock: Clock, changes: list[tuple[str, int, int]]
) -> None:
    shop = await _shop(await new_caller(api.http, api.portal, await new_partner(api.portal)))

    for name, one, other in changes:
        # Clocks of processes differ, so that a later activation may have an earlier time.
        clock.now += timedelta(seconds=one - 4)
        await shop.change(name, one, other)
        await shop.learn()

    kept, counted = await _kept_and_counted(shop.api)
    assert kept == counted


async def test_changes_at_once_leave_what_is_kept_as_it_is_counted(api: Api) -> None:
    shop = await _shop(api)

    await asyncio.gather(
        *(shop.change("activateLicense", number, 0) for number in range(6)),
        *(shop.change("cancelActivation", number, 0) for number in range(3)),
        *(shop.change("moveActivation", number, number + 1) for number in range(3)),
        shop.change("activateLicenses", 0, 1),
        shop.change("cancelActivations", 0, 2),
        shop.change("cancelClient", 2, 0),
    )

    kept, counted = await _kept_and_counted(api)
    assert kept == counted


async def test_a_client_is_listed_by_whether_it_has_active_activations(api: Api, product: str) -> None:
    await api.buy(product, 2)
    clients = {name: await api.client(name=name) for name in ("Ana", "Bia", "Caio", "Davi")}
    of_ana, of_bia = [await api.activation(clients[name], product) for name in ("Ana", "Bia")]

    found = [await _names(api, has) for has in (True, False)]
    await api.done("cancelActivation", "activation { id }", {"activationId": of_ana})
    moved = {"activationId": of_bia, "toClientId": clients["Caio"], "activationKey": "CAIO-1"}
    await api.done("moveActivation", "activation { id }", moved)
    await api.done("cancelClient", "client { id }", {"clientId": clients["Davi"]})
    then = [await _names(api, has) for has in (True, False)]

    assert found == [["Ana", "Bia"], ["Caio", "Davi"]]
    assert then == [["Caio"], ["Ana", "Bia"]]


async def _names(api: Api, has: bool) -> list[str]:  # noqa: FBT001 — it is the filter's value.
    found = (await api.data(LISTED % str(has).lower()))["clients"]
    names = [each["name"] for each in found["nodes"]]
    assert found["totalCount"] == len(names)
    return names
