"""Bringing what a partner had before into the portal, many rows to a transaction."""

from collections.abc import Sequence
from datetime import datetime

from db import clients, events
from db.engine import Transaction
from domain.events import Event, EventType
from resolvers.clients import RegisterClient


async def register_clients(
    tx: Transaction, partner_id: int, wanted: Sequence[RegisterClient], *, at: datetime
) -> list[bool]:
    """Register clients as the API does, by nobody in particular; False in the place of one that is active already."""
    registered = await clients.register_many(
        tx, partner_id, [(client.cnpj, client.details) for client in wanted], at=at
    )
    happened = [Event(type=EventType.CLIENT_REGISTERED, client_id=client_id) for client_id in registered.values()]
    if happened:
        await events.append(tx, partner_id, happened, actor_id=None, at=at)
    seen = set[str]()
    done = []
    for client in wanted:
        done.append(client.cnpj in registered and client.cnpj not in seen)
        seen.add(client.cnpj)
    return done
