"""Enums of the schema: those of the domain, with descriptions for clients."""

from schema.enums import access, activations, clients, errors, events, files, lists, orders, partners, prices, webhooks
from schema.enums.files import ContentEncoding
from schema.enums.lists import SortDirection

__all__ = [
    "ContentEncoding",
    "SortDirection",
    "access",
    "activations",
    "clients",
    "errors",
    "events",
    "files",
    "lists",
    "orders",
    "partners",
    "prices",
    "webhooks",
]
