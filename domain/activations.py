"""Licenses in use at clients' installations, "Detalhes da Ativação"."""

import re
import unicodedata
from collections.abc import Mapping
from enum import Enum

from domain.languages import Text
from domain.text import ascii_upper, fold

AUTHORIZATION_CODE_BITS = 125
ECF_SERIAL_NUMBER_LENGTH = 50
NOTE_LENGTH = 2_000

ACTIVATION_KEY_LENGTH = 64

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS = 5
_GROUP_LENGTH = 5
SEARCHED_CODE_LENGTH_MIN = _GROUP_LENGTH
"""Characters from which on a search looks for authorization codes: fewer are the beginning of many."""

_CODE = re.compile(rf"[{_CROCKFORD}]{{{_GROUP_LENGTH}}}(?:-[{_CROCKFORD}]{{{_GROUP_LENGTH}}}){{{_GROUPS - 1}}}")
_MISREAD = str.maketrans("OIL", "011")
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


class ActivationWarningCode(Enum):
    """Code of a warning about an activation that was done all the same, for programs."""

    ECF_SERIAL_NUMBER_IN_USE = "ECF_SERIAL_NUMBER_IN_USE"


WARNINGS: Mapping[ActivationWarningCode, Text] = {
    ActivationWarningCode.ECF_SERIAL_NUMBER_IN_USE: Text(
        pt="O ECF {serial_number} também está ativo em outro cliente.",
        en="The fiscal printer (ECF) {serial_number} is also active at another client.",
    ),
}
"""Sentence of each warning, of which `serial_number` is a fact."""


def activation_key(text: str) -> str | None:
    """Return the key as it is stored, upper-cased; None unless it is 4–64 of A–Z, 0–9 and the hyphen."""
    key = text.upper() if text.isascii() else ""
    return key if _KEY.fullmatch(key) else None


def note_folded(note: str | None) -> str | None:
    """Return the copy of a note by which it is searched; None if there is none."""
    return None if note is None else fold(note)


def authorization_code(random: int) -> str:
    """Return 25 Crockford base-32 characters in five groups, made of 125 random bits."""
    return _grouped("".join(_CROCKFORD[random >> 5 * place & 31] for place in range(_GROUPS * _GROUP_LENGTH)))


def beginning_of_authorization_code(text: str, *, shortest: int = 1) -> str | None:
    """Return an authorization code that is typed, or its beginning, as it is stored; None if it can't be one.

    Case, blanks and hyphens of any kind don't matter. O is read as 0, I and L as 1, as Crockford's base 32 has it.
    """
    typed = (each for each in ascii_upper(text) if not each.isspace() and unicodedata.category(each) != "Pd")
    digits = "".join(typed).translate(_MISREAD)
    is_one = shortest <= len(digits) <= _GROUPS * _GROUP_LENGTH and not set(digits).difference(_CROCKFORD)
    return _grouped(digits) if is_one else None


def is_authorization_code(text: str) -> bool:
    """Return whether the text has the shape of an authorization code."""
    return _CODE.fullmatch(text) is not None


def _grouped(digits: str) -> str:
    return "-".join(digits[start : start + _GROUP_LENGTH] for start in range(0, len(digits), _GROUP_LENGTH))
