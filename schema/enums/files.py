"""Enums of imported and exported files."""

from enum import Enum

from domain.export_columns import (
    COLUMNS,
    ActivationColumn,
    ClientColumn,
    EventColumn,
    ExportColumn,
    LicenseStockColumn,
    OrderColumn,
)
from domain.exports import CsvStyle, ExportFormat, ExportList
from domain.sheets import ImportedProductStatus, ImportedRowStatus
from schema.enums.describing import describe


class ContentEncoding(Enum):
    """How an input has a file."""

    TEXT = "TEXT"
    BASE64 = "BASE64"


describe(
    ContentEncoding,
    "How an input has a file.",
    {
        ContentEncoding.TEXT: "As the text of the file, for CSV.",
        ContentEncoding.BASE64: "As its bytes in Base64, also with line breaks, for XLSX, and for CSV in any encoding.",
    },
)
describe(
    ImportedRowStatus,
    "What an import did with a row.",
    {
        ImportedRowStatus.REGISTERED: "The client was registered.",
        ImportedRowStatus.ALREADY_REGISTERED: "An active client had the CNPJ already; nothing was changed.",
        ImportedRowStatus.REPEATED: "The CNPJ is in an earlier row; nothing was changed.",
        ImportedRowStatus.INVALID: "The row is bad, and `reason` says why.",
        ImportedRowStatus.NOT_IMPORTED: "The row is valid, but nothing was imported, because others are bad.",
    },
)
describe(
    ImportedProductStatus,
    "What an import did with a row of products.",
    {
        ImportedProductStatus.CREATED: "No product had the code; one was created.",
        ImportedProductStatus.UPDATED: "The product with the code has new details.",
        ImportedProductStatus.UNCHANGED: "The product with the code is as in the row; nothing was changed.",
        ImportedProductStatus.INVALID: "The row is bad, and `reason` says why.",
        ImportedProductStatus.NOT_IMPORTED: "The row is valid, but nothing was imported, because others are bad.",
    },
)
describe(
    ExportList,
    "A list that can be exported as a file.",
    {
        ExportList.CLIENTS: "The clients, “Clientes / ECFs”.",
        ExportList.ACTIVATIONS: "The activations, “Detalhes da Ativação”.",
        ExportList.ORDERS: "The orders, “Meus Pedidos”.",
        ExportList.LICENSE_STOCK: "The stock of licenses of a partner, “estoque do parceiro”.",
        ExportList.EVENTS: "The events of a partner.",
    },
)
describe(
    ExportFormat,
    "The format of an exported file.",
    {
        ExportFormat.CSV: "Lines of values, for spreadsheet programs and for programs; see `CsvStyle`.",
        ExportFormat.JSONL: "A JSON object in each line, with the values that the API returns, for programs.",
        ExportFormat.XLSX: "A workbook, in which dates are dates, numbers are numbers, and texts are never formulas.",
    },
)
describe(
    CsvStyle,
    "The style of an exported CSV file.",
    {
        CsvStyle.BRAZILIAN: (
            "For spreadsheet programs in Brazil: a byte order mark, semicolons, decimal commas, dates such as "
            "“24/11/2026 12:30:00” in UTC, and labels in the caller's language."
        ),
        CsvStyle.PLAIN: (
            "For programs: commas and quotation marks as RFC 4180 has them, lines that end with a line feed (LF), and "
            "the names and values that the API returns. A text that a spreadsheet program could take for a formula "
            "begins with an apostrophe here too."
        ),
    },
)


def _describe_columns(enum: type[ExportColumn], description: str) -> None:
    describe(enum, description, {column: f"The column “{COLUMNS[column].label.pt}”." for column in enum})


_describe_columns(ClientColumn, "A column of exported clients.")
_describe_columns(ActivationColumn, "A column of exported activations.")
_describe_columns(OrderColumn, "A column of exported orders.")
_describe_columns(LicenseStockColumn, "A column of an exported stock of licenses.")
_describe_columns(EventColumn, "A column of exported events, empty without the permission for its objects.")
