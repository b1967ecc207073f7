"""Cities and states of a sheet, in one column or two, by abbreviation or name."""

import re
from collections.abc import Iterator

from domain.clients import STATE_NAMES, STATES
from domain.text import fold, trimmed, visible

_LENGTH_MAX = 200
"""Maximum characters of a cell that is looked into; a longer one is refused as it is."""

_BETWEEN = re.compile(r"\s*[/|()\-–—,]\s*")
# A hyphen may be a part of the name: “Ji-Paraná” is a city.
_AT_END = re.compile(r"(.*\S)\s*(?:[/|(,]\s*([^/|(),]+?)|[\-–—]\s*([A-Za-z]{2}))\s*\)?")
_AT_BEGIN = re.compile(r"([A-Za-z]{2})\s*[/|\-–—]\s*(\S.*)")


def state(text: str) -> str:
    """Return the abbreviation of a state that is written by abbreviation, name or both; any other text unchanged."""
    if len(text) > _LENGTH_MAX:
        return text
    parts = [part for part in _BETWEEN.split(trimmed(visible(text))) if part]
    found = {_abbreviation(part) for part in parts}
    only = next(iter(found)) if len(found) == 1 else None
    return text if only is None else only


def split(city: str, state_cell: str) -> tuple[str, str]:
    """Return city and state; a city such as “Recife/PE” has both if the state is empty or the same one."""
    wanted = state(state_cell)
    for name, place in _parts(city) if len(city) <= _LENGTH_MAX else ():
        found = _abbreviation(place)
        if found is not None and wanted in {"", found}:
            return name, found
    return city, wanted


def _parts(text: str) -> Iterator[tuple[str, str]]:
    if match := _AT_END.fullmatch(text):
        yield match[1], match[2] or match[3]
    if match := _AT_BEGIN.fullmatch(text):
        yield match[2], match[1]


def _abbreviation(text: str) -> str | None:
    upper = text.upper()
    return upper if upper in STATES else STATE_NAMES.get(fold(text))
