"""One sender at a time serves a webhook, and none delays another, whatever receivers do."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from db import webhook_leases
from db.engine import Transaction
from db.tables import webhooks
from db.webhook_leases import Leased, Progress, WebhookKey
from resolvers import ids
from resolvers.portal import Portal
from server.webhooks.capacity import Places
from tests.api import Api
from tests.clock import Clock
from tests.eventually import eventually
from tests.receivers import Receiver, receiving
from tests.server.webhooks.conftest import Senders
from tests.server.webhooks.hooks import Hook, last_number, new_hook, state
from tests.units import fetch_value, reading, writing

ONLY_CLIENTS = {"filter": {"types": ["CLIENT_REGISTERED"]}}
LONG = 60.0


Write = Callable[[Transaction, Leased, datetime], Awaitable[object]]


async def _renewed(tx: Transaction, held: Leased, until: datetime) -> object:
    return await webhook_leases.renew(tx, [held], until=until)


async def _moved(tx: Transaction, held: Leased, until: datetime) -> object:
    return await webhook_leases.move(tx, held, Progress(held.position), until=until)


async def lease_of(portal: Portal, hook: Hook) -> str | None:
    """Return the sender that has leased a webhook."""
    async with reading(portal.database) as connection:
        of_hook = webhooks.c.id == ids.number("Webhook", hook.id)
        found: str | None = await fetch_value(connection, sa.select(webhooks.c.sender).where(of_hook))
        return found


async def test_two_senders_that_look_at_once_send_each_event_once(
    api: Api, senders: Senders, receiver: Receiver
) -> None:
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    for _ in range(3):
        await api.client()
    several = [senders.new(seconds=LONG) for _ in range(4)]
    # Until all have looked: what has been sent would leave the webhook to the next one.
    receiver.answers.append("wait")

    begun = await asyncio.gather(*(sender.look() for sender in several))
    receiver.gate.set()
    await asyncio.gather(*(sender.wait() for sender in several))

    assert sorted(begun) == [0, 0, 0, 1]
    assert receiver.numbers == sorted(set(receiver.numbers))
    assert len(receiver.numbers) == 3
    assert await lease_of(api.portal, hook) is None


async def test_a_sender_that_lost_its_lease_writes_nothing(
    api: Api, clock: Clock, senders: Senders, receiver: Receiver
) -> None:
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    await api.client()
    receiver.answers.append("wait")
    stalled, other = senders.new(seconds=LONG), senders.new()
    assert await stalled.look() == 1
    await receiver.arrived.wait()
    # No transaction is open while the receiver has the message.
    await api.client()
    assert await other.look() == 0

    clock.forward(seconds=7)
    assert await other.look() == 1
    await other.wait()
    between = await state(api, hook)
    receiver.gate.set()
    await stalled.wait()

    assert len(receiver.received) == 3
    assert receiver.numbers[0] == receiver.numbers[1] < receiver.numbers[2]
    assert await state(api, hook) == between


async def test_a_renewed_lease_is_not_taken_over(api: Api, clock: Clock, senders: Senders, receiver: Receiver) -> None:
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    await api.client()
    receiver.answers.append("wait")
    slow, other = senders.new(seconds=LONG), senders.new()
    await slow.look()
    await receiver.arrived.wait()

    clock.forward(seconds=4)
    await slow.renew()
    clock.forward(seconds=4)

    assert await other.look() == 0
    clock.forward(seconds=4)
    assert await other.look() == 1
    await other.wait()
    await slow.renew()
    await slow.wait()
    assert [each["status"] for each in (await state(api, hook))["deliveries"]["nodes"]] == ["DELIVERED"]


async def test_a_message_that_was_sent_leaves_a_renewed_lease_as_long(
    api: Api, clock: Clock, senders: Senders, receiver: Receiver
) -> None:
    await new_hook(api, receiver, batchSize=1, **ONLY_CLIENTS)
    for _ in range(3):
        await api.client()
    receiver.answers.append("wait")
    serving, other = senders.new(seconds=LONG), senders.new()
    assert await serving.look() == 1
    await receiver.arrived.wait()
    clock.forward(seconds=4)
    await serving.renew()
    receiver.answers.append("hang")
    receiver.gate.set()
    await eventually(lambda: _has(receiver, 2))

    # The original lease would have expired by now; the renewed one has not.
    clock.forward(seconds=3)

    assert await other.look() == 0


@pytest.mark.parametrize("write", [_renewed, _moved])
async def test_a_lease_is_never_made_shorter(api: Api, clock: Clock, receiver: Receiver, write: Write) -> None:
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    wanted = [WebhookKey(api.partner_id, ids.number("Webhook", hook.id))]
    until = clock.now + timedelta(seconds=6)

    async with writing(api.portal.database) as tx:
        (held,) = await webhook_leases.lease(tx, wanted, "sender", at=clock.now, until=until)
        await write(tx, held, until - timedelta(seconds=2))
        just_before = await webhook_leases.lease(tx, wanted, "other", at=until - timedelta(seconds=1), until=until)
        at_the_end = await webhook_leases.lease(tx, wanted, "other", at=until, until=until)
        await webhook_leases.release(tx, *at_the_end)

    assert (len(just_before), len(at_the_end)) == (0, 1)


async def test_a_released_lease_keeps_no_other_from_renewal(api: Api, clock: Clock, receiver: Receiver) -> None:
    hooks = [await new_hook(api, receiver, **ONLY_CLIENTS) for _ in range(2)]
    wanted = [WebhookKey(api.partner_id, ids.number("Webhook", hook.id)) for hook in hooks]
    until = clock.now + timedelta(seconds=6)

    async with writing(api.portal.database) as tx:
        held = await webhook_leases.lease(tx, wanted, "sender", at=clock.now, until=until)
        await webhook_leases.release(tx, held[0])
        renewed = await webhook_leases.renew(tx, held, until=until + timedelta(seconds=2))
        await webhook_leases.release(tx, held[1])

    assert renewed == {held[1].id}


async def test_what_is_being_sent_does_not_undo_a_new_position(api: Api, senders: Senders, receiver: Receiver) -> None:
    await api.client()
    await api.client()
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    first = (await api.data("{ events(first: 1) { nodes { cursor number } } }"))["events"]["nodes"][0]
    await api.client()
    await api.client()
    receiver.answers.append("wait")
    sender = senders.new(seconds=LONG)
    await sender.look()
    await receiver.arrived.wait()

    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id, "from": first["cursor"]})
    receiver.gate.set()
    await sender.wait()
    while await sender.look():
        await sender.wait()

    # The third event is that of the webhook itself.
    assert receiver.numbers == [4, 2, 4, 5]


async def test_receivers_that_hang_keep_no_other_waiting(api: Api, other_api: Api, senders: Senders) -> None:
    async with receiving() as hanging, receiving() as good:
        hanging.always = "hang"
        for _ in range(2):
            await new_hook(api, hanging, **ONLY_CLIENTS)
        await new_hook(other_api, good, **ONLY_CLIENTS)
        await api.client()
        for _ in range(3):
            await other_api.client()
        sender = senders.new(seconds=LONG)

        assert await sender.look() == 3
        await eventually(lambda: _has(good, 3))

        assert len(hanging.received) <= 2
    await sender.wait()


async def test_failing_webhooks_take_no_place_of_those_that_answer(
    api: Api, other_api: Api, clock: Clock, senders: Senders
) -> None:
    async with receiving() as hanging, receiving() as good:
        hanging.answers.extend([500, 500])
        hanging.always = "hang"
        sender = senders.new(seconds=LONG, places=Places(answering=2, failing=1))
        for _ in range(2):
            await new_hook(api, hanging, **ONLY_CLIENTS)
        await api.client()
        await sender.look()
        await sender.wait()
        clock.forward(hours=1)
        await new_hook(other_api, good, **ONLY_CLIENTS)
        await other_api.client()

        # One of the two that have failed, and the one that answers.
        assert await sender.look() == 2
        await eventually(lambda: _has(good, 1))
    await sender.wait()


async def test_a_sender_that_stops_gives_its_leases_back(api: Api, senders: Senders, receiver: Receiver) -> None:
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    sender, other = senders.new(), senders.new()
    sending = asyncio.create_task(sender.run())
    await api.client()
    await eventually(lambda: _has(receiver, 1))
    receiver.answers.append("wait")
    await api.client()
    await eventually(lambda: _has(receiver, 2))

    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert await lease_of(api.portal, hook) is None
    while await other.look():
        await other.wait()
    assert list(dict.fromkeys(receiver.numbers)) == sorted(set(receiver.numbers))
    assert receiver.numbers[-1] == await last_number(api)


async def test_events_that_a_filter_leaves_out_are_not_written_about(
    api: Api, senders: Senders, receiver: Receiver
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["ORDER_CREATED"]})
    sender = senders.new()
    written: list[str] = []
    for _ in range(3):
        await api.client()
    api.portal.database.observers.append(written.append)

    for _ in range(3):
        assert await sender.look() == 0

    api.portal.database.observers.clear()
    assert not [text for text in written if text.startswith("UPDATE")]
    assert receiver.received == []
    assert (await state(api, hook))["deliveries"]["nodes"] == []


async def _has(receiver: Receiver, number: int) -> bool:
    return len(receiver.received) >= number
