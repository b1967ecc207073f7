"""The partner's stock of licenses, "estoque do parceiro", and the ledger of its changes."""

from dataclasses import dataclass
from enum import Enum

from domain.orders import OrderType

COUNTER_MAX = 2**31 - 1
"""No counter of the stock passes this: GraphQL's Int has 32 bits."""


class StockMovementType(Enum):
    """What changed the stock."""

    ORDER_APPROVED = "ORDER_APPROVED"
    ACTIVATED = "ACTIVATED"
    RELEASED = "RELEASED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What one movement adds to each counter of a product's stock."""

    purchased: int = 0
    bonus: int = 0
    activated: int = 0
    additional_seats_total: int = 0
    additional_seats_allocated: int = 0


def bought(order_type: OrderType, *, quantity: int, bonus_quantity: int) -> Delta:
    """What an approved order's item adds: licenses and bonus, or additional seats."""
    if order_type is OrderType.PURCHASE:
        return Delta(purchased=quantity, bonus=bonus_quantity)
    return Delta(additional_seats_total=quantity + bonus_quantity)


def taken(additional_seats: int) -> Delta:
    """What an activation takes into use."""
    return Delta(activated=1, additional_seats_allocated=additional_seats)


def released(additional_seats: int, *, licenses: int = 1) -> Delta:
    """What cancelled activations give back."""
    return Delta(activated=-licenses, additional_seats_allocated=-additional_seats)
