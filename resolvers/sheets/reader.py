"""Sheets: CSV as Excel and ERPs write it, with any of four delimiters, and workbooks (XLSX)."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple

from domain.cells import original
from domain.exports import TOTAL_LABEL, TOTAL_NAME
from domain.languages import Language
from domain.languages import Text as Translated
from domain.refusals import Refusal
from domain.sheet_files import ChangedFile, EmptySheet, NoText, SheetRefused, UnreadableFile
from domain.sheet_rows import (
    ErrorValue,
    LostCharacters,
    Mojibake,
    NulInRow,
    TooFewCells,
    UnpairedQuotes,
    WrongCellCount,
    sentences,
)
from domain.sheet_warnings import UnreadPages, Warned
from domain.text import single_spaced, trimmed, visible
from resolvers.sheets import headers, kinds, lines, workbooks
from resolvers.sheets.cells import is_error, shown, shown_texts
from resolvers.sheets.encodings import mended
from resolvers.sheets.headers import Header, Layout
from resolvers.sheets.lines import Lines, Text
from resolvers.sheets.workbooks import OPERATORS_BOUNDS, Bounds

DELIMITERS = (";", ",", "\t", "|")

_DECLARED_DELIMITER = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
"""First line of some exports, which declares the delimiter for Excel."""

_LONGEST_ROW = 1_000
"""Maximum number of lines of a row. More lines mean that a quotation mark was not closed.

Excel has 254 lines in a cell at most.
"""

_SHOWN = 60
"""Maximum characters of a garbled cell that a sentence repeats."""

_TOTALS = frozenset(headers.normal(name) for name in (TOTAL_LABEL.pt, TOTAL_LABEL.en, TOTAL_NAME))
_TOTAL = re.compile("[0-9]+(?:[.,][0-9]{3})*")

_LOST = "\ufffd"
_BEGINNING = 512
"""Number of bytes by which kinds of files are known."""


@dataclass(frozen=True, slots=True)
class Line:
    """Row of the sheet: the line of the file where it begins, and its cells by column name."""

    number: int
    cells: Mapping[str, str]
    written: Sequence[str] = field(default=(), compare=False)
    """Texts of all its cells."""

    headings: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Headers of the file by column name."""

    def bad(self, *refusals: Refusal) -> "BadRow":
        """Return it as a bad row."""
        return BadRow(self.number, refusals, self.written, self.headings)


@dataclass(frozen=True, slots=True)
class BadRow:
    """Row that is not imported, and why."""

    line: int
    refusals: Sequence[Refusal]
    written: Sequence[str] = field(default=(), compare=False)
    """Texts of all its cells."""

    headings: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Headers of the file by column name."""

    def reason(self, language: Language, labels: Mapping[str, Translated]) -> str:
        """Return why it is not imported, in sentences for a person; labels name columns that the file lacks."""
        columns = {**labels, **{name: Translated(heading, heading) for name, heading in self.headings.items()}}
        return sentences(self.refusals, language, columns)


class Sheet(NamedTuple):
    """Open file: its rows, read one by one, and its number of lines."""

    header: Header
    rows: Iterator[Line | BadRow]
    lines: int
    warnings: Sequence[Warned]


@contextmanager
def of_path(file: Path) -> Iterator[BinaryIO]:
    """Open a file of the disk, or copy it to one if it is a pipe; raise a refusal if that fails."""
    with ExitStack() as stack:
        with _readable():
            opened: BinaryIO = stack.enter_context(file.open("rb"))
            if not opened.seekable():
                # A sheet is read several times.
                copied = stack.enter_context(TemporaryFile())
                copyfileobj(opened, copied)
                copied.seek(0)
                opened = copied
        yield opened


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnreadableFile(error) from None


@contextmanager
def sheet(opened: BinaryIO, layout: Layout, *, bounds: Bounds = OPERATORS_BOUNDS) -> Iterator[Sheet]:
    """Find the columns of an open file; raise a refusal if it is unreadable or lacks a required column."""
    with _readable():
        beginning = opened.read(_BEGINNING)
        opened.seek(0)
    if beginning.startswith(workbooks.MAGIC):
        with workbooks.pages(opened, bounds) as pages:
            yield _workbook(pages, layout)
        return
    with _readable():
        kinds.check(opened, beginning)
    with lines.text(opened, lines_max=bounds.lines) as text:
        delimiter, placed = _placed(text, layout)
        if placed is None:
            raise EmptySheet
        if any("\0" in cell for cell in placed.header.cells) or (
            b"\0" in beginning and not text.utf_16 and not placed.header.found
        ):
            raise NoText
        headers.check(placed.header, layout)
        yield Sheet(placed.header, _without_total(_rows(text, delimiter, placed)), text.count, text.warnings)


def _workbook(pages: Iterable[workbooks.Rows], layout: Layout) -> Sheet:
    """Return the first page that has the required columns, with a warning of others that have them too."""
    found, refusals = [], []
    for page in pages:
        try:
            found.append((page, _checked_header(page, layout)))
        except SheetRefused as refusal:
            refusals.append(refusal)
    if not found:
        raise next((each for each in refusals if not isinstance(each, EmptySheet)), refusals[0])
    page, placed = found[0]
    others = ", ".join(f"“{other.title}”" for other, _ in found[1:])
    rows = _workbook_rows(page.after(placed.ends), placed.header)
    warnings = [UnreadPages(read=page.title, others=others)] if others else []
    return Sheet(placed.header, _without_total(rows), page.lines, warnings)


def _checked_header(page: workbooks.Rows, layout: Layout) -> headers.Placed:
    placed = headers.find(page.beginning, layout)
    if placed is None:
        raise EmptySheet
    headers.check(placed.header, layout)
    return placed


def _without_total(rows: Iterable[Line | BadRow]) -> Iterator[Line | BadRow]:
    """Yield the rows without the last one if it has their number, as in the portal's exports."""
    before: Line | BadRow | None = None
    for row in rows:
        if before is not None:
            yield before
            before = None
        if _is_total(row.written):
            before = row
        else:
            yield row


def _is_total(cells: Sequence[str]) -> bool:
    match cells:
        # A spreadsheet program adds blank cells, as many as there are columns.
        case [label, number, *others] if _TOTAL.fullmatch(trimmed(number)):
            return headers.normal(label) in _TOTALS and not any(map(trimmed, others))
        case _:
            return False


def _placed(text: Text, layout: Layout) -> tuple[str, headers.Placed | None]:
    """Return the delimiter with which most columns are found, and the header."""
    declared = _DECLARED_DELIMITER.fullmatch(next(iter(text), ""))
    tried = [(each, _header(text, each, layout)) for each in ([declared[1]] if declared else DELIMITERS)]
    return max(tried, key=lambda each: 0 if each[1] is None else len(each[1].header.found))


def _header(text: Text, delimiter: str, layout: Layout) -> headers.Placed | None:
    reader = csv.reader(text, delimiter=delimiter)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            for row in reader:
                if reader.line_num > 1 or not _declares(row):
                    yield reader.line_num, row
        except csv.Error:
            return

    return headers.find(rows(), layout)


def _declares(row: Sequence[str]) -> bool:
    return bool(row) and row[0].lower().startswith("sep=")


def _rows(text: Text, delimiter: str, placed: headers.Placed) -> Iterator[Line | BadRow]:
    counted = Lines(text, row_max=_LONGEST_ROW)
    for _ in range(placed.ends):
        if next(counted, None) is None:
            raise ChangedFile
        counted.row = []
    reader = csv.reader(counted, delimiter=delimiter, strict=True)
    headings = placed.header.headings
    while True:
        begins = counted.number + 1
        counted.row = []
        try:
            row = next(reader)
        except StopIteration:
            if counted.number < text.count:
                raise ChangedFile from None
            return
        except csv.Error:
            row = []
        if not row and counted.row[0].strip():
            # The rows after an unclosed quotation mark are read again.
            counted.give_back()
            yield BadRow(begins, (UnpairedQuotes(),), (counted.row[0].strip("\r\n"),))
        elif any(trimmed(cell) for cell in row):
            yield _line(begins, row, placed.header, headings)


def _line(begins: int, cells: Sequence[str], header: Header, headings: Mapping[str, str]) -> Line | BadRow:
    row, is_report = [original(cell) for cell in cells], header.has_reason
    written = row[1:] if is_report else row
    if any("\0" in cell for cell in row):
        return BadRow(begins, (NulInRow(),), [cell.replace("\0", "") for cell in written])
    if len(row) != len(header.cells):
        wrong = TooFewCells if len(row) < len(header.cells) else WrongCellCount
        return BadRow(begins, (wrong(cells=len(row), headers=len(header.cells)),), written)
    return _checked(Line(begins, _cells(shown_texts(cells, is_report=is_report), header), written, headings))


def _cells(row: Iterable[str], header: Header) -> Mapping[str, str]:
    # Spreadsheets have many invisible blanks: at the ends, doubled, line breaks, and non-breaking ones.
    return {name: single_spaced(cell) for name, cell in zip(header.names, row, strict=True) if name}


def _checked(line: Line) -> Line | BadRow:
    refusals = [found for name, cell in line.cells.items() if (found := _refusal(cell, name)) is not None]
    return line.bad(*refusals) if refusals else line


def _refusal(cell: str, name: str) -> Refusal | None:
    """Return what is wrong with a cell of any column: it has an error of a spreadsheet, or garbled accents."""
    if is_error(cell):
        return ErrorValue((name,), written=cell[:_SHOWN])
    if cell.isascii():
        return None
    if _LOST in cell:
        return LostCharacters((name,), written=cell[:_SHOWN])
    meant = mended(cell)
    return None if meant is None else Mojibake((name,), written=cell[:_SHOWN], meant=meant[:_SHOWN])


def _workbook_rows(rows: Iterable[tuple[int, Sequence[str]]], header: Header) -> Iterator[Line | BadRow]:
    width, headings = len(header.cells), header.headings
    for number, row in rows:
        if not any(trimmed(visible(cell)) for cell in row):
            continue
        # A workbook's rows have as many cells as were ever used.
        cells = [*row[:width], *[""] * (width - len(row))]
        surplus = [cell for cell in row[width:] if trimmed(cell)]
        written = cells[1:] if header.has_reason else cells
        if surplus:
            refusal = WrongCellCount(cells=width + len(surplus), headers=width)
            yield BadRow(number, (refusal,), [*written, *surplus])
        else:
            yield _checked(Line(number, _cells(map(shown, cells), header), written, headings))
