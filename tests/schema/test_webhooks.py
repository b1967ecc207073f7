"""Webhooks as their users manage them, over HTTP on both engines. What is sent is tested in `tests/server/webhooks`."""

import asyncio
from base64 import b64decode
from dataclasses import replace

import pytest
import sqlalchemy as sa

from db.tables import webhook_deliveries, webhooks
from domain.access import Role
from domain.webhooks import WAITING_MAX, WEBHOOKS_MAX
from resolvers import ids
from tests.api import Api, Json
from tests.factories import new_caller
from tests.units import execute, fetch_all, reading, writing

pytestmark = pytest.mark.stock

URL = "https://erp.example/webhooks"
STATE = "webhook { id state cursor suspensionReason failedAttempts nextAttemptAt }"


async def created(api: Api, **given: object) -> Json:
    return await api.done("createWebhook", "webhook { id publicKey } secret", {"url": URL, **given})


async def refused(api: Api, **given: object) -> tuple[list[str] | None, str]:
    (error,) = (await api.mutate("createWebhook", "__typename", {"url": URL, **given}))["userErrors"]
    return error["path"], error["message"]


async def test_the_secret_is_shown_once_and_stored_encrypted(api: Api) -> None:
    made = await created(api)
    rotated = await api.done(
        "rotateWebhookSecret", "webhook { publicKey formerKeysUntil } secret", {"webhookId": made["webhook"]["id"]}
    )

    async with reading(api.portal.database) as connection:
        mine = webhooks.c.partner_id == api.partner_id
        (row,) = await fetch_all(connection, sa.select(*webhooks.c).where(mine))
    secrets = [made["secret"], rotated["secret"]]
    assert len(set(secrets)) == 2
    for secret in secrets:
        prefix, _, encoded = secret.partition("_")
        assert (prefix, len(b64decode(encoded))) == ("whsec", 32)
        assert not any(b64decode(encoded) in value for value in row if isinstance(value, bytes))
        assert not any(encoded in value for value in row if isinstance(value, str))
    assert made["webhook"]["publicKey"].startswith("whpk_")
    assert made["webhook"]["publicKey"] != rotated["webhook"]["publicKey"]
    assert rotated["webhook"]["formerKeysUntil"] is not None


async def test_keys_that_receivers_still_use_are_dropped_only_if_asked(api: Api) -> None:
    made = await created(api)
    webhook = {"webhookId": made["webhook"]["id"]}
    first = await api.done("rotateWebhookSecret", "webhook { publicKey }", webhook)

    assert await api.codes("rotateWebhookSecret", webhook) == ["WEBHOOK_KEYS_CHANGING"]

    unchanged = await api.data("{ webhooks { nodes { publicKey } } }")
    assert unchanged["webhooks"]["nodes"] == [first["webhook"]]
    again = await api.done("rotateWebhookSecret", "webhook { publicKey }", {**webhook, "dropFormerKeys": True})
    assert again != first


async def test_each_change_of_a_webhook_has_one_event(api: Api) -> None:
    webhook = {"webhookId": (await created(api))["webhook"]["id"]}
    for _ in range(2):
        await api.done("updateWebhook", STATE, {**webhook, "batchSize": 5})
        await api.done("pauseWebhook", STATE, webhook)
    for _ in range(2):
        await api.done("resumeWebhook", STATE, webhook)
    await api.done("rotateWebhookSecret", STATE, webhook)
    await api.done("deleteWebhook", "deletedWebhookId", webhook)

    other = await created(api)
    query = """query ($of: ID!) { events(filter: { webhookId: $of }) { nodes { type webhookId webhook { id } } } }"""
    found = (await api.data(query, of=webhook["webhookId"]))["events"]["nodes"]
    types = ("CREATED", "UPDATED", "PAUSED", "RESUMED", "SECRET_ROTATED", "DELETED")
    assert [each["type"] for each in found] == [f"WEBHOOK_{each}" for each in types]
    assert [(each["webhookId"], each["webhook"]) for each in found] == [(webhook["webhookId"], None)] * len(types)
    (of_other,) = (await api.data(query, of=other["webhook"]["id"]))["events"]["nodes"]
    assert of_other["webhook"] == {"id": other["webhook"]["id"]}
    audited = await api.data("{ auditChain { brokenAt checked } webhooks { totalCount } }")
    assert audited == {"auditChain": {"brokenAt": None, "checked": 7}, "webhooks": {"totalCount": 1}}
    for name in ("updateWebhook", "pauseWebhook", "resumeWebhook", "rotateWebhookSecret", "pingWebhook"):
        assert await api.codes(name, webhook) == ["NOT_FOUND"]


@pytest.mark.edge
@pytest.mark.parametrize(
    "url",
    [
        *("http://erp.example", "ftp://erp.example", "https://", "erp.example", "https://erp.example:25/"),
        *("https://user:secret@erp.example/", "https://erp.example/#a", "https://erp.example\\@10.0.0.1/"),
        *("https://10.0.0.7/", "https://[::1]/", "https://169.254.169.254/latest", "https://[::ffff:10.0.0.7]/"),
        *("https://erp..example/", "https://*.erp.example/", f"https://{64 * 'a'}.example/", "https://a%2eb.example/"),
        *("https://localhost/", "https://erp/", "https://erp.internal/", "https://erp.example:70000/"),
    ],
)
async def test_a_url_that_nothing_is_sent_to_is_refused(api: Api, url: str) -> None:
    path, message = await refused(api, url=url)

    assert path == ["url"]
    assert message.startswith("The address")


@pytest.mark.edge
@pytest.mark.parametrize(
    ("selection", "problem"),
    [
        ("{ nome }", "Cannot query field 'nome'"),
        ("{ message", "Syntax Error"),
        ("message", "Syntax Error"),
        ("{}", "Syntax Error: Expected Name, found '}'."),
        ("{ client { } }", "Syntax Error: Expected Name, found '}'."),
        ("{ message } fragment A on Event { }", "Syntax Error: Expected Name, found '}'."),
        ("query { message }", "it must be a selection in braces"),
        ("{ message } mutation { signOut { signedOut } }", "it must be a selection in braces"),
        ("{ message } } query { viewer { role }", "Syntax Error"),
        ("{ ...A } fragment A on Event { ...A }", "Cannot spread fragment 'A' within itself"),
        ("{ client { activations(first: $n) { nodes { id } } } }", "Variable '$n' is not defined"),
    ],
)
async def test_a_selection_is_checked_and_costed_when_it_is_saved(api: Api, selection: str, problem: str) -> None:
    path, message = await refused(api, selection=selection)

    assert path == ["selection"]
    assert f"not valid: {problem}" in message


@pytest.mark.edge
async def test_what_is_wrong_with_a_selection_is_said_in_portuguese(api: Api) -> None:
    api = replace(api, language="pt-BR")
    large = "{ partner { clients(first: 100) { nodes { id activations(first: 100) { nodes { id } } } } } }"

    _, nothing = await refused(api, selection="query { message }")
    _, of_event = await refused(api, selection="{ partner { orders(first: 100) { nodes { items { id } } } } }")
    _, of_message = await refused(api, selection=large, batchSize=100)
    totals = " ".join(f"a{number}: activations {{ totalCount }}" for number in range(6))
    _, of_points = await refused(api, selection=f"{{ partner {{ {totals} }} }}", batchSize=100)

    assert nothing.endswith("deve ser uma seleção entre chaves, seguida apenas de fragmentos.")
    assert "objetos e valores por evento, e o máximo é 10.000." in of_event
    assert "objetos por mensagem, e o máximo é 50.000." in of_message
    assert "72.200 pontos de custo por mensagem, e o máximo é 5.000." in of_points


@pytest.mark.edge
async def test_the_cost_of_a_selection_is_that_of_a_whole_message(api: Api) -> None:
    selection = "{ client { activations(first: 100) { nodes { id } } } }"
    await created(api, selection=selection, batchSize=10)

    _, message = await refused(
        api,
        selection="{ partner { clients(first: 100) { nodes { id partner { id } } } } client "
        "{ activations(first: 100) { nodes { id client { id } product { id } } } } }",
        batchSize=100,
    )

    assert "could select" in message


async def test_a_webhook_reads_no_more_than_its_maker(api: Api) -> None:
    permissions = ["WEBHOOKS_MANAGE", "WEBHOOKS_READ", "EVENTS_READ"]
    made = await api.done("createApiToken", "secret", {"name": "hooks", "permissions": permissions})
    script = replace(api, token=made["secret"])
    blind = await api.done("createApiToken", "secret", {"name": "blind", "permissions": ["WEBHOOKS_MANAGE"]})

    webhook = (await api.done("createWebhook", "webhook { id }", {"url": URL, "selection": "{ client { name } }"}))[
        "webhook"
    ]["id"]

    # A to-one relation needs no permission beyond its parent's, and is null without it.
    await created(script, selection="{ client { name } }")
    path, message = await refused(script, selection="{ client { activations(first: 1) { nodes { id } } } }")
    assert (path, message[:41]) == (["selection"], "This token does not allow you to view act")
    path, message = await refused(replace(api, token=blind["secret"]))
    assert (path, message[:45]) == (None, "This token does not allow you to view the his")
    assert await replace(api, token=blind["secret"]).codes("resumeWebhook", {"webhookId": webhook}) == []
    await api.done("pauseWebhook", STATE, {"webhookId": webhook})
    codes = await replace(api, token=blind["secret"]).codes("resumeWebhook", {"webhookId": webhook})
    assert codes == ["INVALID_INPUT"]


async def test_only_managers_see_and_change_webhooks(api: Api) -> None:
    operator = await new_caller(api.http, api.portal, api.partner_id, role=Role.OPERATOR)

    for query in ("{ webhooks { totalCount } }", f'{{ webhook(id: "{ids.encode("Webhook", 1)}") {{ url }} }}'):
        assert (await operator.error(query))["extensions"]["code"] == "FORBIDDEN"
    body = await operator.post('mutation { createWebhook(input: { url: "https://a.example" }) { secret } }')
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_partner_has_so_many_webhooks_however_many_are_made_at_once(api: Api) -> None:
    for _ in range(WEBHOOKS_MAX - 1):
        await created(api)

    codes = await asyncio.gather(*(api.codes("createWebhook", {"url": URL}) for _ in range(3)))

    assert sorted(codes) == [[], ["WEBHOOK_LIMIT"], ["WEBHOOK_LIMIT"]]


async def test_a_webhook_is_resumed_from_the_cursor_of_any_event(api: Api, other_api: Api) -> None:
    await api.client()
    webhook = {"webhookId": (await created(api))["webhook"]["id"]}
    first, last = [
        each["cursor"] for each in (await api.data("{ events(last: 2) { nodes { cursor } } }"))["events"]["nodes"]
    ]

    resumed = await api.done("resumeWebhook", STATE, {**webhook, "from": first})

    page = "query ($after: String) { events(after: $after, first: 1) { nodes { cursor } } }"
    (following,) = (await api.data(page, after=resumed["webhook"]["cursor"]))["events"]["nodes"]
    assert following["cursor"] == last
    await other_api.client()
    await other_api.client()
    (foreign,) = (await other_api.data("{ events(last: 1) { nodes { cursor } } }"))["events"]["nodes"]
    mutation = "mutation ($input: ResumeWebhookInput!) { resumeWebhook(input: $input) { webhook { id } } }"
    for cursor in (foreign["cursor"], "nonsense"):
        error = await api.error(mutation, input={**webhook, "from": cursor})
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["argument"] == "from"


async def test_pings_and_repeated_deliveries_wait_in_a_bounded_queue(api: Api) -> None:
    webhook = {"webhookId": (await created(api))["webhook"]["id"]}
    ping = await api.done("pingWebhook", "delivery { id status messageId attempt durationMs }", webhook)
    again = await api.done("redeliver", "delivery { status messageId }", {"webhookDeliveryId": ping["delivery"]["id"]})

    assert again["delivery"] == {"status": "QUEUED", "messageId": ping["delivery"]["messageId"]}
    for _ in range(WAITING_MAX - 2):
        await api.done("pingWebhook", "__typename", webhook)
    assert await api.codes("pingWebhook", webhook) == ["WEBHOOK_BUSY"]
    await api.done("deleteWebhook", "__typename", webhook)
    assert await api.codes("redeliver", {"webhookDeliveryId": ping["delivery"]["id"]}) == ["NOT_FOUND"]


async def test_the_filter_is_shown_as_it_was_given(api: Api) -> None:
    client = await api.client()
    chosen = {"types": ["LICENSE_ACTIVATED", "ACTIVATION_CANCELLED"], "clientId": client}
    made = await created(api, filter={**chosen, "occurredAt": {"from": "2026-11-01T00:00:00Z"}})

    query = "query ($id: ID!) { webhook(id: $id) { filter { types clientId orderId occurredFrom occurredTo } } }"
    shown = (await api.data(query, id=made["webhook"]["id"]))["webhook"]["filter"]
    nothing = {"orderId": None, "occurredTo": None}
    assert shown == {**chosen, **nothing, "occurredFrom": "2026-11-01T00:00:00Z"}
    await api.done("updateWebhook", STATE, {"webhookId": made["webhook"]["id"], "filter": None})
    assert (await api.data(query, id=made["webhook"]["id"]))["webhook"]["filter"]["types"] is None


@pytest.mark.parametrize("field", ["clientId", "orderId", "actorId", "apiTokenId", "webhookId"])
async def test_a_filter_by_what_is_no_such_id_is_refused(api: Api, field: str) -> None:
    made = await created(api)

    for wrong in ("1", ids.encode("Product", 1)):
        path, _ = await refused(api, filter={field: wrong})
        changed = {"webhookId": made["webhook"]["id"], "filter": {field: wrong}}
        assert (path, await api.codes("updateWebhook", changed)) == (["filter", field], ["NOT_FOUND"])


async def test_answers_that_named_a_cancelled_client_are_erased(api: Api) -> None:
    webhook = {"webhookId": (await created(api))["webhook"]["id"]}
    await api.done("pingWebhook", "__typename", webhook)
    client = await api.client(name="Quitandinha da Vila Ltda")
    answered = (
        sa.update(webhook_deliveries)
        .where(webhook_deliveries.c.partner_id == api.partner_id)
        .values(answer="ok: Quitandinha da Vila Ltda")
    )
    async with writing(api.portal.database) as tx:
        await execute(tx, answered)

    payload = await api.done("cancelClient", "erased { kind count }", {"clientId": client})

    assert {"kind": "WEBHOOK_ANSWER", "count": 1} in payload["erased"]
    found = await api.data("{ webhooks { nodes { deliveries { nodes { answer } } } } }")
    assert "Quitandinha" not in str(found)
