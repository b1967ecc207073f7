"""Messages to receivers: bodies and headers as Standard Webhooks 1.0 has them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from db.events import EventRow
from db.webhook_deliveries import Message
from db.webhook_leases import Leased
from domain.access import Permissions
from domain.field_permissions import NODE_PERMISSIONS
from resolvers import events, ids, webhook_keys
from resolvers.portal import Portal

BATCH, PING = "EVENTS", "PING"
"""Types of messages that are not of one event."""

_LONG_BYTES = 64 * 1024

_OBJECTS = {
    "actorId": ("User", "actor_id"),
    "clientId": ("Client", "client_id"),
    "activationId": ("Activation", "activation_id"),
    "orderId": ("Order", "order_id"),
    "productId": ("Product", "product_id"),
    "userId": ("User", "user_id"),
    "apiTokenId": ("ApiToken", "token_id"),
    "priceTableId": ("PriceTable", "price_table_id"),
    "webhookId": ("Webhook", "webhook_id"),
}


def thin(row: EventRow, permissions: Permissions) -> bytes:
    """Return the JSON of an event with the ids of its objects, as far as the permissions allow to read them."""
    data: dict[str, Any] = {
        "id": ids.encode("Event", row.id),
        "type": row.type.value,
        "number": row.number,
        "cursor": events.cursor(row),
        "occurredAt": _written(row.occurred_at),
    }
    for name, (type_name, column) in _OBJECTS.items():
        found, needed = getattr(row, column), NODE_PERMISSIONS[type_name]
        if found is not None and (needed is None or needed in permissions):
            data[name] = ids.encode(type_name, found)
    return orjson.dumps(data)


def of_events(portal: Portal, held: Leased, rows: Sequence[EventRow]) -> Message:
    """Return the message of these events, whose id is the same each time."""
    first, last = rows[0].number, rows[-1].number
    # With another filter, other events may be between the same numbers.
    named = portal.digest("message of a webhook", f"{held.partner_id} {held.id} {first} {last} {held.filter}".encode())
    return Message(f"evt_{named.hex()[:32]}", first, last, held.filter, held.batch_size > 1)


def body(rows: Sequence[EventRow], written: Sequence[bytes], *, batched: bool) -> bytes:
    """Return the body of a message with events, which are JSON already, as a list if they are batched."""
    last, parts = rows[-1], [orjson.Fragment(each) for each in written]
    timestamp = _written(last.occurred_at)
    if batched:
        return orjson.dumps({"type": BATCH, "timestamp": timestamp, "data": {"events": parts}})
    return orjson.dumps({"type": last.type.value, "timestamp": timestamp, "data": parts[-1]})


def ping_body(held: Leased, now: datetime) -> bytes:
    """Return the body of a ping."""
    data = {"webhookId": ids.encode("Webhook", held.id)}
    return orjson.dumps({"type": PING, "timestamp": _written(now), "data": data})


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def headers(portal: Portal, held: Leased, message_id: str, content: bytes, now: datetime) -> dict[str, str]:
    """Return the headers of a message, signed with all valid keys; raise UnsealingError if they can't be read."""
    stored = [held.sealed]
    if held.previous_sealed is not None and held.previous_until is not None and now < held.previous_until:
        stored.append(held.previous_sealed)
    keys = [webhook_keys.unsealed(portal.secrets, held.partner_id, each) for each in stored]
    timestamp = int(now.timestamp())
    signing = partial(webhook_keys.signature, keys, message_id, timestamp, content)
    # Requests are answered while a long message is signed, which takes some milliseconds.
    signature = signing() if len(content) < _LONG_BYTES else await asyncio.to_thread(signing)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
