"""Exports: the lists that can be exported, their forms, and the permissions that they need."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum

from domain.access import Permission
from domain.languages import Text

LIFETIME = timedelta(minutes=10)
"""How long the URL of an export works."""


class ExportList(Enum):
    """List that can be exported."""

    CLIENTS = "CLIENTS"
    ACTIVATIONS = "ACTIVATIONS"
    ORDERS = "ORDERS"
    LICENSE_STOCK = "LICENSE_STOCK"
    EVENTS = "EVENTS"


class ExportFormat(Enum):
    """Format of an exported file."""

    CSV = "CSV"
    JSONL = "JSONL"
    XLSX = "XLSX"


class CsvStyle(Enum):
    """Style of a CSV file: for a spreadsheet program in Brazil, or for programs."""

    BRAZILIAN = "BRAZILIAN"
    PLAIN = "PLAIN"


LIST_LABELS: Mapping[ExportList, Text] = {
    ExportList.CLIENTS: Text(pt="Clientes", en="Clients"),
    ExportList.ACTIVATIONS: Text(pt="Ativações", en="Activations"),
    ExportList.ORDERS: Text(pt="Pedidos", en="Orders"),
    ExportList.LICENSE_STOCK: Text(pt="Estoque de licenças", en="License stock"),
    ExportList.EVENTS: Text(pt="Eventos", en="Events"),
}
TOTAL_LABEL = Text(pt="Total de registros", en="Number of rows")
TOTAL_NAME = "rowCount"
"""What files for programs call the number of rows."""

SUMMARY_LABEL = Text(pt="Resumo", en="Summary")
READ_PERMISSIONS: Mapping[ExportList, Permission] = {
    ExportList.CLIENTS: Permission.CLIENTS_READ,
    ExportList.ACTIVATIONS: Permission.ACTIVATIONS_READ,
    ExportList.ORDERS: Permission.ORDERS_READ,
    ExportList.LICENSE_STOCK: Permission.ACTIVATIONS_READ,
    ExportList.EVENTS: Permission.EVENTS_READ,
}
"""Permission to read each list, without which it can't be exported."""
