"""Times of what ends: a change that waited for a row ends it after all that was done to it meanwhile, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple, TypeAlias
from uuid import uuid4

import pytest
import sqlalchemy as sa

from db import client_changes, order_changes, partner_changes, products, users
from db.engine import Transaction
from db.tables import activations, clients, events, orders, partners, tokens
from db.tables import users as users_table
from domain.access import TokenKind
from resolvers import activations as of_one
from resolvers import ids
from resolvers.access import viewer_of
from resolvers.activations import ActivateLicense
from resolvers.context import Context
from resolvers.mutations import Work
from resolvers.passwords import hash_password
from tests.api import Api
from tests.clock import Clock
from tests.eventually import eventually
from tests.factories import add_token, new_caller
from tests.units import fetch_all, fetch_value, fetch_values, reading, writing

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True, scope="session")

_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"

Given: TypeAlias = Mapping[str, object]
Lock: TypeAlias = Callable[[Transaction], Awaitable[object]]


class World:
    """What the changes of a test end."""

    def __init__(self, api: Api, client: str, other: str, activation: str, order: str) -> None:
        self.api, self.client, self.other, self.activation, self.order = api, client, other, activation, order

    async def lock_client(self, tx: Transaction) -> None:
        """Lock the client whose activation it is."""
        await client_changes.locked(tx, self.api.partner_id, [ids.number("Client", self.client)])

    async def lock_order(self, tx: Transaction) -> None:
        """Lock the pending order."""
        await order_changes.locked(tx, self.api.partner_id, ids.number("Order", self.order))

    def move(self) -> Given:
        """Return a move of the activation to another key."""
        return {"activationId": self.activation, "toClientId": self.client, "activationKey": str(uuid4())}


@pytest.fixture
async def world(api: Api, client: str, product: str) -> World:
    await api.buy(product, 3)
    activation = await api.activation(client, product)
    return World(api, client, await api.client(), activation, await api.order((product, 1)))


async def _is_waited_for(tx: Transaction) -> bool:
    return bool(await fetch_value(tx, sa.text(_WAITING)))


@asynccontextmanager
async def waiting(clock: Clock, lock: Lock, change: Awaitable[list[str]], api: Api) -> AsyncIterator[Transaction]:
    """Yield a transaction that holds the lock, a minute after the change has begun to wait for it."""
    async with writing(api.portal.database) as tx:
        await lock(tx)
        behind = asyncio.ensure_future(change)
        await eventually(lambda: _is_waited_for(tx))
        clock.forward(minutes=1)
        yield tx
    assert await behind == []


class Ending(NamedTuple):
    """Change that ends something, and what it waits for."""

    name: str
    given: Callable[[World], Given]
    lock: Callable[[World, Transaction], Awaitable[None]]
    ended: sa.Column[object]


def _of_client(name: str, given: Callable[[World], Given]) -> Ending:
    return Ending(name, given, World.lock_client, activations.c.cancelled_at)


def _by_filter(mode: str) -> Callable[[World], Given]:
    return lambda world: {"filter": {"clientId": world.client}, "expectedCount": 1, "mode": mode}


@pytest.mark.parametrize(
    "ending",
    [
        Ending("cancelClient", lambda world: {"clientId": world.client}, World.lock_client, clients.c.cancelled_at),
        _of_client("cancelClient", lambda world: {"clientId": world.client}),
        _of_client("cancelActivation", lambda world: {"activationId": world.activation}),
        _of_client("cancelActivations", lambda world: {"activationIds": [world.activation]}),
        _of_client("cancelActivations", _by_filter("EACH")),
        _of_client("cancelActivations", _by_filter("ALL_OR_NOTHING")),
        _of_client("moveActivation", World.move),
        _of_client("moveActivations", lambda world: {"items": [world.move()]}),
        Ending("approveOrder", lambda world: {"orderId": world.order}, World.lock_order, orders.c.approved_at),
        Ending("cancelOrder", lambda world: {"orderId": world.order}, World.lock_order, orders.c.cancelled_at),
    ],
    ids=lambda ending: f"{ending.name}-{ending.ended}",
)
async def test_what_was_waited_for_ends_when_it_is_locked(clock: Clock, world: World, ending: Ending) -> None:
    api = world.api

    async with waiting(clock, partial(ending.lock, world), api.codes(ending.name, ending.given(world)), api):
        pass

    latest = sa.select(sa.func.max(ending.ended)).where(ending.ended.table.c.partner_id == api.partner_id)
    async with reading(api.portal.database) as connection:
        assert await fetch_value(connection, latest) == clock.now


async def test_a_license_activated_before_a_cancellation_ends_after_it_began(
    clock: Clock, world: World, product: str
) -> None:
    api = world.api
    new = ActivateLicense(ids.number("Client", world.client), ids.number("Product", product), "LATE-1", 0, None, None)

    async with waiting(clock, world.lock_client, api.codes("cancelClient", {"clientId": world.client}), api) as tx:
        viewer = await viewer_of(api.portal, api.token or "", None)
        assert viewer is not None
        work = Work(Context(api.portal, viewer), tx, viewer, api.partner_id, of_one.activate.permission)
        await of_one.activate._work(work, new)  # noqa: SLF001 — the transaction around it is the test's own.

    times = sa.select(activations.c.activated_at, activations.c.cancelled_at)
    async with reading(api.portal.database) as connection:
        found = await fetch_all(connection, times.where(activations.c.partner_id == api.partner_id))
    assert len(found) == 2
    assert [row for row in found if row.cancelled_at < row.activated_at] == []


@pytest.mark.parametrize(
    ("name", "column"), [("suspendPartner", partners.c.suspended_at), ("closePartner", partners.c.closed_at)]
)
async def test_a_partner_gets_its_status_when_it_is_locked(
    clock: Clock, api: Api, vendor: Api, name: str, column: sa.Column[object]
) -> None:
    given = {"partnerId": api.partner} | ({"reason": "Fim"} if name == "suspendPartner" else {})
    change = vendor.codes(name, given)

    async with waiting(clock, lambda tx: partner_changes.locked(tx, api.partner_id), change, api):
        pass

    async with reading(api.portal.database) as connection:
        assert await fetch_value(connection, sa.select(column).where(partners.c.id == api.partner_id)) == clock.now


@pytest.mark.parametrize("name", ["setPartnerPolicy", "retireProduct"])
async def test_what_forbids_orders_is_dated_after_those_it_waited_for(
    clock: Clock, api: Api, vendor: Api, product: str, name: str
) -> None:
    number = ids.number("Product", product)
    given, lock = (
        ({"productId": product}, lambda tx: products.shared(tx, [number]))
        if name == "retireProduct"
        else ({"partnerId": api.partner, "fourEyes": True}, lambda tx: partner_changes.shared_terms(tx, api.partner_id))
    )

    async with waiting(clock, lock, vendor.codes(name, given), api):
        pass

    of_partner = events.c.partner_id == (vendor if name == "retireProduct" else api).partner_id
    latest = sa.select(events.c.occurred_at).where(of_partner).order_by(events.c.number.desc()).limit(1)
    async with reading(api.portal.database) as connection:
        assert await fetch_value(connection, latest) == clock.now


@pytest.mark.parametrize("name", ["deactivateUser", "signOutEverywhere"])
async def test_a_session_that_began_before_its_user_was_locked_ends_after(clock: Clock, api: Api, name: str) -> None:
    user = (await new_caller(api.http, api.portal, api.partner_id)).user_id
    change = api.codes(name, {"userId": ids.encode("User", user)})

    async with waiting(clock, lambda tx: users.locked_by_id(tx, api.partner_id, user), change, api) as tx:
        await add_token(tx, api.partner_id, user, at=clock.now, kind=TokenKind.SESSION)

    async with reading(api.portal.database) as connection:
        ends = await fetch_all(connection, sa.select(tokens.c.revoked_at).where(tokens.c.user_id == user))
        disabled = await fetch_value(connection, sa.select(users_table.c.disabled_at).where(users_table.c.id == user))
    assert {row.revoked_at for row in ends} == {clock.now}
    assert disabled == (clock.now if name == "deactivateUser" else None)


async def test_a_session_that_began_before_a_new_password_ends_after(clock: Clock, api: Api) -> None:
    password_hash = await hash_password("um jardim de girassóis")
    caller = await new_caller(api.http, api.portal, api.partner_id, password_hash=password_hash)
    given = {"currentPassword": "um jardim de girassóis", "newPassword": "um quintal de amoreiras"}
    user = caller.user_id
    change = caller.codes("changePassword", given)

    async with waiting(clock, lambda tx: users.locked_by_id(tx, api.partner_id, user), change, api) as tx:
        await add_token(tx, api.partner_id, user, at=clock.now, kind=TokenKind.SESSION)

    revoked = sa.select(tokens.c.revoked_at).where(tokens.c.user_id == user, tokens.c.revoked_at.is_not(None))
    async with reading(api.portal.database) as connection:
        assert await fetch_values(connection, revoked) == [clock.now]
