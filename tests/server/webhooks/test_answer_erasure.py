"""`cancelClient` erases who a client was from the answers of receivers, however they write it."""

from base64 import b64encode

from tests import cnpjs
from tests.api import Api
from tests.receivers import Receiver
from tests.server.webhooks.conftest import Send
from tests.server.webhooks.hooks import new_hook

_NAME = "Quitutes Zoraide"
_FORMS = (
    *(_NAME.encode(encoding) for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig")),
    *("Qui\u00adtutes Zo\u00adraide".encode(), "Qui\u200btutes Zo\u200draide".encode()),
    *(b"QuitutesZoraide", b"quitutes_zoraide", b"cliente=quitutesZoraide42", b"Qui<b>tutes</b> Zora<i>ide</i>"),
    *(b"=51uitutes=20Zoraide", rb"\121uitutes Zoraide", b"%u0051uitutes Zoraide", rb"\u{51}uitutes Zora\U00000069de"),
    *(
        b"".join(b"&#%d" % each for each in _NAME.encode()),
        b64encode(_NAME.encode()),
        b"\x1f\x8b\x08\0\0" + _NAME.encode(),
    ),
)


async def test_no_form_of_a_cancelled_client_is_left_in_answers(api: Api, receiver: Receiver, send: Send) -> None:
    number = cnpjs.another()
    client = await api.client(name=_NAME, cnpj=number)
    hook = await new_hook(api, receiver, filter={"types": ["STOCK_LOW"]})
    forms = [*_FORMS, " ".join(number).encode(), cnpjs.masked(number).encode("utf-16"), b64encode(number.encode())]
    for form in [*forms, b"all is well"]:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(form)}\r\nconnection: close\r\n\r\n"
        receiver.answers.append(head.encode() + form)
        await api.done("pingWebhook", "__typename", {"webhookId": hook.id})
        await send()

    await api.done("cancelClient", "__typename", {"clientId": client})

    query = "query ($id: ID!) { webhook(id: $id) { deliveries(first: 100) { nodes { status answer } } } }"
    deliveries = (await api.data(query, id=hook.id))["webhook"]["deliveries"]["nodes"]
    assert [each["status"] for each in deliveries] == ["DELIVERED"] * (len(forms) + 1)
    assert {each["answer"] for each in deliveries[1:]} <= {None, "[…]", "cliente=[…]"}
    assert deliveries[0]["answer"] == "all is well"
