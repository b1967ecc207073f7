"""Encryption of stored secrets that the portal needs in clear, with keys derived from its own secret."""

from collections.abc import Sequence
from contextlib import suppress
from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
"""First byte of each sealed value: AES-256-GCM, whose key HKDF-SHA256 derives for the purpose."""

_KEY_LENGTH = 32
_NONCE_LENGTH = 12


class UnsealingError(Exception):
    """The value was sealed with another secret, for another owner, or was altered."""


def seal(secret: bytes, purpose: str, value: bytes, owner: tuple[int, int] | None = None) -> bytes:
    """Encrypt a value, for a user who is named by the ids of partner and user, or for none."""
    nonce = token_bytes(_NONCE_LENGTH)
    return _VERSION + nonce + _cipher(secret, purpose).encrypt(nonce, value, _associated(owner))


def unseal(secrets: Sequence[bytes], purpose: str, sealed: bytes, owner: tuple[int, int] | None = None) -> bytes:
    """Return the value, encrypted with any of the secrets; raise UnsealingError unless for that purpose and user."""
    version, nonce, encrypted = sealed[:1], sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
    if version == _VERSION:
        for secret in secrets:
            with suppress(InvalidTag, ValueError):
                return _cipher(secret, purpose).decrypt(nonce, encrypted, _associated(owner))
    raise UnsealingError


def _cipher(secret: bytes, purpose: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=_KEY_LENGTH, salt=None, info=purpose.encode()).derive(secret))


def _associated(owner: tuple[int, int] | None) -> bytes:
    if owner is None:
        return b""
    partner_id, user_id = owner
    return f"partner {partner_id}, user {user_id}".encode()
