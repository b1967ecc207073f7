"""CNPJs for tests, with check digits computed by the tax authority's rule."""

from itertools import count
from secrets import token_hex

_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
# A letter first, or a number that lost its last character may be right with a leading zero.
_run = f"X{token_hex(3)[1:]}".upper()
_numbers = count(1)


def with_check_digits(base: str) -> str:
    """Return the CNPJ that begins with these twelve characters."""
    number = base
    for weights in (_WEIGHTS[1:], _WEIGHTS):
        rest = sum((ord(character) - 48) * weight for character, weight in zip(number, weights, strict=True)) % 11
        number += "0" if rest < 2 else str(11 - rest)
    return number


def another() -> str:
    """Return a valid CNPJ that was not used before."""
    return with_check_digits(f"{_run}{next(_numbers):06d}")


def masked(number: str) -> str:
    """Return the CNPJ as people write it."""
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"


VENDOR = with_check_digits("112223330001")
"""CNPJ of the vendor, which a database has once."""
