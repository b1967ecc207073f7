"""A partner's stock of licenses, "estoque do parceiro", and the ledger of its changes."""

from dataclasses import dataclass
from enum import Enum

from domain.orders import OrderType

COUNTER_MAX = 2**31 - 1
"""Maximum of each counter of the stock: GraphQL's Int has 32 bits."""


class StockMovementType(Enum):
    """Type of a movement of the stock."""

    ORDER_APPROVED = "ORDER_APPROVED"
    ACTIVATED = "ACTIVATED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """Change of each counter of a product's stock by one movement."""

    purchased: int = 0
    bonus: int = 0
    activated: int = 0
    additional_seats_total: int = 0
    additional_seats_allocated: int = 0


def bought(order_type: OrderType, *, quantity: int, bonus_quantity: int) -> Delta:
    """Return the change by an approved order's item: licenses and bonus, or additional seats."""
    if order_type is OrderType.PURCHASE:
        return Delta(purchased=quantity, bonus=bonus_quantity)
    return Delta(additional_seats_total=quantity + bonus_quantity)


def taken(additional_seats: int) -> Delta:
    """Return the change by an activation."""
    return Delta(activated=1, additional_seats_allocated=additional_seats)


def released(additional_seats: int, *, licenses: int = 1) -> Delta:
    """Return the change by cancelled activations."""
    return Delta(activated=-licenses, additional_seats_allocated=-additional_seats)
