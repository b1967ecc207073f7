"""The HTTP client of the sender: what it reaches, and what it makes of receivers that fail in every usual way."""

import contextlib
import errno
import socket
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from typing import NoReturn

import pytest

from domain.addresses import is_public
from domain.webhooks import DeliveryFailure, DeliveryStatus
from server.webhooks.client import Answered, WebhookClient
from server.webhooks.network import alternating
from tests.certificates import certificate
from tests.receivers import Receiver, receiving

_NOT_LONG = 1.0
"""Seconds for an exchange whose end does not come, in which a busy machine still has its beginning."""

_AMPLE = 60.0
"""Seconds for any other exchange."""


async def posted(url: str, client: WebhookClient | None = None, *, seconds: float = _AMPLE) -> Answered:
    client = client or WebhookClient(private=True, seconds=seconds)
    try:
        return await client.post(url, {"webhook-id": "evt_1"}, b"{}")
    finally:
        await client.aclose()


@pytest.mark.parametrize(
    ("answer", "failure", "status"),
    [
        (500, DeliveryFailure.STATUS, 500),
        (429, DeliveryFailure.STATUS, 429),
        (b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n", DeliveryFailure.REDIRECT, 302),
        ("hang", DeliveryFailure.TIMEOUT, None),
        ("reset", DeliveryFailure.BROKEN, None),
        (b"nonsense", DeliveryFailure.BROKEN, None),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"a" * 200_000 + b"\r\n\r\n", DeliveryFailure.BROKEN, None),
    ],
)
async def test_every_usual_failure_is_named(
    receiver: Receiver, answer: int | str | bytes, failure: DeliveryFailure, status: int | None
) -> None:
    receiver.answers.append(answer)

    answered = await posted(receiver.url, seconds=_NOT_LONG if answer == "hang" else _AMPLE)

    assert (answered.status, answered.failure, answered.http_status) == (DeliveryStatus.FAILED, failure, status)
    assert len(receiver.received) == 1


async def test_the_scheme_of_a_url_may_be_in_capital_letters() -> None:
    answered = await posted("HTTPS://erp.invalid/", WebhookClient())

    assert answered.failure is DeliveryFailure.UNREACHABLE


async def test_a_connection_reset_at_once_is_a_failure(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def reset(_self: socket.socket) -> NoReturn:
        raise OSError(errno.ENOTCONN, "not connected")

    # As the system answers after a reset.
    monkeypatch.setattr(socket.socket, "getpeername", reset, raising=False)

    assert (await posted(receiver.url)).failure is DeliveryFailure.UNREACHABLE


@pytest.mark.parametrize("wait", ["Fri, 31 Dec 9999 23:59:59 -0100", "soon"])
async def test_a_wait_that_is_no_date_has_no_effect(receiver: Receiver, wait: str) -> None:
    receiver.answers.append(f"HTTP/1.1 503 Busy\r\nretry-after: {wait}\r\ncontent-length: 0\r\n\r\n".encode())

    answered = await posted(receiver.url)

    assert (answered.failure, answered.retry_after) == (DeliveryFailure.STATUS, None)


async def test_a_status_counts_though_its_body_never_ends(receiver: Receiver) -> None:
    receiver.answers.append("drip")

    answered = await posted(receiver.url, seconds=_NOT_LONG)

    assert (answered.status, answered.answer) == (DeliveryStatus.DELIVERED, "slowly ")


async def test_the_beginning_of_an_answer_is_kept_as_text(receiver: Receiver) -> None:
    content = b"\xff " + b"abc " * 1_250
    head = f"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\ncontent-length: {len(content)}\r\n\r\n".encode()
    receiver.answers.extend([head + content, 204])
    client = WebhookClient(private=True)

    answered = await client.post(receiver.url, {}, b"{}")
    await posted(receiver.url, client)

    assert answered.answer == "ÿ " + "abc " * 255
    assert "cookie" not in receiver.received[-1].headers
    assert receiver.received[-1].headers["accept-encoding"] == "identity"


async def test_no_receiver_is_unreachable() -> None:
    async with receiving() as receiver:
        url = receiver.url
    receiver_gone = await posted(url)
    unknown = await posted("http://erp.invalid/webhooks", WebhookClient(private=True, resolve=_nowhere))

    assert receiver_gone.failure is unknown.failure is DeliveryFailure.UNREACHABLE


async def test_only_a_certificate_for_the_name_is_trusted() -> None:
    good, other = certificate("erp.example"), certificate("other.example")
    async with receiving(good.server) as right, receiving(other.server) as wrong, receiving(good.server) as unknown:
        trusting = ssl.create_default_context(cadata=f"{good.pem}{other.pem}")

        async def found(receiver: Receiver, context: ssl.SSLContext) -> Answered:
            url = receiver.url.replace("127.0.0.1", "erp.example")
            return await posted(url, WebhookClient(private=True, resolve=_here, context=context))

        assert (await found(right, trusting)).status is DeliveryStatus.DELIVERED
        assert right.received[0].headers["host"].startswith("erp.example:")
        assert (await found(wrong, trusting)).failure is DeliveryFailure.TLS
        assert (await found(unknown, ssl.create_default_context())).failure is DeliveryFailure.TLS
    assert not wrong.received


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 — refused.
        *("224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "168.63.129.16"),
        *("::1", "::", "fe80::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "fe80::1%1"),
        *("::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:7f00:1::"),
    ],
)
async def test_an_address_that_is_not_public_is_not_connected_to(address: str) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return [address]

    answered = await posted("https://erp.example/", WebhookClient(resolve=resolve))

    assert not is_public(ip_address(address))
    assert answered.failure is DeliveryFailure.ADDRESS


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "200.160.2.3"])
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(ip_address(address))


async def test_a_name_that_changes_its_address_reaches_nothing_private(receiver: Receiver) -> None:
    answers = [["203.0.114.1", "127.0.0.1"], ["127.0.0.1"]]
    asked = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    client = WebhookClient(resolve=rebinding, seconds=_NOT_LONG)
    url = receiver.url.replace("http:", "https:").replace("127.0.0.1", "erp.example")

    first = await client.post(url, {}, b"{}")
    second = await posted(url, client)

    # The first address is public, and no server answers there; the private one beside it is not tried.
    assert first.failure in {DeliveryFailure.TIMEOUT, DeliveryFailure.UNREACHABLE}
    assert second.failure is DeliveryFailure.ADDRESS
    assert asked == ["erp.example", "erp.example"]
    assert receiver.received == []


async def test_an_address_that_does_not_answer_leaves_time_for_another(receiver: Receiver) -> None:
    port = int(receiver.url.split(":")[2].split("/")[0])
    with contextlib.ExitStack() as opened:
        silent = opened.enter_context(socket.socket())
        silent.bind(("127.0.0.2", port))
        silent.listen(0)
        for _ in range(4):
            # A full queue: the system answers no more connections.
            waiting = opened.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(("127.0.0.2", port))

        async def resolve(_host: str, _port: int) -> Sequence[str]:
            return ["127.0.0.2", "127.0.0.1"]

        answered = await posted(receiver.url, WebhookClient(private=True, resolve=resolve, seconds=1.5))

    assert answered.status is DeliveryStatus.DELIVERED


def test_addresses_of_both_families_are_tried_in_turn() -> None:
    assert alternating(["::1", "::2", "::3", "1.1.1.1", "1.1.1.2"]) == ["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"]
    assert alternating(["1.1.1.1", "::1", "::2"]) == ["1.1.1.1", "::1", "::2"]
    assert alternating([]) == []


async def test_http_is_for_development_only(receiver: Receiver) -> None:
    answered = await posted(receiver.url, WebhookClient())

    assert answered.failure is DeliveryFailure.ADDRESS
    assert receiver.received == []


async def test_no_proxy_is_taken_from_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    assert (await posted(receiver.url)).status is DeliveryStatus.DELIVERED


async def _here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def _nowhere(_host: str, _port: int) -> Sequence[str]:
    raise OSError
