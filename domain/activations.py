"""Licenses in use at clients' installations, "Detalhes da Ativação"."""

import re
from enum import Enum

AUTHORIZATION_CODE_BITS = 125
ECF_SERIAL_NUMBER_LENGTH = 50
NOTE_LENGTH = 2_000

ACTIVATION_KEY_LENGTH = 64

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS = 5
_GROUP_LENGTH = 5
_CODE = re.compile(rf"[{_CROCKFORD}]{{{_GROUP_LENGTH}}}(?:-[{_CROCKFORD}]{{{_GROUP_LENGTH}}}){{{_GROUPS - 1}}}")
_KEY = re.compile(rf"[A-Z0-9-]{{4,{ACTIVATION_KEY_LENGTH}}}")


class ActivationStatus(Enum):
    """Status of an activation: it holds its license, or has returned it."""

    ACTIVE = "ACTIVE"
    CANCELLED = "CANCELLED"


class ActivationCancellationReason(Enum):
    """Reason why an activation ended."""

    ACTIVATION_CANCELLED = "ACTIVATION_CANCELLED"
    CLIENT_CANCELLED = "CLIENT_CANCELLED"
    MOVED = "MOVED"


def activation_key(text: str) -> str | None:
    """Return the key as it is stored, upper-cased; None unless it is 4–64 of A–Z, 0–9 and the hyphen."""
    key = text.upper() if text.isascii() else ""
    return key if _KEY.fullmatch(key) else None


def authorization_code(random: int) -> str:
    """Return 25 Crockford base-32 characters in five groups, made of 125 random bits."""
    digits = [_CROCKFORD[random >> 5 * place & 31] for place in range(_GROUPS * _GROUP_LENGTH)]
    groups = ["".join(digits[start : start + _GROUP_LENGTH]) for start in range(0, len(digits), _GROUP_LENGTH)]
    return "-".join(groups)


def is_authorization_code(text: str) -> bool:
    """Return whether the text has the shape of an authorization code."""
    return _CODE.fullmatch(text) is not None
