"""How far a webhook has come: its position passes what a filter leaves out, and is never set back by a sender."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from db import retention, webhook_leases
from db.tables import webhooks
from db.webhook_leases import Progress, WebhookKey
from resolvers import ids
from resolvers.portal import Portal
from server.webhooks.sender import Intervals
from tests.api import Api
from tests.clock import Clock
from tests.eventually import eventually
from tests.factories import new_caller
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Send, Senders
from tests.server.webhooks.hooks import last_number, new_hook, state
from tests.server.webhooks.test_leases import lease_of
from tests.units import execute, fetch_value, reading, writing


async def test_the_position_of_a_rare_filter_is_written_hourly(
    api: Api, clock: Clock, senders: Senders, receiver: Receiver
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_UPDATED"]})
    sender = senders.new()
    client = await api.client()
    assert await sender.look() == 0

    clock.forward(hours=1)
    assert await sender.look() == 1
    await sender.wait()

    assert await _position(api.portal, hook.id) == await last_number(api)
    clock.forward(days=2)
    before = clock.now - timedelta(days=1)
    await api.portal.database.write(lambda tx: retention.drop_old(tx, partner_id=api.partner_id, before=before))
    await api.done("updateClient", "__typename", {"clientId": client, "city": "Itu"})
    restarted = senders.new()
    assert await restarted.look() == 1
    await restarted.wait()
    assert receiver.numbers == [await last_number(api)]


async def test_a_webhook_that_can_not_be_read_keeps_no_other_waiting(
    api: Api, other_api: Api, receiver: Receiver, send: Send
) -> None:
    broken = await new_hook(api, receiver)
    async with writing(api.portal.database) as tx:
        of_hook = webhooks.c.id == ids.number("Webhook", broken.id)
        await execute(tx, sa.update(webhooks).where(of_hook).values(filter="nonsense"))
    await new_hook(other_api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await other_api.client()

    await send()

    assert len(receiver.received) == 1


async def test_a_look_reads_one_page_of_a_webhook(
    api: Api, senders: Senders, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.feed.SPAN_MAX", 2)
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_UPDATED"]})
    client = await api.client()
    for _ in range(4):
        await api.client()
    await api.done("updateClient", "__typename", {"clientId": client, "city": "Itu"})
    sender, pages, looks = senders.new(), [], 1
    api.portal.database.observers.append(lambda text: pages.append(text) if "FROM events" in text else None)

    while not await sender.look():
        looks += 1

    api.portal.database.observers.clear()
    # The event of the webhook itself and five clients.
    assert (looks, len(pages)) == (4, 4)
    await sender.wait()
    assert receiver.numbers == [await last_number(api)]
    assert (await state(api, hook))["failedAttempts"] == 0


@pytest.fixture
def pages(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of events in each page that is read."""
    read, sizes = portal.feed.page, list[int]()

    async def counted(*of: Any, **named: Any) -> Any:  # noqa: ANN401 — those of `Feed.page`.
        rows, upto = await read(*of, **named)
        sizes.append(len(rows))
        return rows, upto

    monkeypatch.setattr(portal.feed, "page", counted)
    return sizes


async def test_a_look_for_work_reads_only_one_event(
    api: Api, senders: Senders, receiver: Receiver, pages: list[int]
) -> None:
    await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    for _ in range(5):
        await api.client()
    sender = senders.new()

    assert await sender.look() == 1
    looked = list(pages)
    await sender.wait()

    assert looked == [1]
    assert len(receiver.received) == 5


async def test_a_repeated_delivery_reads_no_more_events_than_messages_have(
    api: Api, receiver: Receiver, send: Send, pages: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]}, batchSize=4)
    for _ in range(4):
        await api.client()
    await send()
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    # As if earlier messages had more events.
    monkeypatch.setattr("server.webhooks.delivery.BATCH_MAX", 2)
    pages.clear()
    await api.done("redeliver", "__typename", {"webhookDeliveryId": delivery["id"]})

    await send()

    assert max(pages) <= 3
    assert (await state(api, hook))["deliveries"]["nodes"][0]["failure"] == "NOT_SENT"


async def test_a_look_takes_some_webhooks_and_the_next_look_others(
    api: Api, senders: Senders, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.candidates._LOOKED_AT_MAX", 2)
    hooks = [await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]}) for _ in range(5)]
    await api.client()
    sender, begun = senders.new(), []

    for _ in range(3):
        begun.append(await sender.look())
        await sender.wait()

    assert begun == [2, 2, 1]
    assert [len((await state(api, hook))["deliveries"]["nodes"]) for hook in hooks] == [1] * 5
    for hook in hooks:
        await api.done("pingWebhook", "__typename", {"webhookId": hook.id})
    begun.clear()
    for _ in range(3):
        begun.append(await sender.look())
        await sender.wait()
    assert begun == [2, 2, 1]


async def test_a_webhook_that_is_deleted_is_forgotten(
    api: Api, senders: Senders, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.candidates._LOOKED_AT_MAX", 2)
    hooks = [await new_hook(api, receiver, filter={"types": ["ORDER_CREATED"]}) for _ in range(3)]
    await api.client()
    sender = senders.new()
    known = sender._candidates  # noqa: SLF001 — what it remembers shows nowhere else.

    async def look_at_all() -> int:
        for _ in range(2):
            assert await sender.look() == 0
        return len(known._left_out)  # noqa: SLF001 — likewise.

    assert await look_at_all() == 3
    await api.done("deleteWebhook", "__typename", {"webhookId": hooks[0].id})
    assert await look_at_all() == 2
    await api.done("pauseWebhook", "__typename", {"webhookId": hooks[1].id})
    assert await look_at_all() == 1


async def test_many_webhooks_are_served_by_a_running_sender(
    api: Api, other_api: Api, senders: Senders, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.webhooks.candidates._LOOKED_AT_MAX", 2)
    for each in (api, other_api):
        for _ in range(4):
            await new_hook(each, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    for each in (api, other_api):
        await each.client()
    # It looks again without a commit of another task, and long before the next poll.
    sending = asyncio.create_task(senders.new(seconds=60, intervals=Intervals(poll=600, renew=60, pause=0.001)).run())

    await eventually(lambda: _received(receiver, 8))

    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert len(receiver.received) == 8


async def _received(receiver: Receiver, number: int) -> bool:
    return len(receiver.received) >= number


async def test_a_message_that_failed_waits_for_a_replica_that_is_behind(
    api: Api, clock: Clock, senders: Senders, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await new_hook(api, receiver, batchSize=5, filter={"types": ["CLIENT_REGISTERED"]})
    for _ in range(2):
        await api.client()
    receiver.answers.append(500)
    sender = senders.new()
    await sender.look()
    await sender.wait()
    clock.forward(hours=1)
    page, behind = api.portal.feed.page, await last_number(api)

    for missing in (2, 1):
        with monkeypatch.context() as patched:
            # As if the page came from a replica.
            patched.setattr(
                api.portal.feed,
                "page",
                lambda *of, last, missing=missing, **named: page(*of, last=min(last, behind - missing), **named),
            )
            await sender.look()
            await sender.wait()
        assert (await state(api, hook))["failedAttempts"] == 1
        assert len(receiver.received) == 1
    await sender.look()
    await sender.wait()

    first, second = receiver.received
    assert (first.id, first.content) == (second.id, second.content)


async def test_a_paused_webhook_whose_maker_has_left_is_released(api: Api, receiver: Receiver, send: Send) -> None:
    maker = await new_caller(api.http, api.portal, api.partner_id)
    hook = await new_hook(maker, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    await send()
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    await maker.done("pauseWebhook", "__typename", {"webhookId": hook.id})
    await api.done("deactivateUser", "__typename", {"userId": ids.encode("User", maker.user_id)})
    await api.done("redeliver", "__typename", {"webhookDeliveryId": delivery["id"]})

    await send()

    found = await state(api, hook)
    assert (found["state"], found["deliveries"]["nodes"][0]["failure"]) == ("PAUSED", "NOT_SENT")
    assert await lease_of(api.portal, hook) is None


async def test_the_end_of_a_lease_keeps_the_position(api: Api, clock: Clock, receiver: Receiver) -> None:
    hook = await new_hook(api, receiver)
    key = WebhookKey(api.partner_id, ids.number("Webhook", hook.id))
    until = clock.now + timedelta(seconds=6)
    write = api.portal.database.write
    (held,) = await write(lambda tx: webhook_leases.lease(tx, [key], "a", at=clock.now, until=until))
    moved = await write(lambda tx: webhook_leases.move(tx, held, Progress(held.position + 1), until=until))

    # As a sender that stops does, which has not seen the move yet.
    await write(lambda tx: webhook_leases.release(tx, held))

    assert moved is not None
    assert await _position(api.portal, hook.id) == moved.position
    assert await lease_of(api.portal, hook) is None


async def _position(portal: Portal, hook: str) -> int:
    async with reading(portal.database) as connection:
        of_hook = webhooks.c.id == ids.number("Webhook", hook)
        found: int = await fetch_value(connection, sa.select(webhooks.c.position).where(of_hook))
        return found
