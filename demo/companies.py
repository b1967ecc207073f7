"""Fictitious companies with valid CNPJs."""

from random import Random
from string import ascii_uppercase, digits
from typing import NamedTuple

from stdnum.br import cnpj

from demo import names

_ALPHANUMERIC_SHARE = 0.15
_BRANCH_SHARE = 0.1
_TRADE_NAME_SHARE = 0.8
_FAMILY_SHARE = 0.4


class Company(NamedTuple):
    """Company, as a partner would register it."""

    cnpj: str
    name: str
    trade_name: str | None
    city: str
    state: str


class Companies:
    """Generator of companies with distinct CNPJs."""

    def __init__(self, rng: Random) -> None:
        """Start without companies."""
        self._rng = rng
        self._numbers: set[str] = set()

    def another(self) -> Company:
        """Return a new company."""
        rng = self._rng
        trade, form = rng.choice(names.TRADES), rng.choice(names.FORMS)
        known_as = f"{trade} {rng.choice(names.NAMES)}"
        legal = f"{trade} {rng.choice(names.FAMILIES)}" if rng.random() < _FAMILY_SHARE else known_as
        city, state = rng.choice(names.CITIES)
        return Company(
            cnpj=self._number(),
            name=f"{legal} {form}",
            trade_name=known_as if rng.random() < _TRADE_NAME_SHARE else None,
            city=city,
            state=state,
        )

    def _number(self) -> str:
        rng = self._rng
        characters = digits + ascii_uppercase if rng.random() < _ALPHANUMERIC_SHARE else digits
        branch = rng.randint(2, 30) if rng.random() < _BRANCH_SHARE else 1
        number = with_check_digits(f"{''.join(rng.choices(characters, k=8))}{branch:04d}")
        if number in self._numbers:
            return self._number()
        self._numbers.add(number)
        return number


def with_check_digits(base: str) -> str:
    """Return the CNPJ that begins with these twelve characters."""
    return base + str(cnpj.calc_check_digits(base))
