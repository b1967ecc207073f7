"""What receivers get: each event at least once, in order and signed, and what becomes of a webhook that fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from db import retention
from db.tables import webhook_deliveries, webhooks
from domain.timestamps import utc_now
from resolvers import clients, ids
from resolvers.clients import CancelClient
from resolvers.encryption import seal
from resolvers.portal import Portal
from server.background import cleanup
from server.webhooks.sender import Sender
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller
from tests.receivers import Receiver, receiving
from tests.resolvers.test_races import raced
from tests.server.webhooks.conftest import Send, Senders
from tests.server.webhooks.hooks import Hook, is_verified, last_number, new_hook, state
from tests.smtp import inbox, sends_to, sent
from tests.units import execute, fetch_all, fetch_values, reading, writing


async def test_a_message_is_thin_and_signed_with_both_keys(
    api: Api, portal: Portal, product: str, receiver: Receiver, send: Send
) -> None:
    portal.now = utc_now
    await api.buy(product, 1)
    client = await api.client()
    hook = await new_hook(api, receiver)
    before = await last_number(api)
    activation = await api.activation(client, product)

    await send()

    *_, received = receiver.received
    assert Verifier(hook.secret).verify(received.content, received.headers) == received.body
    assert is_verified(hook.public_key, received)
    data = received.body["data"]
    query = "query ($id: ID!) { node(id: $id) { ... on Event { number cursor occurredAt } } }"
    event = (await api.data(query, id=data["id"]))["node"]
    assert received.body == {
        "type": "LICENSE_ACTIVATED",
        "timestamp": event["occurredAt"],
        "data": {
            "id": data["id"],
            "type": "LICENSE_ACTIVATED",
            **event,
            "actorId": ids.encode("User", api.user_id),
            "clientId": client,
            "activationId": activation,
        },
    }
    assert event["number"] == before + 1
    assert received.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Verifier(hook.secret).verify(received.content + b" ", received.headers)


async def test_a_filter_and_a_selection_say_what_is_in_a_message(
    api: Api, product: str, receiver: Receiver, send: Send
) -> None:
    await api.buy(product, 3)
    client, other = await api.client(name="Padaria"), await api.client()
    chosen = {"types": ["LICENSE_ACTIVATED", "CLIENT_UPDATED"], "clientId": client}
    selection = "{ message client { ...Named } order { id } } fragment Named on Client { name }"
    hook = await new_hook(api, receiver, filter=chosen, selection=selection, batchSize=10)
    await api.activation(other, product)
    await api.activation(client, product)
    await api.done("updateClient", "__typename", {"clientId": client, "city": "Itu"})

    await send()

    (received,) = receiver.received
    assert received.body["type"] == "EVENTS"
    assert [event["type"] for event in received.body["data"]["events"]] == ["LICENSE_ACTIVATED", "CLIENT_UPDATED"]
    assert received.body["data"]["events"][1]["event"] == {
        "message": "Padaria: details updated.",
        "client": {"name": "Padaria"},
        "order": None,
    }
    assert (await state(api, hook))["deliveries"]["nodes"][0]["lastNumber"] == received.numbers[-1]


async def test_objects_that_the_maker_may_not_read_are_left_out(api: Api, receiver: Receiver, send: Send) -> None:
    permissions = ["WEBHOOKS_MANAGE", "WEBHOOKS_READ", "EVENTS_READ"]
    made = await api.done("createApiToken", "secret", {"name": "hooks", "permissions": permissions})
    script = replace(api, token=made["secret"])
    await new_hook(script, receiver, selection="{ message client { name } }", filter={"types": ["CLIENT_REGISTERED"]})
    await api.client(name="Segredo")

    await send()

    (received,) = receiver.received
    assert "clientId" not in received.body["data"]
    assert received.body["data"]["event"] == {"message": "…: client registered.", "client": None}


async def test_what_another_partner_does_is_not_sent(api: Api, other_api: Api, receiver: Receiver, send: Send) -> None:
    client = await other_api.client()
    await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await new_hook(api, receiver, filter={"clientId": client})
    await other_api.client()
    await other_api.done("updateClient", "__typename", {"clientId": client, "city": "Itu"})

    await send()

    assert receiver.received == []


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


async def test_both_keys_are_used_for_a_day_after_a_rotation(
    api: Api, portal: Portal, receiver: Receiver, send: Send
) -> None:
    portal.now = utc_now
    hook = await new_hook(api, receiver)
    rotated = await api.done("rotateWebhookSecret", "webhook { publicKey } secret", {"webhookId": hook.id})
    await send()
    portal.now = lambda: utc_now() + timedelta(hours=24, minutes=1)
    await api.client()
    await send()

    during, after = receiver.received[0], receiver.received[-1]
    for secret in (hook.secret, rotated["secret"]):
        Verifier(secret).verify(during.content, during.headers)
    assert is_verified(hook.public_key, during)
    assert is_verified(rotated["webhook"]["publicKey"], during)
    assert len(after.headers["webhook-signature"].split()) == 2
    assert is_verified(rotated["webhook"]["publicKey"], after)
    assert not is_verified(hook.public_key, after)


async def test_keys_that_are_no_longer_used_are_deleted(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver
) -> None:
    hook = await new_hook(api, receiver)
    await api.done("rotateWebhookSecret", "__typename", {"webhookId": hook.id})
    clock.forward(hours=23)
    await cleanup.delete_expired(portal)
    assert await api.codes("rotateWebhookSecret", {"webhookId": hook.id}) == ["WEBHOOK_KEYS_CHANGING"]
    clock.forward(hours=1)
    before = await state(api, hook)

    await cleanup.delete_expired(portal)

    async with reading(portal.database) as connection:
        mine = webhooks.c.partner_id == api.partner_id
        ((stored,),) = await fetch_all(connection, sa.select(webhooks.c.previous_sealed).where(mine))
    assert stored is None
    assert before["formerKeysUntil"] is None
    await api.done("rotateWebhookSecret", "__typename", {"webhookId": hook.id})


async def test_a_ping_reaches_a_paused_webhook_and_events_wait(api: Api, receiver: Receiver, send: Send) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.done("pauseWebhook", "__typename", {"webhookId": hook.id})
    await api.client()
    ping = await api.done("pingWebhook", "delivery { messageId }", {"webhookId": hook.id})

    await send()

    (received,) = receiver.received
    assert (received.id, received.body["type"]) == (ping["delivery"]["messageId"], "PING")
    assert (await state(api, hook))["deliveries"]["nodes"][0]["status"] == "DELIVERED"
    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id})
    await send()
    assert [each.body["type"] for each in receiver.received] == ["PING", "CLIENT_REGISTERED"]


async def test_a_message_is_delivered_again_with_the_same_id(api: Api, receiver: Receiver, send: Send) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    await api.client()
    await send()
    cursor = (await state(api, hook))["cursor"]
    oldest = (await state(api, hook))["deliveries"]["nodes"][-1]
    receiver.answers.append(500)

    for _ in range(2):
        await api.done("redeliver", "delivery { id }", {"webhookDeliveryId": oldest["id"]})
        await send()

    first, _, failed, again = receiver.received
    assert first.id == failed.id == again.id
    assert first.content == again.content
    found = await state(api, hook)
    assert [each["status"] for each in found["deliveries"]["nodes"]] == [
        "DELIVERED",
        "FAILED",
        "DELIVERED",
        "DELIVERED",
    ]
    assert (found["cursor"], found["failedAttempts"]) == (cursor, 0)


async def test_a_message_is_made_again_as_it_was_after_the_webhook_changed(
    api: Api, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]}, batchSize=10)
    client = await api.client()
    await api.done("updateClient", "__typename", {"clientId": client, "city": "Itu"})
    await api.client()
    await send()
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    changes = {"batchSize": 1, "filter": {"types": ["CLIENT_UPDATED"]}}
    await api.done("updateWebhook", "__typename", {"webhookId": hook.id, **changes})

    for _ in range(2):
        await api.done("redeliver", "__typename", {"webhookDeliveryId": delivery["id"]})
        await send()

    first, again, once_more = receiver.received
    assert len(first.numbers) == 2
    assert (first.id, first.content) == (again.id, again.content) == (once_more.id, once_more.content)
    await api.done("updateWebhook", "__typename", {"webhookId": hook.id, "batchSize": 10, "filter": None})
    await api.done(
        "resumeWebhook", "__typename", {"webhookId": hook.id, "from": first.body["data"]["events"][0]["cursor"]}
    )
    await send()
    assert first.id not in {each.id for each in receiver.received[3:]}


async def test_a_message_whose_events_were_deleted_is_not_made_again(
    api: Api, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    await send()
    clock.forward(days=2)
    before = clock.now - timedelta(days=1)
    await api.portal.database.write(lambda tx: retention.drop_old(tx, partner_id=api.partner_id, before=before))
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]

    await api.done("redeliver", "__typename", {"webhookDeliveryId": delivery["id"]})
    await send()

    assert (await state(api, hook))["deliveries"]["nodes"][0]["failure"] == "NOT_SENT"
    assert len(receiver.received) == 1


async def test_events_from_a_cursor_on_are_sent_again(api: Api, receiver: Receiver, send: Send) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    await api.client()
    await send()
    first, second = receiver.received

    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id, "from": first.body["data"]["cursor"]})
    await send()

    assert [each.numbers for each in receiver.received] == [first.numbers, second.numbers, second.numbers]


async def test_deliveries_are_kept_for_thirty_days(
    api: Api, portal: Portal, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    for days in (1, 29):
        await api.client()
        await send()
        clock.forward(days=days)

    await cleanup.delete_expired(portal)

    (left,) = (await state(api, hook))["deliveries"]["nodes"]
    assert left["firstNumber"] == receiver.numbers[-1]
    clock.forward(days=1)
    await cleanup.delete_expired(portal)
    assert (await state(api, hook))["deliveries"]["nodes"] == []


async def test_nothing_is_read_or_kept_of_a_deleted_webhook(
    api: Api, portal: Portal, receiver: Receiver, send: Send
) -> None:
    hook, kept = [await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]}) for _ in range(2)]
    await api.client()
    await send()
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    await api.done("pingWebhook", "__typename", {"webhookId": hook.id})
    await api.done("deleteWebhook", "__typename", {"webhookId": hook.id})

    assert (await api.data("query ($id: ID!) { node(id: $id) { id } }", id=delivery["id"]))["node"] is None

    await cleanup.delete_expired(portal)
    left = sa.select(webhook_deliveries.c.webhook_id).where(webhook_deliveries.c.partner_id == api.partner_id)
    async with reading(portal.database) as connection:
        assert await fetch_values(connection, left) == [ids.number("Webhook", kept.id)]


async def test_an_answer_during_the_cancellation_of_a_client_is_not_kept(
    api: Api, receiver: Receiver, senders: Senders
) -> None:
    chosen = {"types": ["CLIENT_REGISTERED"]}
    hook = await new_hook(api, receiver, filter=chosen, selection="{ client { name } }")
    receiver.always = "echo"
    cancelled = [await api.client(name="Padaria Sumida")]
    sender = senders.new(seconds=30)
    await sender.look()
    await receiver.arrived.wait()

    await api.done("cancelClient", "__typename", {"clientId": cancelled[0]})
    receiver.gate.set()
    await sender.wait()
    cancelled.append(await api.client(name="Quitanda Sumida"))
    await sender.look()
    await sender.wait()
    newest, oldest = (await state(api, hook))["deliveries"]["nodes"]
    receiver.gate.clear()
    receiver.arrived.clear()
    await api.done("redeliver", "__typename", {"webhookDeliveryId": newest["id"]})
    await sender.look()
    await receiver.arrived.wait()
    await api.done("cancelClient", "__typename", {"clientId": cancelled[1]})
    receiver.gate.set()
    await sender.wait()

    assert "Quitanda Sumida" in newest["answer"]
    assert (oldest["status"], oldest["answer"]) == ("DELIVERED", None)
    answers = [each["answer"] for each in (await state(api, hook))["deliveries"]["nodes"]]
    assert answers == [None, newest["answer"].replace("Quitanda Sumida", "[…]"), None]


async def test_an_answer_is_not_kept_if_a_cancellation_commits_just_then(
    api: Api, receiver: Receiver, senders: Senders
) -> None:
    chosen = {"types": ["CLIENT_REGISTERED"]}
    hook = await new_hook(api, receiver, filter=chosen, selection="{ client { name } }")
    receiver.always = "echo"
    client = ids.number("Client", await api.client(name="Padaria Sumida"))
    sender = senders.new(seconds=30)
    await sender.look()
    await receiver.arrived.wait()

    async def answered() -> list[str]:
        receiver.gate.set()
        await sender.wait()
        return []

    await raced(api, clients.cancel, CancelClient(client, None), answered())

    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    assert (delivery["status"], delivery["answer"]) == ("DELIVERED", None)


async def test_events_deleted_because_of_their_age_suspend_one_webhook(
    api: Api, other_api: Api, clock: Clock, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await new_hook(other_api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await api.client()
    clock.forward(days=2)
    before = clock.now - timedelta(days=1)
    await api.portal.database.write(lambda tx: retention.drop_old(tx, partner_id=api.partner_id, before=before))
    await api.client()
    await other_api.client()

    await send()

    assert (await state(api, hook))["suspensionReason"] == "EXPIRED"
    assert len(receiver.received) == 1
    resume = "mutation ($input: ResumeWebhookInput!) { resumeWebhook(input: $input) { webhook { id } } }"
    error = await api.error(resume, input={"webhookId": hook.id})
    assert error["extensions"]["tooOld"]
    (last,) = (await api.data("{ events(last: 1) { nodes { cursor } } }"))["events"]["nodes"]
    await api.done("resumeWebhook", "__typename", {"webhookId": hook.id, "from": last["cursor"]})
    await api.client()
    await send()
    assert len(receiver.received) == 2
