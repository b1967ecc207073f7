"""Histories of simulated processes that write one product's stock: their callers choose by a seed."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import sqlalchemy as sa

from db import licenses
from db.engine import Connection, Database
from db.engine.sqlite import completed
from db.tables import activations as activations_table
from db.tables import events
from db.tables import orders as orders_table
from domain.activations import ActivationStatus
from domain.events import EventType
from domain.orders import OrderStatus, OrderTransition, OrderType, OrderUnchanged
from domain.refusals import Refusal
from resolvers import activations, clients, ids, orders
from resolvers.access import viewer_of
from resolvers.activations import ActivateLicense, CancelActivation
from resolvers.clients import CancelClient
from resolvers.context import Context
from resolvers.mutations import Mutation
from resolvers.orders import ApproveOrder, CancelOrder, CreateOrder
from resolvers.portal import Portal
from resolvers.prices import WantedItem, WantedOrder
from resolvers.viewers import Viewer
from tests.durability.linearizable import Checker, Operation
from tests.durability.scheduler import Scheduler
from tests.durability.simulated import File, Process
from tests.durability.stock_model import NOT_PENDING, OK, Stock, model
from tests.factories import add_client, add_token, add_user, new_partner, new_product
from tests.units import compiled, fetch_all, keeping_connections, reading, writing

_PROCESSES, _CALLERS, _OPERATIONS = 2, 2, 4
_CLIENTS, _KEYS, _ORDERS = 2, ("A", "B"), (1, 2)
"""Few of each, so that callers want the same ones."""

_KILLED_IN = 150
"""One turn of so many kills a process."""

_RETRIES = 0.7
"""How many callers whose process was killed ask again, with the same idempotency key."""

CHECKER = Checker(model)


class Market(NamedTuple):
    """Product whose stock a history is about, with the clients and pending orders of its partner."""

    product_id: int
    clients: Sequence[int]
    orders: Sequence[int]

    @property
    def stock(self) -> Stock:
        """The state at the beginning."""
        return Stock(0, frozenset(zip(self.orders, _ORDERS, strict=True)), frozenset(self.clients))


class Caller:
    """Caller of a process, whose operations a seed chooses."""

    def __init__(self, history: "History", process: Process, left: int) -> None:
        self._history, self._left = history, left
        self._own: list[int] = []
        self._open: tuple[Operation, str] | None = None
        self.process = process

    def run(self) -> None:
        """Run the operations that are left."""
        while self._left:
            if self._open is None:
                self._open = self._next(), f"{self._history.random.getrandbits(64):x}"
                self._history.operations.append(self._open[0])
            operation, key = self._open
            context = self._history.context(self.process)
            result = completed(self.answer(context, operation, key))
            if operation.name == "activate" and result[0] == OK:
                self._own.append(int(result[1]))
            operation.result, operation.ended = result, self._history.scheduler.moment
            self._open = None
            self._left -= 1

    def restart(self, process: Process) -> None:
        """Go on in another process: ask again with the same key, or never learn what has happened."""
        self.process = process
        if self._open is not None and self._history.random.random() > _RETRIES:
            self._open = None
            self._left -= 1
        process.start(self.run)

    def _next(self) -> Operation:
        random, market = self._history.random, self._history.market
        names = ["approve", "cancel order", "activate", "activate", "activate", "cancel", "cancel client", "read"]
        name = random.choice(names if self._own else names[:5] + names[6:])
        given: tuple[Any, ...] = ()
        if name in {"approve", "cancel order"}:
            given = (random.choice(market.orders),)
        elif name == "activate":
            given = (random.choice(market.clients), random.choice(_KEYS))
        elif name == "cancel":
            given = (random.choice(self._own),)
        elif name == "cancel client":
            given = (random.choice(market.clients),)
        return Operation(name, given, self._history.scheduler.moment)

    async def answer(self, context: Context, operation: Operation, key: str) -> tuple[Any, ...]:
        """Run an operation, and return its result."""
        product_id = self._history.market.product_id
        if operation.name == "read":
            found = await context.portal.database.read(
                lambda connection: _read(connection, context.signed_in.partner_id, product_id)
            )
            return OK, *found
        mutation, given = _mutation(operation, product_id)
        try:
            outcome = await mutation(context, given, key)
        except (OrderUnchanged, OrderTransition):
            return (NOT_PENDING,)
        except Refusal as refusal:
            return (refusal.code.value,)
        return (OK, outcome.activation_id) if operation.name == "activate" else (OK,)


class History:
    """History of the operations of several processes."""

    def __init__(self, seed: int, file: File, viewer: Viewer, market: Market) -> None:
        self.random = Random(seed)  # noqa: S311 — it decides an order.
        self.scheduler = Scheduler(self.random)
        self.market = market
        self.operations: list[Operation] = []
        self.kills = 0
        self._file, self._viewer = file, viewer
        self._processes = [Process(self.scheduler, file) for _ in range(_PROCESSES)]
        self._callers = [Caller(self, process, _OPERATIONS) for process in self._processes for _ in range(_CALLERS)]

    def context(self, process: Process) -> Context:
        """Return the context of a request to the process."""
        return Context(Portal(process.database, b"secret of a simulation"), self._viewer)

    def run(self) -> None:
        """Run all operations, and read the stock at the end."""
        for caller in self._callers:
            caller.process.start(caller.run)
        self._run()
        reader = Caller(self, self._processes[0], 0)
        last = Operation("read", (), self.scheduler.moment)
        self.operations.append(last)

        def read() -> None:
            last.result = completed(reader.answer(self.context(reader.process), last, ""))
            last.ended = self.scheduler.moment

        reader.process.start(read)
        self._run()

    def end(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()

    def _run(self) -> None:
        self.scheduler.run(self._kill_one, waits=lambda task: any(each.is_idle(task) for each in self._processes))

    def _kill_one(self) -> None:
        if self.random.randrange(_KILLED_IN):
            return
        place = self.random.randrange(len(self._processes))
        killed = self._processes[place]
        killed.kill()
        self.kills += 1
        self._processes[place] = started = Process(self.scheduler, self._file)
        for caller in self._callers:
            if caller.process is killed:
                caller.restart(started)


def _mutation(operation: Operation, product_id: int) -> tuple[Mutation[Any, Any], tuple[Any, ...]]:
    first = operation.given[0]
    if operation.name == "approve":
        return orders.approve, ApproveOrder(first)
    if operation.name == "cancel order":
        return orders.cancel, CancelOrder(first, None)
    if operation.name == "activate":
        return activations.activate, ActivateLicense(first, product_id, operation.given[1], 0, None, None)
    if operation.name == "cancel":
        return activations.cancel, CancelActivation(first, None)
    return clients.cancel, CancelClient(first, None)


_ACTIVE = compiled(
    sa.select(sa.func.count())
    .select_from(activations_table)
    .where(
        activations_table.c.partner_id == sa.bindparam("partner_id"),
        activations_table.c.product_id == sa.bindparam("product_id"),
        activations_table.c.status == ActivationStatus.ACTIVE,
    )
)


async def _read(connection: Connection, partner_id: int, product_id: int) -> tuple[int, int]:
    stock = (await licenses.by_products(connection, partner_id, [product_id])).get(product_id)
    of_product = {"partner_id": partner_id, "product_id": product_id}
    ((active,),) = await connection.fetch(_ACTIVE, of_product)
    return (0 if stock is None else stock.available), active


async def markets_of(url: str, number: int) -> tuple[Viewer, Sequence[Market]]:
    """Create a partner with so many products, and return its viewer and what histories are about."""
    database = Database(url)
    portal = Portal(database, b"secret of a simulation")
    try:
        partner_id = await new_partner(portal)
        async with writing(database) as tx:
            user_id = await add_user(tx, partner_id)
            token = await add_token(tx, partner_id, user_id, at=portal.now())
        viewer = await viewer_of(portal, token.secret, None)
        assert viewer is not None
        context = Context(portal, viewer)
        found = []
        async with keeping_connections(database):
            for _ in range(number):
                product_id = ids.number("Product", await new_product(portal, partner_id))
                async with writing(database) as tx:
                    of_partner = [await add_client(tx, partner_id) for _ in range(_CLIENTS)]
                pending = []
                for quantity in _ORDERS:
                    wanted = WantedOrder(OrderType.PURCHASE, (WantedItem(product_id, quantity),))
                    pending.append((await orders.create(context, CreateOrder(wanted, None, None))).order_id)
                found.append(Market(product_id, of_partner, pending))
        return viewer, found
    finally:
        await database.close()


_CHANGES = (
    (EventType.LICENSE_ACTIVATED, activations_table, sa.true()),
    (EventType.ACTIVATION_CANCELLED, activations_table, activations_table.c.status == ActivationStatus.CANCELLED),
    (EventType.ORDER_CREATED, orders_table, sa.true()),
    (EventType.ORDER_APPROVED, orders_table, orders_table.c.status == OrderStatus.COMPLETED),
    (EventType.ORDER_CANCELLED, orders_table, orders_table.c.status == OrderStatus.CANCELLED),
)


async def unmatched(database: Database) -> list[object]:
    """Return the changes that don't have one event each, and the events of no change."""
    changed, told = Counter[object](), Counter[object]()
    async with reading(database) as connection:
        for kind, table, is_done in _CHANGES:
            changed.update(
                (kind, number) for (number,) in await fetch_all(connection, sa.select(table.c.id).where(is_done))
            )
            column = events.c.order_id if table is orders_table else events.c.activation_id
            told.update(
                (kind, number)
                for (number,) in await fetch_all(connection, sa.select(column).where(events.c.type == kind))
            )
    return [*(changed - told), *(told - changed)]
