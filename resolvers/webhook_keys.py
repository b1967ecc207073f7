"""Keys of webhooks: how they are made, stored and shown, and how messages are signed (Standard Webhooks 1.0)."""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from secrets import token_bytes
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from resolvers.encryption import seal, unseal

_LENGTH = 32


class Keys(NamedTuple):
    """Secret that receivers have too, and the seed of a private Ed25519 key that they haven't."""

    secret: bytes
    seed: bytes

    @property
    def shown_secret(self) -> str:
        """The secret as receivers store it."""
        return f"whsec_{b64encode(self.secret).decode()}"

    @property
    def public_key(self) -> str:
        """The public key, by which receivers verify messages without a secret."""
        return f"whpk_{b64encode(self._private.public_key().public_bytes_raw()).decode()}"

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def signatures(self, content: bytes) -> Sequence[str]:
        """Return the signatures of what is signed, with both keys."""
        symmetric = hmac.digest(self.secret, content, sha256)
        return f"v1,{b64encode(symmetric).decode()}", f"v1a,{b64encode(self._private.sign(content)).decode()}"


def new_keys() -> Keys:
    """Return random keys."""
    return Keys(token_bytes(_LENGTH), token_bytes(_LENGTH))


def sealed(portal_secret: bytes, partner_id: int, keys: Keys) -> bytes:
    """Return the keys as they are stored for a webhook of the partner."""
    return seal(portal_secret, _purpose(partner_id), keys.secret + keys.seed)


def unsealed(portal_secrets: Sequence[bytes], partner_id: int, stored: bytes) -> Keys:
    """Return the stored keys; raise UnsealingError if they were sealed with another secret or for another partner."""
    both = unseal(portal_secrets, _purpose(partner_id), stored)
    return Keys(both[:_LENGTH], both[_LENGTH:])


def signature(keys: Sequence[Keys], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature` of a message, with the signatures of each of the keys."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(each for of_keys in keys for each in of_keys.signatures(content))


def _purpose(partner_id: int) -> str:
    return f"keys of a webhook of partner {partner_id}"
