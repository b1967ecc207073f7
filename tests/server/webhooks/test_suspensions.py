"""E-mails about suspended webhooks, through a real mail server that may be down, on both engines."""

import pytest

from resolvers.portal import Portal
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Senders
from tests.server.webhooks.hooks import new_hook, state
from tests.smtp import Inbox, inbox, sends_to, sent

LATER = "451 4.3.0 Try again later"
ATTEMPTS = 3
"""How often one e-mail is tried at once."""


async def suspended(api: Api, receiver: Receiver, senders: Senders) -> str:
    """Suspend a webhook by an answer of its receiver, and return its id."""
    hook = await new_hook(api, receiver)
    await api.client()
    receiver.answers.append(410)
    sender = senders.new()
    await sender.look()
    await sender.wait()
    await sent(senders.portal)
    assert (await state(api, hook))["state"] == "SUSPENDED"
    return hook.id


async def looked(senders: Senders, clock: Clock, **passed: float) -> None:
    """Let time pass, and two other processes look for e-mails that were not sent."""
    clock.forward(**passed)
    for sender in (senders.new(), senders.new()):
        await sender.look()
    await sent(senders.portal)


def is_down(mails: Inbox, *, times: int) -> None:
    mails.answers = [LATER] * times * ATTEMPTS


@pytest.mark.parametrize("asked", ["pingWebhook", "redeliver"])
async def test_gone_suspends_whatever_message_it_answers(
    api: Api, receiver: Receiver, senders: Senders, asked: str
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    await _sent(senders)
    given = {"webhookId": hook.id}
    if asked == "redeliver":
        given = {"webhookDeliveryId": (await state(api, hook))["deliveries"]["nodes"][0]["id"]}
    receiver.answers.append(410)

    await api.done(asked, "__typename", given)
    await _sent(senders)

    found = await state(api, hook)
    assert (found["state"], found["suspensionReason"], found["failedAttempts"]) == ("SUSPENDED", "GONE", 0)
    assert found["deliveries"]["nodes"][0]["httpStatus"] == 410
    await api.client()
    await _sent(senders)
    assert len(receiver.received) == 2
    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id})
    await _sent(senders)
    assert len(receiver.received) == 3


async def test_gone_leaves_a_paused_webhook_paused(api: Api, receiver: Receiver, senders: Senders) -> None:
    hook = await new_hook(api, receiver)
    await api.done("pauseWebhook", "__typename", {"webhookId": hook.id})
    receiver.answers.append(410)

    for _ in range(2):
        await api.done("pingWebhook", "__typename", {"webhookId": hook.id})
    await _sent(senders)

    found = await state(api, hook)
    assert (found["state"], found["suspensionReason"]) == ("PAUSED", None)
    assert [each["httpStatus"] for each in found["deliveries"]["nodes"]] == [204, 410]


async def _sent(senders: Senders) -> None:
    sender = senders.new()
    while await sender.look():
        await sender.wait()


async def test_mails_are_tried_until_the_server_takes_them(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    async with inbox() as mails:
        sends_to(portal, mails)
        is_down(mails, times=4)
        await suspended(api, receiver, senders)
        for minutes in (6, 6, 13):
            await looked(senders, clock, minutes=minutes)
        assert (mails.mails, mails.answers) == ([], [])

        for _ in range(3):
            await looked(senders, clock, hours=25)

    assert len(mails.mails) == 1


async def test_managers_who_were_told_are_not_told_again(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    await new_caller(api.http, portal, api.partner_id)
    async with inbox() as mails:
        sends_to(portal, mails)
        is_down(mails, times=1)
        await suspended(api, receiver, senders)
        for _ in range(3):
            await looked(senders, clock, minutes=6)

    assert len(mails.recipients) == len(set(mails.recipients)) == 2


@pytest.mark.parametrize("change", ["resumeWebhook", "pauseWebhook", "deleteWebhook"])
async def test_no_mail_follows_when_the_webhook_is_no_longer_suspended(
    api: Api, clock: Clock, receiver: Receiver, senders: Senders, change: str
) -> None:
    async with inbox() as mails:
        sends_to(api.portal, mails)
        is_down(mails, times=1)
        hook = await suspended(api, receiver, senders)
        await api.done(change, "__typename", {"webhookId": hook})
        await looked(senders, clock, minutes=6)

    assert mails.mails == []


async def test_a_process_without_a_mail_server_leaves_mails_to_others(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    await suspended(api, receiver, senders)
    await looked(senders, clock, minutes=6)

    async with inbox() as mails:
        sends_to(portal, mails)
        for _ in range(2):
            await looked(senders, clock, minutes=6)

    assert len(mails.mails) == 1


async def test_managers_are_told_of_webhooks_that_named_a_cancelled_client(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, senders: Senders
) -> None:
    client = await api.client(name="Quitandinha")
    await new_hook(api, receiver, url=f"{receiver.url}?de=Quitandinha")
    async with inbox() as mails:
        sends_to(portal, mails)
        await api.done("cancelClient", "__typename", {"clientId": client})
        await looked(senders, clock, seconds=1)

    (mail,) = mails.mails
    assert "named a cancelled client" in mail.get_content()
    assert f"{receiver.url}?de=[…]" in mail.get_content()
    assert receiver.received == []
