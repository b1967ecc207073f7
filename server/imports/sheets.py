"""CSV as Excel and ERPs write it: any of three delimiters, three encodings, headers in two languages."""

import codecs
import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from domain.text import fold, single_spaced, trimmed

DELIMITERS = (";", ",", "\t")

_DECLARED_DELIMITER = re.compile(r"sep=(.)[\r\n]*", re.IGNORECASE)
"""First line of some exports, which declares the delimiter for Excel."""

_AS_TEXT = re.compile(r"""="(.*)"|'(.*)""")
"""Marks by which spreadsheets keep a number as a text: `="…"`, and an apostrophe."""

_LONGEST_ROW = 20
"""Maximum number of lines of a row. More lines mean that a quotation mark was not closed."""

_BLOCK = 1 << 20

Columns = Mapping[str, Sequence[str]]
"""Headers by column name, the surest first."""


class SheetError(Exception):
    """The file can't be read; the message says why."""


class Line(NamedTuple):
    """Row of the sheet: the line of the file where it begins, and its cells by column name."""

    number: int
    cells: Mapping[str, str]


class BadRow(NamedTuple):
    """Row that is not imported, and why."""

    line: int
    reason: str


class Sheet(NamedTuple):
    """Open file: its rows, read one by one, and its number of lines."""

    rows: Iterator[Line | BadRow]
    lines: int
    unused: Sequence[str]
    """Headers of unknown columns."""


class _Layout(NamedTuple):
    delimiter: str
    names: Sequence[str | None]
    unused: Sequence[str]


class _Survey(NamedTuple):
    encoding: str
    lines: int


class _Lines:
    """Counted lines of a file, some of which can be read again."""

    def __init__(self, file: Path, opened: TextIO) -> None:
        self._file = file
        self._opened = opened
        self._returned: deque[str] = deque()
        self.number = 0
        self.row: list[str] = []
        """Lines read since the row began."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read()
        self.number += 1
        self.row.append(line)
        return line

    def _read(self) -> str:
        try:
            return next(self._opened)
        except OSError as error:
            message = f"{self._file} can't be read any further: {error.strerror}"
            raise SheetError(message) from None

    def give_back(self) -> None:
        """Read again all but the first line of the row."""
        self._returned.extendleft(reversed(self.row[1:]))
        self.number -= len(self.row) - 1


@contextmanager
def sheet(file: Path, columns: Columns, required: frozenset[str]) -> Iterator[Sheet]:
    """Open the file and find its columns; raise SheetError if it is unreadable or lacks a required column."""
    with _reading(file):
        if file.exists() and not file.is_file():
            message = f"{file} is not a file"
            raise SheetError(message)
        encoding, lines = _survey(file)
        opened = file.open(encoding=encoding, newline="")
    # Errors of the code that uses the rows must pass; only errors of reading the file are caught.
    with opened:
        with _reading(file):
            layout = _layout(opened, columns)
            opened.seek(0)
        _check(layout, columns, required)
        yield Sheet(_rows(_Lines(file, opened), layout), lines, layout.unused)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{file} can't be read: {error.strerror}"
        raise SheetError(message) from None


def _survey(file: Path) -> _Survey:
    """Return the encoding and the length of the whole file, before any of its rows is used."""
    with file.open("rb") as opened:
        beginning = opened.read(2)
    is_utf16 = beginning in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    # Windows-1252 takes almost anything, so it comes last.
    for encoding in ["utf-16"] if is_utf16 else ["utf-8-sig", "cp1252"]:
        lines = _length(file, encoding)
        if lines is not None:
            return _Survey(encoding, lines)
    message = f"{file} is not a text in UTF-8, UTF-16 or Windows-1252"
    raise SheetError(message)


def _length(file: Path, encoding: str) -> int | None:
    lines = 0
    try:
        with file.open(encoding=encoding) as opened:
            while block := opened.read(_BLOCK):
                if "\0" in block:
                    message = f"{file} is not a text: it has NUL characters. Export it as CSV"
                    raise SheetError(message)
                lines += block.count("\n")
    except UnicodeError:
        return None
    return lines


def _layout(opened: TextIO, columns: Columns) -> _Layout:
    """Return the positions of the columns, with the delimiter by which most of them are found."""
    declared = _DECLARED_DELIMITER.fullmatch(opened.readline())
    found = [_header(opened, delimiter, columns) for delimiter in ([declared[1]] if declared else DELIMITERS)]
    return max(found, key=lambda layout: sum(name is not None for name in layout.names))


def _header(opened: TextIO, delimiter: str, columns: Columns) -> _Layout:
    opened.seek(0)
    try:
        header = next((row for row in csv.reader(opened, delimiter=delimiter) if _is_header(row)), [])
    except csv.Error:
        header = []
    normal = [_normal(cell) for cell in header]
    chosen: dict[str, str] = {}
    for name, aliases in columns.items():
        present = [alias for alias in map(_normal, aliases) if alias in normal]
        chosen.update(dict.fromkeys(present[:1], name))
    for alias, name in chosen.items():
        if normal.count(alias) > 1:
            message = f"two columns are called {aliased(columns[name], alias)}; remove the one that does not count"
            raise SheetError(message)
    names = [chosen.get(alias) for alias in normal]
    unused = [cell for cell, name in zip(header, names, strict=True) if name is None and cell.strip()]
    return _Layout(delimiter, names, unused)


def _is_header(row: Sequence[str]) -> bool:
    return any(trimmed(cell) for cell in row) and row[0].lower() != "sep="


def without_text_mark(cell: str) -> str:
    """Return the content of a cell without its text mark."""
    match = _AS_TEXT.fullmatch(cell)
    return cell if match is None else match[1] or match[2] or ""


def aliased(aliases: Sequence[str], normal: str) -> str:
    """Return the alias that equals the text without accents, case and blanks."""
    return next(alias for alias in aliases if _normal(alias) == normal)


def _normal(header: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(header))


def _check(layout: _Layout, columns: Columns, required: frozenset[str]) -> None:
    if not any(layout.names) and not layout.unused:
        message = "the file is empty: its first line has to name the columns"
        raise SheetError(message)
    missing = sorted(required - set(layout.names))
    if missing:
        wanted = "; ".join(" or ".join(columns[name]) for name in missing)
        message = f"the first line has no column for: {wanted}"
        raise SheetError(message)


def _rows(lines: _Lines, layout: _Layout) -> Iterator[Line | BadRow]:
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    header_seen = False
    while True:
        begins = lines.number + 1
        lines.row = []
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = []
        else:
            if not header_seen:
                header_seen = _is_header(row)
                continue
        if len(lines.row) > _LONGEST_ROW or (not row and lines.row[0].strip()):
            # The rows after an unclosed quotation mark are read again.
            lines.give_back()
            yield BadRow(begins, "its quotation marks are not paired")
        elif any(trimmed(cell) for cell in row):
            yield _line(begins, row, layout.names)


def _line(begins: int, row: Sequence[str], names: Sequence[str | None]) -> Line | BadRow:
    if any(trimmed(cell) for cell in row[len(names) :]):
        reason = (
            f"it has {len(row)} cells, and the first line only {len(names)}: "
            "a cell with a delimiter in it needs quotation marks"
        )
        return BadRow(begins, reason)
    # Spreadsheets have many invisible blanks: at the ends, doubled, line breaks, and non-breaking ones.
    return Line(begins, {name: single_spaced(cell) for name, cell in zip(names, row, strict=False) if name})
