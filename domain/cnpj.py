"""Brazilian company numbers, numeric or, since July 2026, alphanumeric."""

import re

from stdnum import exceptions
from stdnum.br import cnpj as standard
from stdnum.util import clean

from domain.text import ascii_upper, control, trimmed, visible

LENGTH = 14
SHORT_LENGTH = 8
"""Least length of a number without its leading zeros, as spreadsheets write it: a shorter one may be any number."""

_MASK = " -./"
_BLANK = re.compile(r"\s")
_SHAPE = re.compile(r"[0-9A-Z]{12}[0-9]{2}")


def parse(text: str) -> str | None:
    """Return the 14 characters of a CNPJ given in any mask and case; None if it is invalid."""
    written = trimmed(visible(text))
    if control(written) or ascii_upper(written) != written.upper():
        return None
    try:
        number = standard.validate(written)
    except exceptions.ValidationError:
        return None
    return number if _SHAPE.fullmatch(number) and number.strip("0") else None


def unmasked(text: str) -> str:
    """Return a part of a CNPJ without its mask, to search by its first characters.

    The mask may have any dash, point and slash, as those that word processors put in their places.
    """
    return _BLANK.sub("", ascii_upper(clean(visible(text), _MASK)))
