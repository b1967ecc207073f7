"""Values of columns as the database driver has them, converted to those of a file, a column at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from domain.cells import csv_cells, xml_text
from domain.exports import CsvStyle, Kind
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


_DAY = slice(0, 10)
_TIME = slice(11, 19)
_EXCEL_DAY_ZERO = date(1899, 12, 30).toordinal()
_DATE_STYLE, _MONEY_STYLE = 1, 2
"""Indices of the workbook's styles."""

EMPTY = "<c/>"


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


class _ExcelDays(dict[str, str]):
    """Numbers of days in a workbook."""

    def __missing__(self, day: str) -> str:
        self[day] = number = str(date.fromisoformat(day).toordinal() - _EXCEL_DAY_ZERO)
        return number


class _ExcelTimes(dict[str, str]):
    """Times as decimals of a day, without the zero before the point."""

    def __missing__(self, time: str) -> str:
        seconds = int(time[:2]) * 3600 + int(time[3:5]) * 60 + int(time[6:])
        self[time] = part = f"{seconds / 86_400:.10f}"[1:]
        return part


def csv_converter(column: Shown, style: CsvStyle) -> Converter:
    """Return the function that makes cells of a CSV file."""
    common: dict[Kind, Converter] = {Kind.INTEGER: _integers, Kind.ID: partial(_ids, column)}
    if style is CsvStyle.PLAIN:
        of_kind = {**common, Kind.MONEY: _reais, Kind.MOMENT: _plain_moments}
    else:
        of_kind = {
            **common,
            Kind.MONEY: _with_comma,
            Kind.MOMENT: _brazilian_moments,
            Kind.CNPJ: _masked,
            Kind.CHOICE: _labelled(column, csv_cells),
        }
    return of_kind.get(column.kind, csv_cells)


def json_converter(column: Shown) -> Converter:
    """Return the function that makes values of JSON, such as the API returns."""
    of_kind: dict[Kind, Converter] = {
        Kind.MONEY: lambda values: [cell or None for cell in _reais(values)],
        Kind.MOMENT: rfc3339,
        Kind.ID: partial(_ids, column),
    }
    return of_kind.get(column.kind, _as_they_are)


def workbook_converter(column: Shown) -> Converter:
    """Return the function that makes cells of a worksheet: texts are never formulas."""
    of_kind: dict[Kind, Converter] = {
        Kind.INTEGER: lambda values: [_number(cell) for cell in _integers(values)],
        Kind.MONEY: lambda values: [_number(cell, _MONEY_STYLE) for cell in _reais(values)],
        Kind.MOMENT: _workbook_moments(),
        Kind.CNPJ: lambda values: text_cells(_masked(values)),
        Kind.CHOICE: _labelled(column, text_cells),
        Kind.ID: lambda values: text_cells(_ids(column, values)),
    }
    return of_kind.get(column.kind, text_cells)


def text_cells(texts: Sequence[str | None]) -> list[str]:
    """Return cells with texts; null is an empty one."""
    return [
        f'<c t="inlineStr"><is><t xml:space="preserve">{xml_text(text)}</t></is></c>' if text else EMPTY
        for text in texts
    ]


def rfc3339(values: Driven) -> list[str | None]:
    """Return moments as the API writes them: without a fraction if it is zero."""
    return [None if value is None else value.replace(".000000Z", "Z") for value in values]


def _as_they_are(values: Driven) -> Sequence[Any]:
    return values


def _number(cell: str, style: int = 0) -> str:
    return f'<c s="{style}"><v>{cell}</v></c>' if cell else EMPTY


def _integers(values: Driven) -> list[str]:
    return ["" if value is None else str(value) for value in values]


def _masked(values: Driven) -> list[str]:
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


def _reais(values: Driven) -> list[str]:
    return ["" if value is None else f"{value // 100}.{value % 100:02}" for value in values]


def _with_comma(values: Driven) -> list[str]:
    return ["" if value is None else f"{value // 100},{value % 100:02}" for value in values]


def _workbook_moments() -> Converter:
    days, times = _ExcelDays(), _ExcelTimes()
    return lambda values: [
        _number("" if value is None else days[value[_DAY]] + times[value[_TIME]], _DATE_STYLE) for value in values
    ]


def _labelled(column: Shown, cells: Converter) -> Converter:
    choices = column.choices
    if choices is None:
        return cells
    made = dict(zip([None, *choices], cells([None, *choices.values()]), strict=True))
    return lambda values: [made[value] for value in values]


def _ids(column: Shown, values: Driven) -> list[str]:
    return ids.encode_all(column.id_type, values)
