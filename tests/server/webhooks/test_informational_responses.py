"""Informational responses of receivers are read up to a number, and hold the event loop for no other request."""

import asyncio
import ssl

import pytest

from domain.webhooks import DeliveryFailure, DeliveryStatus
from server.webhooks.client import WebhookClient
from server.webhooks.response_stream import INFORMATIONAL_MAX
from tests import listening
from tests.certificates import certificate
from tests.receivers import Receiver, receiving

_CONTINUE = b"HTTP/1.1 100 \r\n\r\n"
_HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n"
_DONE = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nHTTP/1.1 100 \r\n\r\nok\n"


@pytest.mark.parametrize(
    ("informational", "failure"),
    [
        (b"", None),
        (_CONTINUE * INFORMATIONAL_MAX, None),
        (_HINTS * INFORMATIONAL_MAX, None),
        (_CONTINUE * (INFORMATIONAL_MAX + 1), DeliveryFailure.BROKEN),
        (b"HTTP/1.0 199 x\n\n" * 20_000, DeliveryFailure.BROKEN),
        (b"HTTP/1.1 100 \r\n" + b"x: y\r\n" * 30_000, DeliveryFailure.BROKEN),
    ],
)
async def test_a_few_informational_responses_are_read_and_no_more(
    receiver: Receiver, informational: bytes, failure: DeliveryFailure | None
) -> None:
    receiver.answers.append(informational + _DONE)
    client = WebhookClient(private=True, seconds=60)

    answered = await client.post(receiver.url, {}, b"{}")

    assert answered.failure is failure
    assert answered.answer == (None if failure else "HTTP/1.1 100 \r\n\r\nok\n")
    await client.aclose()


async def test_each_request_of_a_connection_may_have_as_many() -> None:
    opened = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        for _ in range(3):
            await reader.readuntil(b"{}")
            # A head may arrive in several parts.
            for each in (_CONTINUE * INFORMATIONAL_MAX + _DONE).split(b" "):
                writer.write(each if each.endswith(b"\n") else each + b" ")
                await writer.drain()
                await asyncio.sleep(0.001)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    client = WebhookClient(private=True, seconds=60)

    found = [await client.post(url, {}, b"{}") for _ in range(3)]

    assert [each.status for each in found] == [DeliveryStatus.DELIVERED] * 3
    assert opened == 1
    await client.aclose()
    await listening.close(server)


async def test_informational_responses_are_counted_over_tls_too() -> None:
    trusted = certificate("erp.example")
    async with receiving(trusted.server) as receiver:
        receiver.answers.append(_CONTINUE * 1_000 + _DONE)

        async def here(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        context = ssl.create_default_context(cadata=trusted.pem)
        client = WebhookClient(private=True, resolve=here, context=context, seconds=60)
        answered = await client.post(receiver.url.replace("127.0.0.1", "erp.example"), {}, b"{}")
        await client.aclose()

    assert answered.failure is DeliveryFailure.BROKEN
