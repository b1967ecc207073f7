"""Webhooks in the tests of the sender."""

from base64 import b64decode
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.api import Api, Json
from tests.receivers import Received, Receiver

_STATE = """query ($id: ID!) { webhook(id: $id) { state suspensionReason cursor failedAttempts failingSince
    nextAttemptAt formerKeysUntil deliveries { nodes { id messageId attempt status failure httpStatus answer
    nextAttemptAt firstNumber lastNumber } } } }"""


class Hook(NamedTuple):
    """Webhook: its id, and the keys that its receiver has."""

    id: str
    public_key: str
    secret: str


async def new_hook(api: Api, receiver: Receiver, **given: object) -> Hook:
    """Create a webhook that sends to the receiver."""
    made = await api.done("createWebhook", "webhook { id publicKey } secret", {"url": receiver.url, **given})
    return Hook(made["webhook"]["id"], made["webhook"]["publicKey"], made["secret"])


async def state(api: Api, hook: Hook) -> Json:
    """Return what a webhook's users see of it, with its deliveries."""
    return (await api.data(_STATE, id=hook.id))["webhook"]


async def last_number(api: Api) -> int:
    """Return the number of the partner's last event."""
    (event,) = (await api.data("{ events(last: 1) { nodes { number } } }"))["events"]["nodes"]
    return int(event["number"])


def is_verified(public_key: str, received: Received) -> bool:
    """Return whether one of the signatures `v1a` is right, as the specification has it."""
    signed = f"{received.id}.{received.headers['webhook-timestamp']}.".encode() + received.content
    public = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
    for each in received.headers["webhook-signature"].split():
        version, _, signature = each.partition(",")
        try:
            if version == "v1a":
                public.verify(b64decode(signature), signed)
                return True
        except InvalidSignature:
            continue
    return False
