"""Reports of bad rows: CSV files that a person mends and imports again."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from domain.cells import harmless, original
from domain.languages import Language, Text
from resolvers.sheets.headers import REASON, Header
from resolvers.sheets.reader import BadRow

BOM = "\ufeff"
"""First character of the file, by which Excel knows UTF-8."""


class Report:
    """Report that is written row by row."""

    def __init__(self, to: TextIO, language: Language, labels: Mapping[str, Text]) -> None:
        """Take what sentences call the columns."""
        self._to, self._language, self._labels = to, language, labels
        self._rows = csv.writer(to, delimiter=";", lineterminator="\r\n")

    def begin(self, header: Header) -> None:
        """Write the header: the reason before the columns of the sheet, since a bad row may have too many cells."""
        self._to.write(BOM)
        cells = header.cells[1:] if header.has_reason else header.cells
        self._write(REASON.within(self._language), [original(cell) for cell in cells])

    def add(self, rows: Iterable[BadRow]) -> None:
        """Write bad rows as they are in the sheet, each with its reason."""
        for row in rows:
            line = "linha" if self._language is Language.PORTUGUESE else "line"
            self._write(f"{line} {row.line}: {row.reason(self._language, self._labels)}", row.written)

    def _write(self, reason: str, cells: Sequence[str]) -> None:
        # No spreadsheet takes a cell for a formula, and imports read it as it was.
        self._rows.writerow([reason, *map(harmless, cells)])
