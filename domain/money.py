"""Money: integer cents inside, a decimal string of reais outside."""

import re
from typing import NamedTuple, NewType

Cents = NewType("Cents", int)


class Amount(NamedTuple):
    """Amount of money as a fact of a sentence, since cents are not told from other numbers when a program runs."""

    cents: Cents


UNIT_PRICE_MAX = Cents(99_999_999_99)
"""Maximum unit price, R$ 99,999,999.99: with 50 items of 10,000 units, totals stay far below 2⁶³ cents."""

INPUT_MAX = Cents(999_999_999_999_999_99)
"""Maximum amount that can be typed, such as an approval ceiling."""

_REAIS = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")


def parse(text: str) -> Cents | None:
    """Return the cents of a string such as "1234.50"; None if it is invalid."""
    match = _REAIS.fullmatch(text)
    if match is None:
        return None
    reais, cents = match.groups(default="")
    return Cents(int(reais) * 100 + int(cents.ljust(2, "0")))


def reais(cents: int) -> str:
    """Return the decimal string with two places: "1234.50" for 123450 cents."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02d}"
