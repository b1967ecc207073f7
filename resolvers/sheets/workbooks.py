"""Workbooks (XLSX), read row by row within bounds of their unpacked size."""

import errno
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from domain.sheet_files import BrokenWorkbook, EmptySheet, LargeWorkbook, SheetRefused, TooManyLines, UnreadableFile
from resolvers.sheets import kinds
from resolvers.sheets.cells import is_error
from resolvers.sheets.pages import Book, ErrorText

MAGIC = b"PK\x03\x04"
"""First bytes of a workbook, which is a ZIP archive."""

_PARTS_MAX = 1_000
"""Maximum number of parts of a workbook."""

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

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_UNKNOWN_ERROR = "#VALUE!"

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Methods of compression that workbooks have (ECMA-376, part 2)."""

_BLOCK = 1 << 20


class Bounds(NamedTuple):
    """What a sheet may take.

    Attributes:
        unpacked: Bytes of the unpacked parts of a workbook.
        tags: Tags of XML in them, which are objects in memory.
        lines: Lines of a text, or rows of a workbook, of which most may be blank.

    """

    unpacked: int
    tags: int
    lines: int = sys.maxsize


OPERATORS_BOUNDS = Bounds(unpacked=256 * 1024 * 1024, tags=20_000_000)
CALLERS_BOUNDS = Bounds(unpacked=16 * 1024 * 1024, tags=500_000, lines=100_000)
"""Bounds for callers of the API.

5,000 rows of 15 columns have 450,000 tags at most. A sheet that was formatted down to the last row of the old format of
Excel has 65,536 lines, most of them blank.
"""

Numbered = tuple[int, Sequence[str]]


class Rows(NamedTuple):
    """Rows of a page with their numbers: the first ones, and all that follow them."""

    title: str
    beginning: Sequence[Numbered]
    rest: Iterator[Numbered]
    lines: int

    def after(self, number: int) -> Iterator[Numbered]:
        """Return the rows after the one with this number."""
        return chain((row for row in self.beginning if row[0] > number), self.rest)


@contextmanager
def pages(opened: BinaryIO, bounds: Bounds) -> Iterator[Iterator[Rows]]:
    """Open a workbook, and read its visible pages one by one.

    Raises a refusal if it is damaged, or would take more than the bounds.
    """
    _check_size(opened, bounds)
    with _broken():
        book = Book(opened)
        book.read()
    with book.archive:
        if not book.pages:
            raise EmptySheet
        yield _pages(book, bounds)


def _pages(book: Book, bounds: Bounds) -> Iterator[Rows]:
    for place, page in enumerate(book.pages):
        numbered = _numbered(page.values, bounds.lines)
        try:
            beginning = list(islice(numbered, _BEGINNING))
        except SheetRefused:
            if place == 0:
                raise
            # The others are only looked at.
            continue
        yield Rows(page.title, beginning, numbered, max(page.stated_rows, len(beginning)))


def _check_size(opened: BinaryIO, bounds: Bounds) -> None:
    """Raise a refusal if the parts are too large; none unpacks to more than the archive's directory says."""
    with _broken(), zipfile.ZipFile(opened) as archive:
        parts = archive.infolist()
        kinds.check_archive(archive)
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
    except OSError as error:
        # A damaged directory of the archive points outside of the file; a missing part is an error without number.
        raise BrokenWorkbook if error.errno in {None, errno.EINVAL} else UnreadableFile(error) from error


def _numbered(found: Iterable[Sequence[Any]], lines_max: int) -> Iterator[Numbered]:
    with _broken():
        for number, row in enumerate(found, 1):
            # Rows that are not in the file come as blank ones, as many as there are numbers.
            if number > _ROWS_MAX:
                raise BrokenWorkbook
            if number > lines_max:
                raise TooManyLines(highest=lines_max)
            texts = [_text(cell) for cell in row]
            if any(texts):
                yield number, texts


def _text(cell: object) -> str:
    """Return a cell as Excel shows it in Brazil: in a number, the dot could be taken for a separator of thousands."""
    match cell:
        case None:
            return ""
        case bool():
            return "sim" if cell else "não"
        case float():
            return str(int(cell)) if cell.is_integer() else f"{cell:.6f}".rstrip("0").rstrip(".").replace(".", ",")
        case datetime() | date():
            return cell.isoformat()
        case ErrorText():
            return cell if is_error(cell) else _UNKNOWN_ERROR
        case _:
            return _unescaped(str(cell))


def _unescaped(text: str) -> str:
    """Return a text without the escapes by which workbooks write what XML has no form for (ECMA-376, ST_Xstring)."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    # Characters beyond the first 65,536 are two escapes. Half of one is as lost as any other unreadable character.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
