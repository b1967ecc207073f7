"""Values of columns as the database driver has them, converted to those of a file, a column at a time."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import orjson

from domain.cells import csv_cells
from domain.export_columns import Kind
from domain.exports import CsvStyle
from resolvers import ids

Driven: TypeAlias = Sequence[Any]
"""Values of a column; a moment is a text such as `2026-11-24T12:30:00.000000Z`."""

Converter: TypeAlias = Callable[[Driven], Sequence[Any]]


class Shown(NamedTuple):
    """Column of a file."""

    name: str
    """Name for programs."""

    label: str
    kind: Kind
    choices: Mapping[str, str] | None = None
    """Labels of an enum's values, by their names."""

    id_type: str = ""
    """Type of the ids of a column of them."""


_LIST_BEGINS, _BETWEEN, _LIST_ENDS = b"[\n  ", b",\n  ", b"\n]"
"""What orjson writes around the values of a list, and between them."""


class Rearrangement:
    """Texts of one length with their characters in other places, a whole column at once.

    That takes an eighth of the time of slicing each text.
    """

    def __init__(self, length: int, *template: int | str) -> None:
        """Take the length of each text, and for each character of a new one its place in the text, or itself."""
        self._length, self._template = length, template

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Return the new texts; one of another length is left as it is."""
        joined = "".join(texts)
        if not joined.isascii() or set(map(len, texts)) != {self._length}:
            return [self._one(text) for text in texts]
        before, size = joined.encode(), len(self._template) + 1
        after = bytearray(b"\n") * (size * len(texts))
        for place, part in enumerate(self._template):
            after[place::size] = part.encode() * len(texts) if isinstance(part, str) else before[part :: self._length]
        return after.decode().split("\n")[:-1]

    def _one(self, text: str) -> str:
        if len(text) != self._length:
            return text
        return "".join(part if isinstance(part, str) else text[part] for part in self._template)


_MASKED = Rearrangement(14, 0, 1, ".", 2, 3, 4, ".", 5, 6, 7, "/", 8, 9, 10, 11, "-", 12, 13)
_BRAZILIAN = Rearrangement(27, 8, 9, "/", 5, 6, "/", 0, 1, 2, 3, " ", *range(11, 19))


def csv_converter(column: Shown, style: CsvStyle) -> Converter:
    """Return the function that makes cells of a CSV file."""
    common: dict[Kind, Converter] = {Kind.INTEGER: integers, Kind.ID: partial(global_ids, column)}
    if style is CsvStyle.PLAIN:
        of_kind = {**common, Kind.MONEY: reais, Kind.MOMENT: _plain_moments}
    else:
        of_kind = {
            **common,
            Kind.MONEY: _with_comma,
            Kind.MOMENT: _brazilian_moments,
            Kind.CNPJ: masked,
            Kind.CHOICE: _labels(column),
        }
    return of_kind.get(column.kind, csv_cells)


def json_converter(column: Shown) -> Callable[[Driven], list[bytes]]:
    """Return the function that makes values of JSON, such as the API returns."""
    of_kind: dict[Kind, Converter] = {
        Kind.MONEY: lambda values: [cell or None for cell in reais(values)],
        Kind.MOMENT: rfc3339,
        Kind.ID: partial(global_ids, column),
    }
    convert = of_kind.get(column.kind)
    return json_values if convert is None else lambda values: json_values(convert(values))


def json_values(values: Sequence[Any]) -> list[bytes]:
    """Return the JSON of each text, number or null, of which there is at least one.

    orjson writes a whole list in a third of the time, each value on a line of its own; no value has a line break.
    """
    return orjson.dumps(values, option=orjson.OPT_INDENT_2)[len(_LIST_BEGINS) : -len(_LIST_ENDS)].split(_BETWEEN)


def rfc3339(values: Driven) -> list[str | None]:
    """Return moments as the API writes them: without a fraction if it is zero."""
    return [None if value is None else value.replace(".000000Z", "Z") for value in values]


def integers(values: Driven) -> list[str]:
    """Return numbers as texts; null is an empty one."""
    return ["" if value is None else str(value) for value in values]


def masked(values: Driven) -> list[str]:
    """Return CNPJs with their mask; null is an empty text."""
    return _unless_null(values, _MASKED)


def _brazilian_moments(values: Driven) -> list[str]:
    return _unless_null(values, _BRAZILIAN)


def _unless_null(values: Driven, convert: Callable[[Driven], list[str]]) -> list[str]:
    if None not in values:
        return convert(values)
    others = [value for value in values if value is not None]
    converted = iter(convert(others) if others else [])
    return ["" if value is None else next(converted) for value in values]


def _plain_moments(values: Driven) -> list[str]:
    return [moment or "" for moment in rfc3339(values)]


def reais(values: Driven) -> list[str]:
    """Return amounts in reais with a decimal point; null is an empty text."""
    return ["" if value is None else f"{value // 100}.{value % 100:02}" for value in values]


def _with_comma(values: Driven) -> list[str]:
    return ["" if value is None else f"{value // 100},{value % 100:02}" for value in values]


def _labels(column: Shown) -> Converter:
    choices = column.choices
    if choices is None:
        return csv_cells
    made = dict(zip([None, *choices], csv_cells([None, *choices.values()]), strict=True))
    return lambda values: [made[value] for value in values]


def global_ids(column: Shown, values: Driven) -> list[str]:
    """Return ids as the API writes them."""
    return ids.encode_all(column.id_type, values)
