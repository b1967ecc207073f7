"""Writers of exported files: bytes of a batch of rows at a time, and at the end the number of rows.

A file without this number is incomplete, since an export that fails ends where it is.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple, Protocol, TypeAlias

import orjson

from domain.cells import csv_cells
from domain.exports import TOTAL_NAME, CsvStyle
from resolvers.exports.values import Shown, csv_converter, json_converter

Rows: TypeAlias = Sequence[Sequence[Any]]
"""Rows as the database driver has them."""


class FileType(NamedTuple):
    """Media type and extension of a file."""

    media_type: str
    extension: str


class Writer(Protocol):
    """Writer of one file."""

    type: FileType
    count: int
    """Number of rows so far."""

    def begin(self) -> bytes:
        """Return what is before the rows."""

    def rows(self, found: Rows) -> bytes:
        """Return the rows, of which there is at least one."""

    def end(self) -> bytes:
        """Return what is after the rows: their number."""

    def close(self) -> None:
        """Drop what it has open; nothing is written afterwards."""


class CsvWriter:
    """Writer of CSV: RFC 4180 with LF for CRLF, and for Brazil semicolons and a byte order mark."""

    type = FileType("text/csv; charset=utf-8", "csv")

    def __init__(self, columns: Sequence[Shown], style: CsvStyle, total_label: str) -> None:
        brazilian = style is CsvStyle.BRAZILIAN
        self._delimiter, self._mark = (";", "\ufeff") if brazilian else (",", "")
        self._header = [column.label if brazilian else column.name for column in columns]
        self._total = total_label if brazilian else TOTAL_NAME
        self._converters = [csv_converter(column, style) for column in columns]
        self.count = 0

    def begin(self) -> bytes:
        """Return the header."""
        return f"{self._mark}{self._delimiter.join(csv_cells(self._header))}\n".encode()

    def rows(self, found: Rows) -> bytes:
        """Return the rows, of which there is at least one."""
        self.count += len(found)
        columns = [convert(values) for convert, values in zip(self._converters, zip(*found, strict=True), strict=True)]
        if len(columns) == 1:
            # An empty line would be no row.
            return "".join([f"{cell}\n" if cell else '""\n' for cell in columns[0]]).encode()
        return ("\n".join(map(self._delimiter.join, zip(*columns, strict=True))) + "\n").encode()

    def end(self) -> bytes:
        """Return a row with the number of rows before it."""
        return f"{self._total}{self._delimiter}{self.count}\n".encode()

    def close(self) -> None:
        """Do nothing: it has nothing open."""


class JsonLinesWriter:
    """Writer of JSON Lines: an object for each row, and at the end one with their number."""

    type = FileType("application/jsonl; charset=utf-8", "jsonl")

    def __init__(self, columns: Sequence[Shown]) -> None:
        names = [orjson.dumps(column.name) + b":" for column in columns]
        self._before = [b"{" + names[0], *(b"," + name for name in names[1:])]
        """What is written before each value."""
        self._converters = [json_converter(column) for column in columns]
        self.count = 0

    def begin(self) -> bytes:
        """Return nothing: each row has its names."""
        return b""

    def rows(self, found: Rows) -> bytes:
        """Return the rows, of which there is at least one."""
        self.count += len(found)
        columns = [convert(values) for convert, values in zip(self._converters, zip(*found, strict=True), strict=True)]
        parts: list[Iterable[bytes]] = []
        for before, values in zip(self._before, columns, strict=True):
            parts += [repeat(before), values]
        # What is repeated has no end.
        return b"".join(map(b"".join, zip(*parts, repeat(b"}\n"), strict=False)))

    def end(self) -> bytes:
        """Return an object with the number of rows before it."""
        return orjson.dumps({TOTAL_NAME: self.count}) + b"\n"

    def close(self) -> None:
        """Do nothing: it has nothing open."""
