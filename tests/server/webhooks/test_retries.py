"""What becomes of messages that fail, and of webhooks whose messages do."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.tables import webhooks
from resolvers import ids
from resolvers.encryption import seal
from resolvers.portal import Portal
from server.webhooks.sender import Sender
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller
from tests.receivers import Receiver, receiving
from tests.server.webhooks.conftest import Send, Senders
from tests.server.webhooks.hooks import Hook, last_number, new_hook, state
from tests.smtp import inbox, sends_to, sent
from tests.units import execute, writing


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(st.sampled_from(["reset", b"nonsense", 204, 301, 429, 500]), max_size=8),
    events=st.integers(1, 6),
    batch=st.sampled_from([1, 2, 5]),
)
async def test_whatever_fails_each_event_arrives_in_order_at_least_once(
    api: Api, clock: Clock, senders: Senders, *, answers: list[int | str | bytes], events: int, batch: int
) -> None:
    async with receiving() as receiver:
        hook = await new_hook(api, receiver, batchSize=batch, filter={"types": ["CLIENT_REGISTERED"]})
        receiver.answers.extend(answers)
        wanted = []
        several = [senders.new(), senders.new()]
        for _ in range(events):
            await api.client()
            wanted.append(await last_number(api))
            await _round(several)
        # Each failure is followed by a pause, which is over after four hours.
        for _ in range(len(answers) + 1):
            clock.forward(hours=4)
            await _round(several)

        assert list(dict.fromkeys(receiver.numbers)) == wanted
        found = await state(api, hook)
        assert (found["state"], found["failedAttempts"]) == ("ACTIVE", 0)
        delivered = [
            (each["firstNumber"], each["lastNumber"])
            for each in reversed(found["deliveries"]["nodes"])
            if each["status"] == "DELIVERED"
        ]
        assert delivered == sorted(delivered)
        assert delivered[-1][1] == wanted[-1]
        await api.done("deleteWebhook", "__typename", {"webhookId": hook.id})


async def _round(senders: Sequence[Sender]) -> None:
    while any(await asyncio.gather(*(sender.look() for sender in senders))):
        await asyncio.gather(*(sender.wait() for sender in senders))


async def test_a_retry_is_the_same_message_until_it_succeeds(
    api: Api, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, batchSize=10)
    await api.client()
    receiver.answers.extend([500, 204])

    await send()
    await api.client()
    await send()
    failing = await state(api, hook)
    clock.forward(minutes=1)
    await send()

    first, second, third = receiver.received
    assert (first.id, first.content) == (second.id, second.content)
    assert third.numbers[0] == second.numbers[-1] + 1
    assert failing["failedAttempts"] == 1
    attempts = [(each["attempt"], each["status"]) for each in (await state(api, hook))["deliveries"]["nodes"]]
    assert attempts == [(1, "DELIVERED"), (2, "DELIVERED"), (1, "FAILED")]


async def test_three_days_of_failures_suspend_with_an_event_and_a_mail(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    receiver.always = 500
    begun, last = clock.now, await last_number(api)
    async with inbox() as mails:
        sends_to(portal, mails)
        while (await state(api, hook))["state"] == "ACTIVE":
            await send()
            clock.forward(hours=4)
        await sent(portal)

    suspended = await state(api, hook)
    assert timedelta(days=3) <= clock.now - begun <= timedelta(days=3, hours=8)
    assert (suspended["suspensionReason"], suspended["nextAttemptAt"]) == ("FAILING", None)
    types = (await api.data("{ events(last: 1) { nodes { type webhookId actor { id } } } }"))["events"]["nodes"]
    assert types == [{"type": "WEBHOOK_SUSPENDED", "webhookId": hook.id, "actor": None}]
    (mail,) = mails.mails
    assert receiver.url in mail.get_content()
    receiver.always = 204
    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id})
    await send()
    assert receiver.numbers[-1] == last


async def test_a_suspension_is_told_though_its_sender_died_before_the_mail(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    hook = await new_hook(api, receiver)
    await new_caller(api.http, portal, api.partner_id)
    await api.client()
    receiver.answers.append(410)
    sender = senders.new()
    await sender.look()
    await sender.wait()
    async with writing(portal.database) as tx:
        # As it is between the commit of the suspension and the e-mail.
        await execute(tx, sa.update(webhooks).values(told_at=None))

    async with inbox() as mails:
        sends_to(portal, mails)
        for _ in range(2):
            clock.forward(minutes=6)
            await asyncio.gather(*(each.look() for each in (sender, senders.new())))
            await sent(portal)

    assert (await state(api, hook))["suspensionReason"] == "GONE"
    subjects = sorted(str(mail["subject"]) for mail in mails.mails)
    assert subjects == ["Webhook suspended in the partner portal", "Webhook suspenso no Portal do Parceiro"]


@pytest.mark.parametrize("wait", ["120", "Tue, 24 Nov 2099 12:00:00 GMT"])
async def test_a_receiver_says_when_to_come_back(
    api: Api, clock: Clock, receiver: Receiver, send: Send, wait: str
) -> None:
    hook = await new_hook(api, receiver)
    await api.client()
    receiver.answers.append(
        f"HTTP/1.1 503 Busy\r\nretry-after: {wait}\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy".encode()
    )

    await send()

    after = timedelta(seconds=120) if wait == "120" else timedelta(hours=1)
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    assert (delivery["httpStatus"], delivery["answer"]) == (503, "busy")
    assert delivery["nextAttemptAt"] == (clock.now + after).isoformat().replace("+00:00", "Z")


async def test_an_error_of_the_portal_is_tried_again_as_a_failure(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver)
    await api.client()
    purpose = f"keys of a webhook of partner {api.partner_id}"
    await _damage(api, hook, sealed=seal(portal.secret, purpose, b"short"))

    await send()

    failing = await state(api, hook)
    assert (failing["failedAttempts"], failing["failingSince"]) == (1, _written(clock.now))
    (attempt,) = failing["deliveries"]["nodes"]
    assert (attempt["failure"], attempt["nextAttemptAt"]) == ("NOT_SENT", failing["nextAttemptAt"])
    await api.done("pingWebhook", "__typename", {"webhookId": hook.id})
    await send()
    ping = (await state(api, hook))["deliveries"]["nodes"][0]
    assert (ping["status"], ping["failure"]) == ("FAILED", "NOT_SENT")
    while (await state(api, hook))["state"] == "ACTIVE":
        clock.forward(hours=4)
        await send()
    assert (await state(api, hook))["suspensionReason"] == "FAILING"


async def test_an_error_before_a_message_is_followed_by_a_pause_too(
    api: Api, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver)
    await api.client()
    await _damage(api, hook, filter='{"occurred_from": "nonsense"}')
    await api.done("pingWebhook", "__typename", {"webhookId": hook.id})

    await send()

    found = await state(api, hook)
    assert found["failedAttempts"] == 1
    assert found["nextAttemptAt"] > _written(clock.now)
    assert [each["status"] for each in found["deliveries"]["nodes"]] == ["DELIVERED"]


async def _damage(api: Api, hook: Hook, **values: object) -> None:
    mine = webhooks.c.partner_id == api.partner_id, webhooks.c.id == ids.number("Webhook", hook.id)
    async with writing(api.portal.database) as tx:
        await execute(tx, sa.update(webhooks).where(*mine).values(**values))


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def test_gone_suspends_at_once(api: Api, receiver: Receiver, send: Send) -> None:
    hook = await new_hook(api, receiver)
    await api.client()
    receiver.answers.append(410)

    await send()

    found = await state(api, hook)
    assert (found["state"], found["suspensionReason"]) == ("SUSPENDED", "GONE")
    assert len(receiver.received) == 1


async def test_a_webhook_whose_maker_has_left_is_suspended(api: Api, receiver: Receiver, send: Send) -> None:
    maker = await new_caller(api.http, api.portal, api.partner_id)
    hook = await new_hook(maker, receiver)
    await api.done("deactivateUser", "__typename", {"userId": ids.encode("User", maker.user_id)})

    await send()

    assert (await state(api, hook))["suspensionReason"] == "MAKER"
    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id})
    await send()
    assert receiver.received
