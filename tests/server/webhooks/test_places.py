"""The places of a process are shared among partners, and only webhooks with something to send take one."""

import asyncio
import socket
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from db.tables import webhook_deliveries
from server.webhooks.capacity import Places
from server.webhooks.sender import Intervals
from tests.api import Api
from tests.clock import Clock
from tests.eventually import eventually
from tests.receivers import Receiver, receiving
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


async def test_a_partner_takes_no_more_than_its_share(api: Api, other_api: Api, senders: Senders) -> None:
    async with receiving() as hanging, receiving() as good:
        hanging.always = "hang"
        for _ in range(3):
            await new_hook(api, hanging, **ONLY_CLIENTS)
            idle = await new_hook(api, hanging, filter={"types": ["ORDER_CREATED"]})
            await api.done("pingWebhook", "__typename", {"webhookId": idle.id})
        await new_hook(other_api, good, **ONLY_CLIENTS)
        await api.client()
        await other_api.client()
        sender = senders.new(seconds=LONG, places=Places(answering_of_partner=2, failing_of_partner=1))

        assert await sender.look() == 2 + 1 + 1
        await eventually(lambda: _has(good, 1))
        assert await sender.look() == 0
    await sender.wait()


async def test_a_slow_receiver_leaves_its_place_after_a_while(
    api: Api, clock: Clock, senders: Senders, receiver: Receiver
) -> None:
    await new_hook(api, receiver, **ONLY_CLIENTS)
    for _ in range(2):
        await api.client()
    receiver.answers.append("wait")
    sender = senders.new(seconds=LONG)
    await sender.look()
    await receiver.arrived.wait()

    clock.forward(seconds=5)
    receiver.gate.set()
    await sender.wait()

    assert len(receiver.received) == 1
    assert await sender.look() == 1
    await sender.wait()
    assert len(receiver.received) == 2


async def test_names_of_failing_webhooks_keep_no_thread_of_others(
    api: Api, other_api: Api, senders: Senders, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.network._THREADS", 1)
    resolved, is_over = socket.getaddrinfo, threading.Event()

    def resolve(host: str, *of: Any, **by: Any) -> Any:  # noqa: ANN401 — those of the system.
        if host == "hangs.example":
            is_over.wait(LONG)
        return resolved(host, *of, **by)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    hanging = await new_hook(api, receiver, url="http://hangs.example/", **ONLY_CLIENTS)
    await new_hook(other_api, receiver, **ONLY_CLIENTS)
    await api.done("pingWebhook", "__typename", {"webhookId": hanging.id})
    # Time enough for the other receiver on a busy machine.
    sender = senders.new(seconds=3)
    try:
        assert await sender.look() == 1
        await sender.wait()
        await other_api.client()
        assert await sender.look() == 1
        await sender.wait()
    finally:
        is_over.set()

    assert len(receiver.received) == 1


async def _has(receiver: Receiver, number: int) -> bool:
    return len(receiver.received) >= number


async def _renewed(statements: list[str], times: int) -> bool:
    return sum(text.startswith("UPDATE webhooks") for text in statements) >= times
