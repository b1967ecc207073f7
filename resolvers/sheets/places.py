"""Cities and states of a sheet, in one column or two, by abbreviation or name."""

import re
from collections.abc import Iterator

from domain.clients import STATE_NAMES, STATES
from domain.sheet_rows import NoStateOfCity, TwoStates
from domain.text import ascii_upper, fold, trimmed, visible

_LENGTH_MAX = 200
"""Maximum characters of a cell that is looked into; a longer one is refused as it is."""

_SHOWN = 60
"""Maximum characters of what is no state that a sentence repeats."""

_ABBREVIATION_LENGTH = 2

_BETWEEN = re.compile(r"\s*[/|()\-–—,]\s*")
# A hyphen may be a part of the name: “Ji-Paraná” is a city.
_AT_END = re.compile(r"(.*\S)\s*(?:[/|(,]\s*([^/|(),]+?)|[\-–—]\s*([A-Za-z]{2}))\s*\)?")
_WITHOUT_CITY = re.compile(r"\s*[/|\-–—]\s*(\S.*)")
_AT_BEGIN = re.compile(r"([A-Za-z]{2})\s*[/|\-–—]\s*(\S.*)")


def state(text: str) -> str:
    """Return the abbreviation of a state that is written by abbreviation, name or both; any other text unchanged."""
    if len(text) > _LENGTH_MAX:
        return text
    parts = [part for part in _BETWEEN.split(trimmed(visible(text))) if part]
    found = {_abbreviation(part) for part in parts}
    only = next(iter(found)) if len(found) == 1 else None
    return text if only is None else only


def split(city: str, state_cell: str, *, of_both: bool = False) -> tuple[str, str]:
    """Return city and state; a city such as “Recife/PE” has both if the state is empty or the same one.

    `of_both` says that the column has both. Raises TwoStates if the city has another state than the cell, and
    NoStateOfCity for what is in the place of a state and is none, as in “Recife/XX”.
    """
    wanted = state(state_cell)
    # A formula that joins both leaves the slash where the state is empty.
    city = city.rstrip(" /|")
    if (alone := _WITHOUT_CITY.fullmatch(city)) and (found := _abbreviation(alone[1])) and wanted in {"", found}:
        return "", found
    parts = list(_parts(city)) if len(city) <= _LENGTH_MAX else []
    slashed = "/" in city or "|" in city
    others = []
    for name, place in parts:
        found = _abbreviation(place)
        if found is not None and wanted in {"", found}:
            return name, found
        # The name of a city may have hyphens, commas and brackets.
        if found is not None and wanted in STATES and (slashed or of_both or _is_short(place)):
            others.append(found)
    if others:
        raise TwoStates(of_city=others[0], of_column=wanted)
    if (match := _AT_END.fullmatch(city)) is not None and parts:
        place = match[2] or match[3]
        if _abbreviation(place) is None and [slashed, of_both, _is_short(place)].count(True) > 1:
            raise NoStateOfCity(written=place[:_SHOWN])
    return city, wanted


def _is_short(place: str) -> bool:
    return len(place) == _ABBREVIATION_LENGTH and place.isalpha()


def _parts(text: str) -> Iterator[tuple[str, str]]:
    if match := _AT_END.fullmatch(text):
        yield match[1], match[2] or match[3]
    if match := _AT_BEGIN.fullmatch(text):
        yield match[2], match[1]


def _abbreviation(text: str) -> str | None:
    upper = ascii_upper(text)
    return upper if upper in STATES else STATE_NAMES.get(fold(text))
