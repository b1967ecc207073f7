"""Languages of messages and labels, and how each of them writes numbers, money, dates and nouns."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from math import ceil
from string import Formatter
from typing import NamedTuple, TypeAlias

from domain import header_lists
from domain.money import Amount


class Language(Enum):
    """Language of messages and labels."""

    PORTUGUESE = "pt-BR"
    ENGLISH = "en"


class Text(NamedTuple):
    """Sentence or label in each language; `{name}` is replaced by a fact, written as the language does.

    What may follow a name depends on the type of its fact:

    - `{count:pedido|pedidos}` is a number with its noun, in the singular for 1.
    - `{line:plain}` is a number without separators of thousands, such as that of a line.
    - `{field:bare}` is a noun without its article, and `{field:encontrado|encontrada}` a word of its gender.
    - `{actions:nem}` is a list, with that word before its last entry.
    """

    pt: str
    en: str

    def within(self, language: Language) -> str:
        """Return the sentence in the language, with its facts not yet filled in."""
        return self.pt if language is Language.PORTUGUESE else self.en

    def filled(self, language: Language, facts: "Mapping[str, Fact]") -> str:
        """Return the sentence in the language with its facts, and one full stop where a fact ends with another."""
        parts: list[str] = []
        for literal, name, spec, _ in _FORMATTER.parse(self.within(language)):
            if parts and literal.startswith("."):
                parts[-1] = parts[-1].removesuffix(".")
            parts.append(literal)
            if name is not None:
                parts.append(_written(facts[name], spec or "", language))
        return "".join(parts)


class Noun(NamedTuple):
    """Noun in each language, with its article: “a quantidade”, “the quantity”."""

    pt: str
    en: str

    def within(self, language: Language, spec: str = "") -> str:
        """Return the noun with its article, or without it if `bare`, or the word of its gender."""
        noun = self.pt if language is Language.PORTUGUESE else self.en
        if spec == "bare":
            return noun.partition(" ")[2] if noun.partition(" ")[0] in _ARTICLES else noun
        masculine, separator, feminine = spec.partition("|")
        if not separator:
            return noun
        return feminine if self.pt.startswith(("a ", "as ")) else masculine


Fact: TypeAlias = "str | int | Amount | date | timedelta | Text | Noun | Sequence[Text]"
"""Fact of a sentence; a value of an enum is given by its label."""

_ARTICLES = frozenset({"o", "a", "os", "as", "the"})
_FORMATTER = Formatter()
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
_ENTRY = re.compile(r"[ \t]*([^\s;]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*")
_UNNAMED = (0.0, 0)
_EXCLUDED = (-1.0, 0)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DURATIONS = {
    timedelta(seconds=1): Text(pt="{count:segundo|segundos}", en="{count:second|seconds}"),
    _MINUTE: Text(pt="{count:minuto|minutos}", en="{count:minute|minutes}"),
    _HOUR: Text(pt="{count:hora|horas}", en="{count:hour|hours}"),
}


def number(value: int, language: Language) -> str:
    """Return the number with the language's separators of thousands: 10.000 or 10,000."""
    separated = f"{value:,}"
    return separated.replace(",", ".") if language is Language.PORTUGUESE else separated


def money(amount: Amount, language: Language) -> str:
    """Return the amount: R$ 3.230,00 or R$3,230.00."""
    sign = "-" if amount.cents < 0 else ""
    whole, cents = divmod(abs(amount.cents), 100)
    if language is Language.PORTUGUESE:
        return f"{sign}R$ {number(whole, language)},{cents:02d}"
    return f"{sign}R${number(whole, language)}.{cents:02d}"


def day(value: date, language: Language) -> str:
    """Return the date: 27/11/2026 or 27 November 2026."""
    if language is Language.PORTUGUESE:
        return f"{value:%d/%m/%Y}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def moment(value: datetime, language: Language) -> str:
    """Return the date and time in UTC: 27/11/2026 às 14:30 (UTC) or 27 November 2026, 14:30 UTC."""
    there = value.astimezone(UTC)
    if language is Language.PORTUGUESE:
        return f"{day(there, language)} às {there:%H:%M} (UTC)"
    return f"{day(there, language)}, {there:%H:%M} UTC"


def duration(value: timedelta, language: Language) -> str:
    """Return the duration in seconds below a minute, else in minutes or hours, rounded up."""
    unit = timedelta(seconds=1) if value < _MINUTE else _MINUTE if value <= _HOUR else _HOUR
    return _DURATIONS[unit].filled(language, {"count": ceil(value / unit)})


def listed(entries: Sequence[str], conjunction: str) -> str:
    """Return the entries with commas, and the conjunction before the last one."""
    *first, last = entries
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def ended(text: str) -> str:
    """Return the sentence with one full stop at its end, where a name that ends with another comes last."""
    return text[:-1] if text.endswith("..") else text


def sentence(text: str, place: str = "") -> str:
    """Return the sentence with a capital, or after a place in the input, such as “Item 1”, without one."""
    if not place:
        return text[:1].upper() + text[1:]
    # An acronym keeps its capitals.
    return f"{place}: {text}" if text[1:2].isupper() else f"{place}: {text[:1].lower()}{text[1:]}"


def _written(fact: Fact, spec: str, language: Language) -> str:  # noqa: PLR0911 — one for each type of a fact.
    match fact:
        case str():
            return fact
        case int():
            return _counted(fact, spec, language)
        case Amount():
            return money(fact, language)
        case datetime():
            return moment(fact, language)
        case date():
            return day(fact, language)
        case timedelta():
            return duration(fact, language)
        case Text():
            return fact.within(language)
        case Noun():
            return fact.within(language, spec)
        case _:
            return listed([each.within(language) for each in fact], spec)


def _counted(value: int, spec: str, language: Language) -> str:
    if spec == "plain":
        return str(value)
    one, separator, many = spec.partition("|")
    if not separator:
        return number(value, language)
    return f"{number(value, language)} {one if value == 1 else many}"


def preferred(accept_language: str) -> Language:
    """Return the best language for an Accept-Language header (RFC 9110, 12.5.4); Portuguese if several are.

    A language that the header does not name is preferred to one that it excludes by `q=0`. An invalid entry counts as
    none.
    """
    entries = [_ENTRY.fullmatch(part) for part in header_lists.members(accept_language.lower())]
    ranges = [(entry[1], float(entry[2] or 1)) for entry in entries if entry is not None]
    return max(Language, key=lambda language: _wish(language, ranges))


def _wish(language: Language, ranges: Sequence[tuple[str, float]]) -> tuple[float, int]:
    """Return the quality of the language, and what puts the ranges of one quality in their order."""
    tag = language.value.lower()
    primary = tag.partition("-")[0]
    named, of_any = [], []
    for place, (found, quality) in enumerate(ranges):
        if found == "*":
            of_any.append((quality, -place))
        # Another variant, such as pt-PT, is better than another language; without it, this one is not excluded.
        elif found.partition("-")[0] == primary and (quality or f"{tag}-".startswith(f"{found}-")):
            named.append((quality, -place))
    best = max(named or of_any, default=_UNNAMED)
    return best if best[0] or best is _UNNAMED else _EXCLUDED
