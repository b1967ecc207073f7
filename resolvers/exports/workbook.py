"""Writer of XLSX workbooks, which streams: a library writes all parts but the rows of the worksheets.

openpyxl needs a minute and a file on the disk for the rows of a large list, and has nothing to send until the end.
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import repeat
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.styles import Font

from domain.cells import xml_text
from resolvers.exports.values import Shown
from resolvers.exports.workbook_cells import workbook_converter
from resolvers.exports.writers import FileType, Rows

ROWS_MAX = 1_048_575
"""Most rows below the header that a worksheet can have."""

BYTES_MAX = 1_500_000_000
"""Most bytes of a worksheet before it is compressed; with more than 2 GiB, some programs can't open the file."""

_LEVEL = 1
_FORMATS = ("dd/mm/yyyy hh:mm:ss", "#,##0.00")
"""Formats of the styles 1 and 2; the header has the third."""

_HEADER_STYLE = 3
_WIDTH = 22
_BEGIN = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="{columns}" width="{width}" customWidth="1"/></cols><sheetData>'
)
_END = b"</sheetData></worksheet>"


class WorkbookTexts(NamedTuple):
    """Texts of a workbook in the caller's language."""

    list: str
    summary: str
    total: str


class _Pipe:
    """File that can't be sought, whose bytes are taken as they are written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def take(self) -> bytes:
        """Return the bytes since the last call."""
        taken, self._parts = b"".join(self._parts), []
        return taken


class WorkbookWriter:
    """Writer of a workbook: worksheets of rows, and at the end one with their number."""

    type = FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")

    def __init__(self, columns: Sequence[Shown], texts: WorkbookTexts) -> None:
        self._texts = texts
        self._labels = [column.label for column in columns]
        self._converters = [workbook_converter(column) for column in columns]
        self._pipe = _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._sheets = self._in_sheet = self._bytes_in_sheet = self.count = 0

    def begin(self) -> bytes:
        """Begin the first worksheet."""
        self._begin_sheet()
        return self._pipe.take()

    def rows(self, found: Rows) -> bytes:
        """Return the rows, of which there is at least one."""
        room = ROWS_MAX - self._in_sheet
        if self._bytes_in_sheet > BYTES_MAX:
            room = 0
        self._write(found[:room])
        if len(found) > room:
            self._end_sheet()
            self._begin_sheet()
            self._write(found[room:])
        return self._pipe.take()

    def end(self) -> bytes:
        """Return the end of the worksheet, and the other parts of the workbook."""
        self._end_sheet()
        with zipfile.ZipFile(BytesIO(self._other_parts())) as made:
            sheets = {f"xl/worksheets/sheet{number}.xml" for number in range(1, self._sheets + 1)}
            for name in made.namelist():
                if name not in sheets:
                    self._zip.writestr(name, made.read(name))
        self._zip.close()
        return self._pipe.take()

    def close(self) -> None:
        """Close the worksheet and the file, of which the end is dropped if it was not taken.

        A file that is freed while a worksheet is open writes a traceback to standard error.
        """
        if self._sheets:
            self._sheet.close()
        self._zip.close()
        self._pipe.take()

    def _write(self, found: Rows) -> None:
        if not found:
            return
        xml = "".join(self._rows_of(found)).encode()
        self.count += len(found)
        self._in_sheet += len(found)
        self._bytes_in_sheet += len(xml)
        self._sheet.write(xml)

    def _rows_of(self, found: Rows) -> Iterator[str]:
        parts: list[Iterable[str]] = []
        between = "<row>"
        for convert, values in zip(self._converters, zip(*found, strict=True), strict=True):
            before, contents, after = convert(values)
            parts += [repeat(between + before), contents]
            between = after
        # What is repeated has no end.
        return map("".join, zip(*parts, repeat(f"{between}</row>"), strict=False))

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._in_sheet = self._bytes_in_sheet = 0
        self._sheet = self._zip.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        header = "".join(
            f'<c s="{_HEADER_STYLE}" t="inlineStr"><is><t>{xml_text(label)}</t></is></c>' for label in self._labels
        )
        begin = _BEGIN.format(columns=len(self._labels), width=_WIDTH)
        self._sheet.write(f"{begin}<row>{header}</row>".encode())

    def _end_sheet(self) -> None:
        self._sheet.write(_END)
        self._sheet.close()

    def _other_parts(self) -> bytes:
        workbook = Workbook()
        first = workbook.worksheets[0]
        first.title = self._texts.list
        for number, shown in enumerate(_FORMATS, 1):
            first.cell(number, 1).number_format = shown
        first.cell(_HEADER_STYLE, 1).font = Font(bold=True)
        for number in range(2, self._sheets + 1):
            workbook.create_sheet(f"{self._texts.list} ({number})")
        summary = workbook.create_sheet(self._texts.summary)
        summary.append([self._texts.total, self.count])
        made = BytesIO()
        workbook.save(made)
        return made.getvalue()
