"""Sheets that callers of the API send, read as a whole: a text, or any file in Base64."""

import asyncio
import base64
import binascii
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from domain.languages import Language, Text
from domain.refusals import Refusal
from domain.sheet_files import NoBase64, TooManyRows
from domain.sheet_warnings import UnusedColumns, Warned
from domain.sheets import IMPORTED_ROWS_MAX
from resolvers.portal import Portal
from resolvers.sheets.headers import Header, Layout
from resolvers.sheets.reader import BadRow, Sheet, sheet
from resolvers.sheets.reports import Report
from resolvers.sheets.workbooks import CALLERS_BOUNDS

_BLANKS = b" \t\r\n"

Row = TypeVar("Row")
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ReadSheet(Generic[Row]):
    """Rows of a sheet that was read as a whole. Its `repr`, which idempotency keys compare, is that of the file."""

    digest: bytes
    header: Header = field(repr=False)
    rows: Sequence[Row | BadRow] = field(repr=False)
    warnings: Sequence[Warned] = field(repr=False)

    @property
    def bad(self) -> list[BadRow]:
        """The bad rows."""
        return [row for row in self.rows if isinstance(row, BadRow)]

    @property
    def is_bad(self) -> bool:
        """Whether no row is good, so that an import changes nothing."""
        return len(self.bad) == len(self.rows)


class Content(NamedTuple):
    """Content of a file as a caller sends it."""

    text: str
    in_base64: bool


async def read(portal: Portal, content: Content, layout: Layout, of: Callable[[Sheet, bytes], Read]) -> Read:
    """Return what `of` makes of the sheet and the file's digest; raise a refusal if it is no sheet of the layout."""
    async with portal.reading_sheets:
        return await asyncio.to_thread(_read, content, layout, of)


def limited(rows: Iterable[Row]) -> list[Row]:
    """Return the rows; raise a refusal if there are too many for one request."""
    found = list(islice(rows, IMPORTED_ROWS_MAX + 1))
    if len(found) > IMPORTED_ROWS_MAX:
        raise TooManyRows(("content",))
    return found


def warned(opened: Sheet) -> list[Warned]:
    """Return what a person should know of any sheet, once its rows are read."""
    unused = opened.header.unused
    return [*opened.warnings, *([UnusedColumns(headers=", ".join(unused))] if unused else [])]


def report(read_sheet: ReadSheet[Row], language: Language, labels: Mapping[str, Text]) -> str | None:
    """Return the bad rows as a CSV file to mend and import again; None if there are none."""
    if not read_sheet.bad:
        return None
    text = io.StringIO(newline="")
    written = Report(text, language, labels)
    written.begin(read_sheet.header)
    written.add(read_sheet.bad)
    return text.getvalue()


def _read(content: Content, layout: Layout, of: Callable[[Sheet, bytes], Read]) -> Read:
    file = _decoded(content.text) if content.in_base64 else _encoded(content.text)
    try:
        with sheet(io.BytesIO(file), layout, bounds=CALLERS_BOUNDS) as opened:
            return of(opened, sha256(file).digest())
    except Refusal as refusal:
        refusal.path = ("content",)
        raise


def _decoded(content: str) -> bytes:
    try:
        # Programs break the lines of Base64, as MIME has it.
        return base64.b64decode(content.encode("ascii").translate(None, _BLANKS), validate=True)
    except (binascii.Error, ValueError):
        raise NoBase64(("content",)) from None


def _encoded(content: str) -> bytes:
    try:
        return content.encode()
    except UnicodeEncodeError:
        # A lone surrogate costs its own row.
        return content.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
