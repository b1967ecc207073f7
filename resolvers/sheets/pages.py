"""Visible pages of a workbook, with their texts as they are in the file."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

_ITEM, _TEXT, _RUN, _DIMENSION, _ROWS = (
    f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "t", "r", "dimension", "sheetData")
)


COLUMNS_MAX = 100
"""Maximum number of columns that are read."""

_PAGES_MAX = 10
"""Maximum number of visible pages that are looked at."""


class ErrorText(str):
    """Text of a cell that has an error in place of a value."""

    __slots__ = ()


class Page(ReadOnlyWorksheet):
    """Page whose rows are read one by one, each up to its last cell with a value; a row that is not there is blank."""

    stated_rows = 0
    """Number of rows that the file states, which may be wrong; 0 if it states none."""

    def _get_size(self) -> None:
        # The method of the base class reads all rows of a page that does not state its dimensions.
        pass

    def _get_row(self, row: Sequence[Mapping[str, Any]], *_: object) -> list[object]:
        # The method of the base class makes as many cells as there are columns.
        values: list[object] = []
        for cell in row:
            value, column = cell["value"], cell["column"]
            if value is None or column > COLUMNS_MAX:
                continue
            values.extend([None] * (column - len(values)))
            values[column - 1] = ErrorText(value) if cell["data_type"] == "e" else value
        return values


class Book(ExcelReader):
    """Reader of a workbook's visible pages."""

    def __init__(self, opened: BinaryIO) -> None:
        super().__init__(opened, read_only=True, data_only=True, keep_links=False)
        self.pages: list[Page] = []

    def read(self) -> None:
        """Read what the cells of the pages need; properties, themes and names of the workbook are left out."""
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        apply_stylesheet(self.archive, self.wb)
        self.read_worksheets()

    def read_strings(self) -> None:
        """Read the texts that cells share; the base class takes a part of their escapes out."""
        part = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]  # The stubs have no types for it.
        if part is None:
            return
        with self.archive.open(part.PartName[1:]) as source:
            for _, element in iterparse(source):
                if element.tag == _ITEM:
                    # A text of several formats is in runs; phonetic hints are not part of it.
                    texts = [*element.iterfind(_TEXT), *element.iterfind(f"{_RUN}/{_TEXT}")]
                    self.shared_strings.append("".join(text.text or "" for text in texts))
                    element.clear()

    def read_worksheets(self) -> None:
        """Find the visible pages."""
        for sheet, relation in self.parser.find_sheets():
            readable = relation.target in self.valid_files and "chartsheet" not in relation.Type
            if readable and sheet.state == "visible" and len(self.pages) < _PAGES_MAX:
                page = Page(self.wb, sheet.name, relation.target, self.shared_strings)
                page.stated_rows = self._stated_rows(relation.target)
                self.pages.append(page)

    def _stated_rows(self, part: str) -> int:
        with self.archive.open(part) as source:
            for _, element in iterparse(source, events=("start",)):
                if element.tag == _DIMENSION:
                    last = element.get("ref", "").rpartition(":")[2].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                    return int(last) if last.isascii() and last.isdecimal() else 0
                if element.tag == _ROWS:
                    break
        return 0
