"""Messages that are delivered again, and what is kept of deliveries."""

from datetime import timedelta

import sqlalchemy as sa

from db import retention
from db.tables import webhook_deliveries
from resolvers import clients, ids
from resolvers.clients import CancelClient
from resolvers.portal import Portal
from server.background import cleanup
from tests.api import Api
from tests.clock import Clock
from tests.receivers import Receiver
from tests.resolvers.test_races import raced
from tests.server.webhooks.conftest import Send, Senders
from tests.server.webhooks.hooks import new_hook, state
from tests.units import fetch_values, reading


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
