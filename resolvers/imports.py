"""Import of a partner's clients, many rows in one transaction."""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from db import clients, events, prices
from db.engine import Transaction
from db.prices import ProductRow
from domain.events import Event, EventType
from resolvers.clients import RegisterClient
from resolvers.portal import Portal

_EVENTS_AT_ONCE = 1_000


async def register_clients(
    portal: Portal,
    partner_id: int,
    batches: Iterable[Sequence[RegisterClient]],
    *,
    all_or_nothing: bool,
    report: Callable[[list[bool]], object],
) -> None:
    """Register clients as the API does, without an actor; skip those that are active already.

    Each batch is a transaction, or all of them are one, which is rolled back if `batches` raises an error.
    `report` is called with the clients of each batch that were registered.
    """
    now = portal.now()

    async def at_once(tx: Transaction) -> None:
        client_ids = array("q")
        for batch in batches:
            registered = await _register(tx, partner_id, batch, at=now)
            client_ids.extend(registered.values())
            report([client.cnpj in registered for client in batch])
        # The counters, which the events are numbered by, are the last lock that a transaction takes.
        await _append(tx, partner_id, client_ids, at=now)

    async def one_batch(tx: Transaction, batch: Sequence[RegisterClient]) -> Mapping[str, int]:
        at = portal.now()
        registered = await _register(tx, partner_id, batch, at=at)
        await _append(tx, partner_id, list(registered.values()), at=at)
        return registered

    if all_or_nothing:
        await portal.database.write(at_once)
        return
    for batch in batches:
        registered = await portal.database.write(partial(one_batch, batch=batch))
        report([client.cnpj in registered for client in batch])


async def _register(
    tx: Transaction, partner_id: int, batch: Sequence[RegisterClient], *, at: datetime
) -> Mapping[str, int]:
    # In one order, so that two imports of the same clients wait for each other, and not each for the other.
    wanted = sorted(batch, key=lambda client: client.cnpj)
    return await clients.register_many(tx, partner_id, [(client.cnpj, client.details) for client in wanted], at=at)


async def _append(tx: Transaction, partner_id: int, client_ids: Sequence[int], *, at: datetime) -> None:
    for start in range(0, len(client_ids), _EVENTS_AT_ONCE):
        happened = [
            Event(type=EventType.CLIENT_REGISTERED, client_id=client_id)
            for client_id in client_ids[start : start + _EVENTS_AT_ONCE]
        ]
        await events.append(tx, partner_id, happened, actor_id=None, at=at)


async def products(portal: Portal) -> list[ProductRow]:
    """Return every product that can have a price."""
    return await portal.database.read(prices.all_products)
