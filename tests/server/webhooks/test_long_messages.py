"""Messages have a maximum length, however much is selected of their events."""

import pytest

from domain.webhooks import MESSAGE_BYTES
from tests.api import Api
from tests.clock import Clock
from tests.receivers import Received, Receiver
from tests.server.webhooks.conftest import Send
from tests.server.webhooks.hooks import is_verified, new_hook, state

_NOTE = "😀" * 2_000
_NOTE_BYTES = len(_NOTE.encode())


@pytest.fixture
async def activation(api: Api, product: str) -> str:
    """Activation whose note has the maximum length."""
    await api.buy(product, 1)
    made = await api.activation(await api.client(), product)
    await _note(api, made, _NOTE)
    return made


async def _note(api: Api, activation: str, note: str) -> None:
    await api.done("updateActivation", "__typename", {"activationId": activation, "note": note})


def _chosen(size: int) -> dict[str, object]:
    """Return a selection of some `size` bytes of each event."""
    notes = " ".join(f"a{number}: note" for number in range(size // _NOTE_BYTES))
    return {"selection": f"{{ activation {{ {notes} }} }}", "filter": {"types": ["ACTIVATION_UPDATED"]}}


def _codes(received: Received) -> list[str | None]:
    """Return the code of the error that each event of a message has."""
    found: list[str | None] = []
    for event in received.body["data"]["events"]:
        (error,) = event.get("errors", [None])
        found.append(None if error is None else error["extensions"]["code"])
        assert (event["event"] is None) is (error is not None)
    return found


async def test_a_message_has_as_many_events_as_fit_into_it(
    api: Api, activation: str, receiver: Receiver, send: Send
) -> None:
    hook = await new_hook(api, receiver, batchSize=20, **_chosen(MESSAGE_BYTES * 2 // 5))
    for turn in range(1, 6):
        await _note(api, activation, _NOTE[turn:])

    await send()

    assert [len(each.numbers) for each in receiver.received] == [2, 2, 1]
    assert receiver.numbers == list(range(receiver.numbers[0], receiver.numbers[0] + 5))
    assert [code for each in receiver.received for code in _codes(each)] == [None] * 5
    assert all(len(each.content) <= MESSAGE_BYTES for each in receiver.received)
    assert all(is_verified(hook.public_key, each) for each in receiver.received)
    deliveries = (await state(api, hook))["deliveries"]["nodes"]
    assert [each["lastNumber"] for each in reversed(deliveries)] == [each.numbers[-1] for each in receiver.received]


async def test_an_event_too_long_for_any_message_has_an_error(
    api: Api, activation: str, receiver: Receiver, send: Send
) -> None:
    await new_hook(api, receiver, batchSize=20, **_chosen(MESSAGE_BYTES * 6 // 5))
    for turn in range(1, 4):
        await _note(api, activation, _NOTE[turn:])

    await send()

    (received,) = receiver.received
    assert len(received.numbers) == 3
    assert _codes(received) == ["COST_EXCEEDED"] * 3
    (error,) = received.body["data"]["events"][0]["errors"]
    assert error["extensions"]["bytes"] > error["extensions"]["maxBytes"] == MESSAGE_BYTES


async def test_a_retry_has_the_same_events_though_they_have_grown(
    api: Api, activation: str, clock: Clock, receiver: Receiver, send: Send
) -> None:
    await _note(api, activation, "short")
    await new_hook(api, receiver, batchSize=20, **_chosen(MESSAGE_BYTES * 2 // 5))
    for turn in range(4):
        await _note(api, activation, f"short {turn}")
    receiver.answers.append(500)
    await send()
    await _note(api, activation, _NOTE)
    clock.forward(minutes=1)

    await send()

    first, again, rest = receiver.received
    assert (first.id, first.numbers) == (again.id, again.numbers)
    assert _codes(again) == [None, None, "COST_EXCEEDED", "COST_EXCEEDED"]
    assert rest.numbers == [first.numbers[-1] + 1]
    assert len(again.content) <= MESSAGE_BYTES


async def test_a_repeated_delivery_has_the_same_events_though_they_have_grown(
    api: Api, activation: str, receiver: Receiver, send: Send
) -> None:
    await _note(api, activation, "short")
    hook = await new_hook(api, receiver, batchSize=20, **_chosen(MESSAGE_BYTES * 2 // 5))
    for turn in range(3):
        await _note(api, activation, f"short {turn}")
    await send()
    (delivery,) = (await state(api, hook))["deliveries"]["nodes"]
    await _note(api, activation, _NOTE)
    await send()

    await api.done("redeliver", "__typename", {"webhookDeliveryId": delivery["id"]})
    await send()

    first, _, again = receiver.received
    assert (first.id, first.numbers) == (again.id, again.numbers)
    assert _codes(again) == [None, None, "COST_EXCEEDED"]
