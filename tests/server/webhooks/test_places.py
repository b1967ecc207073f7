"""The places of a process are shared among partners, and only webhooks with something to send take one."""

import asyncio

import sqlalchemy as sa

from db.tables import webhook_deliveries
from server.webhooks.sender import Intervals, Places
from tests.api import Api
from tests.eventually import eventually
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Senders
from tests.server.webhooks.hooks import new_hook
from tests.units import execute, fetch_value, reading, writing

ONLY_CLIENTS = {"filter": {"types": ["CLIENT_REGISTERED"]}}
LONG = 60.0


async def test_deliveries_of_a_deleted_webhook_take_no_place(api: Api, senders: Senders, receiver: Receiver) -> None:
    deleted, failing = [await new_hook(api, receiver, **ONLY_CLIENTS) for _ in range(2)]
    sender = senders.new(places=Places(failing=1))
    for hook in (deleted, failing):
        await api.done("pingWebhook", "__typename", {"webhookId": hook.id})
    await api.done("deleteWebhook", "__typename", {"webhookId": deleted.id})
    async with reading(api.portal.database) as connection:
        kept = await fetch_value(connection, sa.select(sa.func.count()).select_from(webhook_deliveries))
    async with writing(api.portal.database) as tx:
        # Like one that an earlier version kept.
        lost = {"webhook_id": 0, "message_id": "ping_1", "attempt": 1, "status": "QUEUED"}
        await execute(
            tx,
            sa.insert(webhook_deliveries).values(partner_id=api.partner_id, created_at=api.portal.now(), **lost),
        )

    assert kept == 1
    assert await sender.look() == 1
    await sender.wait()
    assert [each.body["type"] for each in receiver.received] == ["PING"]


async def test_a_sender_does_not_look_again_for_its_own_writes(api: Api, senders: Senders, receiver: Receiver) -> None:
    await new_hook(api, receiver, **ONLY_CLIENTS)
    sender = senders.new(seconds=LONG, intervals=Intervals(poll=LONG, renew=0.001, pause=0.001))
    receiver.answers.append("wait")
    await api.client()
    statements: list[str] = []
    sending = asyncio.create_task(sender.run())
    await receiver.arrived.wait()
    api.portal.database.observers.append(statements.append)

    await eventually(lambda: _renewed(statements, 5))

    api.portal.database.observers.clear()
    receiver.gate.set()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    # The look that has begun before.
    assert sum(text.startswith("SELECT DISTINCT") for text in statements) <= 1


async def _renewed(statements: list[str], times: int) -> bool:
    return sum(text.startswith("UPDATE webhooks") for text in statements) >= times
