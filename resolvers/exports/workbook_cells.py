"""Cells of worksheets, a column at a time: what is constant around each cell is joined once for all rows."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from domain.cells import xml_text, xml_texts
from domain.export_columns import Kind
from resolvers.exports.values import Driven, Shown, global_ids, integers, masked, reais

DATE_STYLE, MONEY_STYLE = 1, 2
"""Indices of the workbook's styles."""

_DAY = slice(0, 10)
_TIME = slice(11, 19)
_EXCEL_DAY_ZERO = date(1899, 12, 30).toordinal()
_EMPTY = "<c/>"
_TEXT_BEGINS, _TEXT_ENDS = '<c t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"


class Cells(NamedTuple):
    """Cells of a column: the content of each, between two texts that are the same for all."""

    before: str
    contents: Sequence[str]
    after: str


CellsOf: TypeAlias = Callable[[Driven], Cells]


def workbook_converter(column: Shown) -> CellsOf:
    """Return the function that makes cells of a worksheet: texts are never formulas."""
    of_kind: dict[Kind, CellsOf] = {
        Kind.INTEGER: lambda values: _numbers(integers(values)),
        Kind.MONEY: lambda values: _numbers(reais(values), MONEY_STYLE),
        Kind.MOMENT: _moments(),
        Kind.CNPJ: lambda values: text_cells(masked(values)),
        Kind.CHOICE: _labels(column),
        Kind.ID: lambda values: text_cells(global_ids(column, values)),
    }
    return of_kind.get(column.kind, text_cells)


def text_cells(texts: Sequence[str | None]) -> Cells:
    """Return cells with texts; null is an empty one."""
    if all(texts):
        return Cells(_TEXT_BEGINS, xml_texts([text for text in texts if text]), _TEXT_ENDS)
    escaped = iter(xml_texts([text for text in texts if text]))
    return Cells("", [f"{_TEXT_BEGINS}{next(escaped)}{_TEXT_ENDS}" if text else _EMPTY for text in texts], "")


def _numbers(texts: Sequence[str], style: int = 0) -> Cells:
    before, after = f'<c s="{style}"><v>', "</v></c>"
    if all(texts):
        return Cells(before, texts, after)
    return Cells("", [f"{before}{text}{after}" if text else _EMPTY for text in texts], "")


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


def _moments() -> CellsOf:
    days, times = _ExcelDays(), _ExcelTimes()

    def convert(values: Driven) -> Cells:
        return _numbers(
            ["" if value is None else days[value[_DAY]] + times[value[_TIME]] for value in values], DATE_STYLE
        )

    return convert


def _labels(column: Shown) -> CellsOf:
    choices = column.choices
    if choices is None:
        return text_cells
    made = {None: _EMPTY} | {value: f"{_TEXT_BEGINS}{xml_text(text)}{_TEXT_ENDS}" for value, text in choices.items()}
    return lambda values: Cells("", [made[value] for value in values], "")
