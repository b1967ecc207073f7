"""Workbooks (XLSX), read row by row within bounds of their unpacked size."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from domain.sheet_files import BrokenWorkbook, EmptySheet, LargeWorkbook

MAGIC = b"PK\x03\x04"
"""First bytes of a workbook, which is a ZIP archive."""

_PARTS_MAX = 1_000
"""Maximum number of parts of a workbook."""

_COLUMNS_MAX = 100
"""Maximum number of columns that are read."""

_ROWS_MAX = 1 << 20
"""Maximum number of rows of a sheet in Excel; a file can claim any."""

_BEGINNING = 60
"""Number of rows that are read to find the header."""

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    DefusedXmlException,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
"""Errors that openpyxl raises about files that are no workbooks, are damaged, or are encrypted."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Methods of compression that workbooks have (ECMA-376, part 2)."""

_BLOCK = 1 << 20


class Bounds(NamedTuple):
    """What a workbook may take: bytes of its unpacked parts, and tags of XML in them, which are objects in memory."""

    unpacked: int
    tags: int


OPERATORS_BOUNDS = Bounds(unpacked=256 * 1024 * 1024, tags=20_000_000)
CALLERS_BOUNDS = Bounds(unpacked=16 * 1024 * 1024, tags=500_000)
"""Bounds for callers of the API: 5,000 rows of 15 columns have 450,000 tags at most."""

Numbered = tuple[int, Sequence[str]]


class Rows(NamedTuple):
    """Rows of a workbook's first sheet with their numbers: the first ones, and all that follow them."""

    beginning: Sequence[Numbered]
    rest: Iterator[Numbered]
    lines: int

    def after(self, number: int) -> Iterator[Numbered]:
        """Return the rows after the one with this number."""
        return chain((row for row in self.beginning if row[0] > number), self.rest)


@contextmanager
def rows(opened: BinaryIO, bounds: Bounds) -> Iterator[Rows]:
    """Open a workbook; raise a refusal if it is damaged, or would take more than the bounds."""
    _check_size(opened, bounds)
    with _broken():
        book = openpyxl.load_workbook(opened, read_only=True, data_only=True, keep_links=False)
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise EmptySheet
        stated = sheets[0].max_row or 0
        # The dimensions that a file states may be wrong, and would cut rows off.
        sheets[0].reset_dimensions()
        numbered = _numbered(sheets[0].iter_rows(values_only=True, max_col=_COLUMNS_MAX))
        beginning = list(islice(numbered, _BEGINNING))
        yield Rows(beginning, numbered, max(stated, len(beginning)))
    finally:
        book.close()


def _check_size(opened: BinaryIO, bounds: Bounds) -> None:
    """Raise a refusal if the parts are too large; none unpacks to more than the archive's directory says."""
    with _broken(), zipfile.ZipFile(opened) as archive:
        parts = archive.infolist()
        if any(part.compress_type not in _METHODS for part in parts):
            raise BrokenWorkbook
        small = len(parts) <= _PARTS_MAX and sum(part.file_size for part in parts) <= bounds.unpacked
        if not small or sum(_tags(archive, part) for part in parts) > bounds.tags:
            raise LargeWorkbook(megabytes=bounds.unpacked // 1024**2)
    opened.seek(0)


def _tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    with archive.open(part) as unpacked:
        return sum(block.count(b"<") for block in iter(lambda: unpacked.read(_BLOCK), b""))


@contextmanager
def _broken() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise BrokenWorkbook from error


def _numbered(found: Iterable[Sequence[Any]]) -> Iterator[Numbered]:
    with _broken():
        for number, row in enumerate(found, 1):
            # Rows that are not in the file come as blank ones, as many as there are numbers.
            if number > _ROWS_MAX:
                raise BrokenWorkbook
            if row.count(None) < len(row):
                yield number, [_text(cell) for cell in row[: _width(row)]]


def _width(row: Sequence[Any]) -> int:
    """Return the number of cells up to the last one that is not blank."""
    return next((place for place in range(len(row), 0, -1) if row[place - 1] is not None), 0)


def _text(cell: object) -> str:
    """Return a cell as Excel shows it in Brazil: in a number, the dot could be taken for a separator of thousands."""
    match cell:
        case None:
            return ""
        case bool():
            return "sim" if cell else "não"
        case float():
            return str(int(cell)) if cell.is_integer() else f"{cell:.6f}".rstrip("0").replace(".", ",")
        case datetime() | date():
            return cell.isoformat()
        case _:
            return str(cell)
