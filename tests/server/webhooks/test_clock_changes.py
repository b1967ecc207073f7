"""A clock that is set back, or was ahead for some time, delays no message and suspends no webhook."""

from datetime import timedelta

from db import webhook_leases
from db.webhook_leases import WebhookKey
from resolvers import ids
from resolvers.portal import Portal
from tests.api import Api
from tests.clock import Clock
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Send, Senders
from tests.server.webhooks.hooks import Hook, new_hook, state
from tests.server.webhooks.test_leases import ONLY_CLIENTS, lease_of
from tests.server.webhooks.test_suspensions import is_down, looked, suspended
from tests.smtp import inbox, sends_to
from tests.units import writing


async def _failing(api: Api, receiver: Receiver, send: Send) -> Hook:
    """Return a webhook that has failed once, and fails at its next attempt too."""
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    await api.client()
    receiver.answers.extend([500, 500])
    await send()
    return hook


async def test_a_retry_is_not_delayed_by_a_clock_set_back(
    api: Api, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await _failing(api, receiver, send)

    clock.set_back(hours=24)
    await send()
    failing = await state(api, hook)
    clock.forward(minutes=1)
    await send()

    assert len(receiver.received) == 3
    assert failing["failedAttempts"] == 2
    assert failing["failingSince"] == (clock.now - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert (await state(api, hook))["failedAttempts"] == 0


async def test_a_dead_sender_s_lease_ends_though_the_clock_was_set_back(
    api: Api, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    hook = await new_hook(api, receiver, **ONLY_CLIENTS)
    wanted = [WebhookKey(api.partner_id, ids.number("Webhook", hook.id))]
    async with writing(api.portal.database) as tx:
        await webhook_leases.lease(tx, wanted, "dead", at=clock.now, until=clock.now + timedelta(seconds=6))
    await api.client()
    await api.done("pingWebhook", "__typename", {"webhookId": hook.id})

    clock.set_back(hours=24)
    sender = senders.new()
    while await sender.look():
        await sender.wait()

    assert [each.body["type"] for each in receiver.received] == ["PING", "CLIENT_REGISTERED"]
    assert await lease_of(api.portal, hook) is None


async def test_a_live_sender_keeps_its_lease_when_the_clock_is_set_back(
    api: Api, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    await new_hook(api, receiver, **ONLY_CLIENTS)
    await api.client()
    receiver.answers.append("wait")
    slow, other = senders.new(), senders.new()
    await slow.look()
    await receiver.arrived.wait()

    clock.set_back(hours=24)
    await slow.renew()

    assert await other.look() == 0
    receiver.gate.set()
    await slow.wait()
    assert len(receiver.received) == 1


async def test_a_clock_that_was_ahead_suspends_no_webhook(
    api: Api, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await _failing(api, receiver, send)

    clock.forward(days=5)
    await send()
    ahead = await state(api, hook)
    clock.set_back(days=5)
    await send()

    assert (ahead["state"], ahead["failedAttempts"]) == ("ACTIVE", 2)
    assert (await state(api, hook))["failedAttempts"] == 0
    assert len(receiver.received) == 3


async def test_mails_about_suspensions_are_not_delayed_by_a_clock_set_back(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    async with inbox() as mails:
        sends_to(portal, mails)
        is_down(mails, times=1)
        await suspended(api, receiver, senders)

        clock.set_back(hours=72)
        await looked(senders, clock, minutes=6)

    assert len(mails.mails) == 1
