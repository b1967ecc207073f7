"""Mutations of all kinds at once never wait for each other in a circle: all take their locks in one order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import Random
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from db import client_changes, tables
from db import products as product_statements
from db.client_changes import ClientDetails
from db.engine import Database
from domain.access import Role
from domain.events import EventType
from domain.products import Change, ProductDetails
from resolvers import ids, imports, products
from resolvers.clients import RegisterClient
from resolvers.portal import Portal
from tests import cnpjs
from tests.api import Api, serving
from tests.clusters import Cluster
from tests.executors import DOCUMENTS
from tests.factories import new_caller, new_partner, new_product, new_vendor
from tests.resolvers.mixed_changes import CHANGES, NAMES, OF_VENDOR, Given, World, key, text
from tests.resolvers.test_races import AHEAD_SECONDS
from tests.schema.introspection import mutations
from tests.schema.recipes import SESSIONS
from tests.units import execute, fetch_all, writing

WRITERS, EACH, CLIENTS = 6, 14, 8
OFTEN = {"cancelClient": 8, "activateLicenses": 4, "moveActivations": 4, "updateActivation": 4, "cancelActivation": 4}
"""How many times as often as others a mutation is tried."""


POSTGRESQL = pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")
"""SQLite has one writer at a time."""


async def _fill(world: World, random: Random) -> None:
    api = world.api
    for product in world.products:
        await api.buy(product, 200, seats=50)
    clients = [await api.client(name=f"Padaria {NAMES[number % len(NAMES)]} {number}") for number in range(CLIENTS)]
    world.found["Client"] = clients
    world.found["Activation"] = [
        await api.activation(client, random.choice(world.products), activationKey=key(random), note=text(random))
        for client in clients * 2
    ]
    world.found["Order"] = [await api.order((random.choice(world.products), 3), note=text(random)) for _ in range(6)]
    # Notes of cancelled clients name others too.
    gone = await api.client(name="Mercearia")
    await api.done("cancelClient", "client { id }", {"clientId": gone, "reason": text(random)})
    clients.append(gone)
    for name, given, selection in (
        ("createApiToken", {"name": NAMES[0], "permissions": ["CLIENTS_READ"]}, "apiToken { id }"),
        ("createWebhook", {"url": "https://erp.example/webhooks"}, "webhook { id }"),
        ("inviteUser", {"email": "bia@alfa.example", "name": "Bia", "role": "OPERATOR"}, "invitation { id }"),
    ):
        made = [await api.done(name, selection, _other(given)) for _ in range(3)]
        type_name, of_it = _made(selection)
        world.found[type_name] = [each[of_it]["id"] for each in made]
    pinged = await api.done("pingWebhook", "delivery { id }", {"webhookId": world.found["Webhook"][0]})
    world.found["WebhookDelivery"] = [pinged["delivery"]["id"]]


def _other(given: Given) -> Given:
    return {name: f"{uuid4()}@alfa.example" if name == "email" else value for name, value in given.items()}


def _made(selection: str) -> tuple[str, str]:
    name = selection.partition(" ")[0]
    return f"{name[0].upper()}{name[1:]}", name


async def _write(world: World, callers: Sequence[Api], random: Random) -> None:
    names = list(CHANGES)
    for name in random.choices(names, [OFTEN.get(name, 1) for name in names], k=EACH):
        caller = world.vendor if name in OF_VENDOR else random.choice(callers)
        input_name = f"{name[0].upper()}{name[1:]}Input!"
        query = f"mutation ($input: {input_name}) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
        body = await caller.post(query, input=CHANGES[name](world, random))
        # A user may be deactivated by another one, and much is refused.
        codes = {error["extensions"]["code"] for error in body.get("errors", [])}
        assert codes <= {"UNAUTHENTICATED"}, body


async def _worlds(http: httpx.AsyncClient, portal: Portal, random: Random) -> AsyncIterator[tuple[World, list[Api]]]:
    vendor = await new_caller(http, portal, await new_vendor(portal), role=Role.VENDOR_ADMIN)
    partners = [await new_partner(portal) for _ in range(2)]
    products = [await new_product(portal, partners[0]) for _ in range(3)]
    read = "{ viewer { partner { priceTable { id } } } }"
    first = await new_caller(http, portal, partners[0])
    table = (await first.data(read))["viewer"]["partner"]["priceTable"]["id"]
    for partner in partners:
        assign = {"partnerId": ids.encode("Partner", partner), "priceTableIds": [table], "preselectedId": table}
        await vendor.done("assignPriceTables", "partner { id }", assign)
        callers = [await new_caller(http, portal, partner) for _ in range(3)]
        world = World(callers[0], vendor, products)
        world.found["User"] = [ids.encode("User", each.user_id) for each in callers[1:]]
        world.found["Partner"] = [ids.encode("Partner", each) for each in partners]
        world.found["PriceTable"] = [table]
        await _fill(world, random)
        yield world, callers


@pytest.mark.parametrize("seed", range(3))
async def test_no_two_changes_wait_for_each_other(cluster: Cluster, seed: int) -> None:
    random = Random(seed)  # noqa: S311 — no secret.
    portal = Portal(Database(cluster.url), secret=b"s" * 32)
    try:
        async with serving(portal, DOCUMENTS) as http:
            worlds = [each async for each in _worlds(http, portal, random)]
            before = _deadlocks(cluster)
            writers = (
                _write(world, callers, Random(f"{seed} {writer}"))  # noqa: S311 — no secret.
                for writer in range(WRITERS)
                for world, callers in worlds
            )
            await asyncio.gather(*writers)
    finally:
        await portal.database.close()

    assert _deadlocks(cluster) == before


def _deadlocks(cluster: Cluster) -> list[str]:
    return [part[:3000] for part in (cluster.directory / "log").read_text().split("deadlock detected")[1:]]


@POSTGRESQL
async def test_a_cancellation_holds_no_client_while_it_waits_for_an_earlier_one(api: Api) -> None:
    earlier = await api.client(name="Mercearia")
    await api.done("cancelClient", "client { id }", {"clientId": earlier, "reason": "Aurora"})
    named = await api.client(name="Padaria Aurora")
    async with writing(api.portal.database) as tx:
        await client_changes.locked(tx, api.partner_id, [ids.number("Client", earlier)])
        cancelling = asyncio.ensure_future(api.done("cancelClient", "client { id }", {"clientId": named}))
        await asyncio.wait([cancelling], timeout=AHEAD_SECONDS)
        free = sa.select(tables.clients.c.id).where(tables.clients.c.id == ids.number("Client", named))
        # It raises an error if the client is locked.
        assert await fetch_all(tx, free.with_for_update(nowait=True))
    await cancelling

    query = "query ($id: ID!) { client(id: $id) { cancellationNote } }"
    assert (await api.data(query, id=earlier))["client"]["cancellationNote"] == "[…]"


@POSTGRESQL
async def test_an_activation_is_not_locked_before_its_client(api: Api, client: str, product: str) -> None:
    await api.buy(product, 1)
    activation = await api.activation(client, product)
    async with writing(api.portal.database) as tx:
        await client_changes.locked(tx, api.partner_id, [ids.number("Client", client)])
        cancelling = asyncio.ensure_future(
            api.done("cancelActivation", "activation { status }", {"activationId": activation})
        )
        await asyncio.wait([cancelling], timeout=AHEAD_SECONDS)
        free = sa.select(tables.activations.c.id).where(tables.activations.c.id == ids.number("Activation", activation))
        # It raises an error if the activation is locked.
        assert await fetch_all(tx, free.with_for_update(nowait=True))

    assert (await cancelling)["activation"]["status"] == "CANCELLED"


@pytest.mark.edge
def test_every_mutation_is_tried() -> None:
    assert {*CHANGES} == set(mutations()) - SESSIONS | {"signOutEverywhere"}


@POSTGRESQL
async def test_an_import_of_products_locks_them_in_order_over_all_batches(portal: Portal) -> None:
    code = uuid4().hex.upper()
    earlier, later = (ProductDetails(f"{code}{letter}", "Módulo", 1, active=True) for letter in "AZ")
    async with writing(portal.database) as tx:
        await products.put(tx, [earlier, later])
    changed = [[each._replace(name="Novo")] for each in (later, earlier)]
    async with writing(portal.database) as tx:
        await product_statements.locked(tx, [earlier.code])
        importing = asyncio.ensure_future(products.put_all(portal, changed, all_or_nothing=True, report=lambda _: None))
        await asyncio.wait([importing], timeout=AHEAD_SECONDS)
        free = sa.select(tables.products.c.id).where(tables.products.c.code == later.code)
        # It raises an error if the product is locked.
        assert await fetch_all(tx, free.with_for_update(nowait=True))
    await importing


@POSTGRESQL
async def test_a_product_that_two_imports_create_is_created_once(portal: Portal) -> None:
    details = ProductDetails(uuid4().hex.upper(), "Módulo", 1, active=True)
    async with writing(portal.database) as tx:
        ahead = await products.put(tx, [details])
        behind = asyncio.ensure_future(
            portal.database.write(lambda tx: products.put(tx, [details._replace(name="Novo")]))
        )
        await asyncio.wait([behind], timeout=AHEAD_SECONDS)

    (first,), (second,) = ahead.values(), (await behind).values()

    assert (first.change, second.change) == (Change.CREATED, Change.UPDATED)
    assert first.product_id == second.product_id
    assert [event.type for event in (*first.events, *second.events)] == [
        EventType.PRODUCT_CREATED,
        EventType.PRODUCT_UPDATED,
    ]


@POSTGRESQL
async def test_an_import_of_clients_locks_them_in_order_over_all_batches(portal: Portal) -> None:
    partner_id = await new_partner(portal)
    earlier, later = sorted(cnpjs.another() for _ in range(2))
    new = [[RegisterClient(cnpj, ClientDetails(name="Padaria"))] for cnpj in (later, earlier)]
    heard: list[list[bool]] = []

    async def register(cnpj: str) -> int | None:
        details = ClientDetails(name="Padaria")
        return await client_changes.register(tx, partner_id=partner_id, cnpj=cnpj, details=details, at=portal.now())

    async with writing(portal.database) as tx:
        await register(earlier)
        importing = asyncio.ensure_future(
            imports.register_clients(portal, partner_id, new, all_or_nothing=True, report=heard.append)
        )
        await asyncio.wait([importing], timeout=AHEAD_SECONDS)
        # It waits for the import if that has registered it, and each for the other.
        await execute(tx, sa.text("SET LOCAL lock_timeout = '100ms'"))
        assert await register(later) is not None
    await importing

    assert heard == [[False], [False]]
