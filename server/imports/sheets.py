"""CSV as Excel and ERPs write it: any of three delimiters, three encodings, headers in two languages."""

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from domain.text import fold

_DELIMITERS = ";,\t"
_LONGEST_CELL = 100_000


class SheetError(Exception):
    """The file is not one that can be read; the message says why."""


class Line(NamedTuple):
    """A row of the sheet: where it begins in the file, and its cells by our names of their columns."""

    number: int
    cells: Mapping[str, str]


@contextmanager
def sheet(file: Path, columns: Mapping[str, frozenset[str]], required: frozenset[str]) -> Iterator[Iterator[Line]]:
    """Open the file and read it row by row. `columns` has the folded headers that each of our names goes by.

    Raises SheetError where the file can't be read, or lacks a required column.
    """
    try:
        with file.open(encoding=_encoding(file), newline="") as opened:
            yield _lines(opened, columns, required)
    except OSError as error:
        message = f"{file} can't be read: {error.strerror}"
        raise SheetError(message) from None
    except UnicodeDecodeError:
        message = f"{file} is neither UTF-8 nor Windows-1252"
        raise SheetError(message) from None
    except csv.Error as error:
        message = f"{file} is not CSV: {error}"
        raise SheetError(message) from None


def _encoding(file: Path) -> str:
    """UTF-8 where all of the file is, and else Windows-1252, which takes almost anything."""
    try:
        with file.open(encoding="utf-8-sig") as opened:
            for _ in opened:
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _lines(opened: io.TextIOBase, columns: Mapping[str, frozenset[str]], required: frozenset[str]) -> Iterator[Line]:
    csv.field_size_limit(_LONGEST_CELL)
    header_line = opened.readline()
    if not header_line.strip():
        message = "the file is empty: its first line has to name the columns"
        raise SheetError(message)
    delimiter = max(_DELIMITERS, key=header_line.count)
    header = next(csv.reader([header_line], delimiter=delimiter))
    names = [_name(cell, columns) for cell in header]
    missing = sorted(required - set(names))
    if missing:
        wanted = "; ".join(" or ".join(sorted(columns[name])) for name in missing)
        message = f"the first line has no column for: {wanted}"
        raise SheetError(message)
    reader = csv.reader(opened, delimiter=delimiter)
    begins = 2
    for row in reader:
        if any(cell.strip() for cell in row):
            yield Line(begins, {name: cell.strip() for name, cell in zip(names, row, strict=False) if name})
        begins = reader.line_num + 2


def _name(header: str, columns: Mapping[str, frozenset[str]]) -> str | None:
    folded = fold(header).replace(" ", "_").replace("-", "_")
    return next((name for name, headers in columns.items() if folded in headers), None)
