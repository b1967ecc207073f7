"""What receivers get: messages with what was asked for, signed, of one partner."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from db.tables import webhooks
from domain.access import Role
from domain.timestamps import utc_now
from resolvers import ids
from resolvers.portal import Portal
from server.background import cleanup
from tests import cnpjs
from tests.api import Api
from tests.clock import Clock
from tests.factories import new_caller, new_vendor
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Send
from tests.server.webhooks.hooks import is_verified, last_number, new_hook, state
from tests.units import fetch_all, reading


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


async def test_a_webhook_tells_of_its_maker_at_the_vendor_the_name(api: Api, receiver: Receiver, send: Send) -> None:
    vendor = await new_caller(api.http, api.portal, await new_vendor(api.portal), role=Role.VENDOR_ADMIN)
    person = "name email role isActive hasSecondFactor identityLinkedAt worksForVendor"
    chosen = {"partnerId": api.partner, "filter": {"types": ["CLIENT_REGISTERED"]}}
    await new_hook(vendor, receiver, **chosen, selection=f"{{ actor {{ {person} }} }}")
    client = {"partnerId": api.partner, "cnpj": cnpjs.another(), "name": "Padaria"}
    await vendor.done("registerClient", "client { id }", client)

    await send()

    (received,) = receiver.received
    nothing = dict.fromkeys(("role", "isActive", "hasSecondFactor", "identityLinkedAt"))
    actor = received.body["data"]["event"]["actor"]
    assert actor == {"name": "Ana", "email": "", "worksForVendor": True, **nothing}


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


async def test_a_webhook_goes_on_after_the_token_that_made_it(api: Api, receiver: Receiver, send: Send) -> None:
    permissions = ["WEBHOOKS_MANAGE", "EVENTS_READ", "CLIENTS_READ"]
    given = {"name": "hooks", "permissions": permissions}
    made = await api.done("createApiToken", "secret apiToken { id }", given)
    script = replace(api, token=made["secret"])
    await new_hook(script, receiver, selection="{ client { name } }", filter={"types": ["CLIENT_REGISTERED"]})

    await api.done("revokeApiToken", "__typename", {"apiTokenId": made["apiToken"]["id"]})
    await api.client(name="Padaria")
    await send()

    (received,) = receiver.received
    assert received.body["data"]["event"] == {"client": {"name": "Padaria"}}


async def test_what_another_partner_does_is_not_sent(api: Api, other_api: Api, receiver: Receiver, send: Send) -> None:
    client = await other_api.client()
    await new_hook(api, receiver, filter={"types": ["CLIENT_REGISTERED"]})
    await new_hook(api, receiver, filter={"clientId": client})
    await other_api.client()
    await other_api.done("updateClient", "__typename", {"clientId": client, "city": "Itu"})

    await send()

    assert receiver.received == []


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
