"""Files of exports: rows of one snapshot of the database, written by a thread as they are read."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from threading import Lock

from db.engine import Connection, row_scope
from domain.events import EventType
from domain.export_columns import COLUMNS, EventColumn, ExportColumn, field_name
from domain.exports import LIST_LABELS, SUMMARY_LABEL, TOTAL_LABEL, ExportFormat, ExportList
from domain.labels import LABELS
from domain.languages import Language
from resolvers.context import Context
from resolvers.exports import lists
from resolvers.exports.links import Opened
from resolvers.exports.lists import Wanted
from resolvers.exports.spool import Spool, SpoolClosedError
from resolvers.exports.values import Shown
from resolvers.exports.workbook import WorkbookTexts, WorkbookWriter
from resolvers.exports.writers import CsvWriter, JsonLinesWriter, Rows, Writer
from resolvers.portal import Portal

_ID_TYPES = {
    ExportList.CLIENTS: "Client",
    ExportList.ACTIVATIONS: "Activation",
    ExportList.ORDERS: "Order",
    ExportList.EVENTS: "Event",
}


def writer(wanted: Wanted) -> Writer:
    """Return the writer of the export's file."""
    columns = [_shown(wanted, each) for each in wanted.columns]
    total = TOTAL_LABEL.within(wanted.language)
    match wanted.format:
        case ExportFormat.CSV:
            return CsvWriter(columns, wanted.csv_style, total)
        case ExportFormat.JSONL:
            return JsonLinesWriter(columns)
        case ExportFormat.XLSX:
            labelled, summary = (text.within(wanted.language) for text in (LIST_LABELS[wanted.list], SUMMARY_LABEL))
            return WorkbookWriter(columns, WorkbookTexts(labelled, summary, total))


def file_name(wanted: Wanted, extension: str) -> str:
    """Return the name of the file, such as `license-stock.csv`."""
    return f"{wanted.list.value.lower().replace('_', '-')}.{extension}"


async def parts(
    portal: Portal, opened: Opened, into: Writer, *, seconds: float, file_bytes: int
) -> AsyncGenerator[bytes, None]:
    """Yield the file, of which the database gives all rows within these seconds, and so many bytes wait on the disk.

    Raises TookTooLongError, Unavailable or SpoolFullError if it can't be completed. If the caller stops to iterate, the
    database is no longer read.
    """
    wanted, viewer = opened
    context = Context(portal, viewer=viewer)
    scope = context.within(wanted.partner_id)
    export = lists.export(wanted, viewer, scope)
    spool = Spool(file_bytes=file_bytes)
    written = _Written(into)

    begin = into.begin()

    def take(found: Rows) -> None:
        # Nothing is sent before there are rows, so that an unavailable database has an answer of its own.
        nonlocal begin
        spool.put(begin + written.rows(found))
        begin = b""

    async def read(connection: Connection) -> None:
        await connection.scan(export.statement, export.values, take, may_block=spool.uses_file)

    async def write() -> None:
        try:
            with row_scope.of(context):
                await portal.database.read_long(read, seconds=seconds)
            await asyncio.to_thread(lambda: spool.put(begin + written.end()))
        finally:
            spool.end()

    writing = asyncio.create_task(write())
    try:
        while (part := await spool.get()) is not None:
            yield part
        await writing
    finally:
        spool.close()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        # Not in the thread of the loop, which would wait for the one that still has rows.
        await asyncio.to_thread(written.close)


class _Written:
    """Writer that one thread uses at a time: one that has rows goes on with them when the reader has given up."""

    def __init__(self, into: Writer) -> None:
        self._into, self._lock, self._is_closed = into, Lock(), False

    def rows(self, found: Rows) -> bytes:
        """Return the rows; raise SpoolClosedError if it is closed."""
        with self._lock:
            self._check_open()
            return self._into.rows(found)

    def end(self) -> bytes:
        """Return what is after the rows; raise SpoolClosedError if it is closed."""
        with self._lock:
            self._check_open()
            return self._into.end()

    def close(self) -> None:
        """Close it once no thread uses it."""
        with self._lock:
            self._is_closed = True
            self._into.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise SpoolClosedError


def _shown(wanted: Wanted, column: ExportColumn) -> Shown:
    declared = COLUMNS[column]
    return Shown(
        name=field_name(column),
        label=declared.label.within(wanted.language),
        kind=declared.kind,
        choices=_labels(column, wanted.language),
        id_type=_ID_TYPES.get(wanted.list, ""),
    )


def _labels(column: ExportColumn, language: Language) -> Mapping[str, str] | None:
    """Return the labels of a column's values in the language."""
    # The events refer to exports, so their types are not known where the columns are declared.
    choices = EventType if column is EventColumn.TYPE else COLUMNS[column].choices
    return None if choices is None else {value.name: text.within(language) for value, text in LABELS[choices].items()}
