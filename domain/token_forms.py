"""Form of tokens and of secrets in links: a prefix, random characters, and a checksum by which scanners know them.

A secret without a checksum, as earlier versions created it, has another length.
"""

import re
from zlib import crc32

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Digits of the base 62."""

RANDOM_LENGTH = 43
"""Number of random characters, which have 256 bits."""

SESSION, API, CHALLENGE, INVITATION, RESET = "pps_", "ppt_", "ppc_", "ppi_", "ppr_"
"""Prefixes: a session, an API token, the second step of a sign-in, and the links of invitations and new passwords."""

_CHECKSUM_LENGTH = 6
_FORM = re.compile(rf"pp[a-z]_[0-9A-Za-z]{{{RANDOM_LENGTH + _CHECKSUM_LENGTH}}}")


def with_checksum(prefix: str, random: str) -> str:
    """Return the secret: the prefix, the random characters, and the checksum of both."""
    return prefix + random + _checksum(prefix + random)


def is_mistyped(secret: str) -> bool:
    """Return whether the secret has the form of one with a checksum, and another checksum."""
    return _FORM.fullmatch(secret) is not None and _checksum(secret[:-_CHECKSUM_LENGTH]) != secret[-_CHECKSUM_LENGTH:]


def _checksum(text: str) -> str:
    """Return the CRC-32 of a text in the base 62, with leading zeros."""
    number, digits = crc32(text.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
