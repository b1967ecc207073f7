"""Events of a partner, its audit trail, which stores only ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from domain.languages import Text


class EventType(Enum):
    """Type of an event."""

    CLIENT_REGISTERED = "CLIENT_REGISTERED"
    CLIENT_UPDATED = "CLIENT_UPDATED"
    CLIENT_CANCELLED = "CLIENT_CANCELLED"
    LICENSE_ACTIVATED = "LICENSE_ACTIVATED"
    ACTIVATION_CANCELLED = "ACTIVATION_CANCELLED"
    ACTIVATION_MOVED = "ACTIVATION_MOVED"
    ORDER_CREATED = "ORDER_CREATED"
    ORDER_APPROVED = "ORDER_APPROVED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    TOKEN_CREATED = "TOKEN_CREATED"
    TOKEN_REVOKED = "TOKEN_REVOKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Change, with the ids of what it changed."""

    type: EventType
    client_id: int | None = None
    activation_id: int | None = None
    order_id: int | None = None
    token_id: int | None = None


WITHHELD = "…"
"""Replacement in a message for a name or number that the reader has no permission to read."""

MESSAGES: Mapping[EventType, Text] = {
    EventType.CLIENT_REGISTERED: Text(pt="{client}: cliente cadastrado.", en="{client}: client registered."),
    EventType.CLIENT_UPDATED: Text(pt="{client}: dados alterados.", en="{client}: details updated."),
    EventType.CLIENT_CANCELLED: Text(pt="{client}: cliente cancelado.", en="{client}: client cancelled."),
    EventType.LICENSE_ACTIVATED: Text(
        pt="Licença de {product} ativada para {client}.", en="License of {product} activated for {client}."
    ),
    EventType.ACTIVATION_CANCELLED: Text(
        pt="Ativação de {product} de {client} cancelada.", en="Activation of {product} of {client} cancelled."
    ),
    EventType.ACTIVATION_MOVED: Text(
        pt="Licença de {product} transferida para {client}.", en="License of {product} moved to {client}."
    ),
    EventType.ORDER_CREATED: Text(pt="Pedido {order} criado.", en="Order {order} created."),
    EventType.ORDER_APPROVED: Text(pt="Pedido {order} aprovado.", en="Order {order} approved."),
    EventType.ORDER_CANCELLED: Text(pt="Pedido {order} cancelado.", en="Order {order} cancelled."),
    EventType.TOKEN_CREATED: Text(pt="Token de API “{token}” criado.", en="API token “{token}” created."),
    EventType.TOKEN_REVOKED: Text(pt="Token de API “{token}” revogado.", en="API token “{token}” revoked."),
}
