"""What `cancelClient` erases from webhooks: URLs and selections, over HTTP on both engines."""

import pytest

from tests import cnpjs
from tests.api import Api, Json

ERASED = "client { id } erased { kind count }"
SEEN = "query ($id: ID!) { webhook(id: $id) { url selection state suspensionReason suspensionReasonLabel } }"


async def created(api: Api, **given: object) -> str:
    made = await api.done("createWebhook", "webhook { id }", {"url": "https://erp.example/webhooks", **given})
    return str(made["webhook"]["id"])


async def seen(api: Api, webhook: str) -> Json:
    return (await api.data(SEEN, id=webhook))["webhook"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://erp.example/padaria-lua?x=1", "https://erp.example/[…]?x=1"),
        ("https://erp.example/Padaria%20Lua/x%2Fy", "https://erp.example/[…]/x/y"),
        ("https://erp.example/?de=Padaria+Lua", "https://erp.example/?de=[…]"),
        ("https://erp.example/?de=P%C3%A3o%20Nosso&p=%C3%A7", "https://erp.example/?de=[…]&p=%C3%A7"),
        ("https://erp.example/?de=P%25C3%25A3o%2520Nosso", "https://erp.example/?de=[…]"),
        ("https://xn--po-nosso-rza.example/", "https://[…].example/"),
        ("https://erp.example/{number}", "https://erp.example/[…]"),
        ("https://erp.example/?cnpj={quoted}", "https://erp.example/?cnpj=[…]"),
    ],
)
async def test_a_url_that_names_a_cancelled_client_is_erased(api: Api, url: str, kept: str) -> None:
    number = cnpjs.another()
    client = await api.client(name="Padaria Lua", tradeName="Pão Nosso", cnpj=number)
    quoted = cnpjs.masked(number).replace("/", "%2F").replace(".", "%2E")
    webhook = await created(api, url=url.format(number=number, quoted=quoted))
    other = await created(api)

    payload = await api.done("cancelClient", ERASED, {"clientId": client})

    assert {"kind": "WEBHOOK_URL", "count": 1} in payload["erased"]
    found = await seen(api, webhook)
    assert (found["url"], found["state"]) == (kept, "SUSPENDED")
    assert (found["suspensionReason"], found["suspensionReasonLabel"]) == (
        "ERASED",
        "The address or the selection named a cancelled client, whose data was erased",
    )
    assert (await seen(api, other))["state"] == "ACTIVE"
    events = "{ events(last: 2) { nodes { type webhookId } } auditChain { brokenAt } }"
    chain = await api.data(events)
    assert [each["type"] for each in chain["events"]["nodes"]] == ["WEBHOOK_SUSPENDED", "CLIENT_CANCELLED"]
    assert chain["auditChain"]["brokenAt"] is None


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        ('{ client { activations(after: "quitandinha") { totalCount } } }', 'after: "[…]"'),
        ('{ client { activations(after: "Quitandinha\\u0020Zé") { totalCount } } }', 'after: "[…]"'),
        ("{ quitandinha: client { name } }", "{ […]: client { name } }"),
        ("{ ...Quitandinha } fragment Quitandinha on Event { message }", "{ ...[…] } fragment […] on Event"),
    ],
)
async def test_a_selection_that_names_a_cancelled_client_is_erased(api: Api, selection: str, kept: str) -> None:
    client = await api.client(name="Quitandinha Zé")
    webhook = await created(api, selection=selection)

    payload = await api.done("cancelClient", ERASED, {"clientId": client})

    assert {"kind": "WEBHOOK_SELECTION", "count": 1} in payload["erased"]
    found = await seen(api, webhook)
    assert kept in found["selection"]
    assert found["state"] == "SUSPENDED"


async def test_comments_that_name_a_cancelled_client_go_without_a_suspension(api: Api) -> None:
    client = await api.client(name="Quitandinha")
    selection = "{ # Para a Quitandinha\n  message # O texto\n}"
    webhook = await created(api, selection=selection)

    payload = await api.done("cancelClient", ERASED, {"clientId": client})

    assert {"kind": "WEBHOOK_SELECTION", "count": 1} in payload["erased"]
    found = await seen(api, webhook)
    assert (found["selection"], found["state"]) == ("{ \n  message # O texto\n}", "ACTIVE")


async def test_names_of_the_schema_in_selections_name_no_client(api: Api) -> None:
    selection = "{ message client { name activations(first: 2) { nodes { status } } } }"
    webhook = await created(api, selection=selection)
    client = await api.client(name="Status Client Name Ltda", tradeName="Message")

    await api.done("cancelClient", ERASED, {"clientId": client})

    found = await seen(api, webhook)
    assert (found["selection"], found["state"]) == (selection, "ACTIVE")


async def test_a_webhook_with_erased_parts_goes_on_with_others_only(api: Api) -> None:
    client = await api.client(name="Quitandinha")
    selection = '{ client { activations(after: "Quitandinha") { totalCount } } }'
    webhook = await created(api, url="https://erp.example/Quitandinha", selection=selection)
    await api.done("pauseWebhook", "__typename", {"webhookId": webhook})
    await api.done("cancelClient", ERASED, {"clientId": client})

    for name in ("resumeWebhook", "pingWebhook"):
        (error,) = (await api.mutate(name, "__typename", {"webhookId": webhook}))["userErrors"]
        assert (error["path"], error["code"]) == (["webhookId"], "INVALID_INPUT")
    await api.done("pauseWebhook", "__typename", {"webhookId": webhook})
    await api.done("updateWebhook", "__typename", {"webhookId": webhook, "url": "https://erp.example/q"})
    assert await api.codes("resumeWebhook", {"webhookId": webhook}) == ["INVALID_INPUT"]
    await api.done("updateWebhook", "__typename", {"webhookId": webhook, "selection": "{ message }"})
    resumed = await api.done("resumeWebhook", "webhook { state }", {"webhookId": webhook})

    assert resumed["webhook"]["state"] == "ACTIVE"


async def test_webhooks_of_another_partner_are_left_as_they_are(api: Api, other_api: Api) -> None:
    client = await api.client(name="Quitandinha")
    webhook = await created(other_api, url="https://erp.example/Quitandinha")

    await api.done("cancelClient", ERASED, {"clientId": client})

    found = await seen(other_api, webhook)
    assert (found["url"], found["state"]) == ("https://erp.example/Quitandinha", "ACTIVE")
