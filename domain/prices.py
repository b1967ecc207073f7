"""Price table of a partner, "Pauta Preço"."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain import orders
from domain.money import Cents
from domain.orders import Line, OrderType


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Unit price and bonus from a minimum quantity up to the next tier."""

    minimum_quantity: int
    unit_monthly_price: Cents
    unit_setup_fee: Cents
    bonus_quantity: int


def tier_for(quantity: int, tiers: Sequence[Tier]) -> Tier | None:
    """Return the tier with the highest minimum that the quantity reaches; None if it reaches none."""
    reached = [tier for tier in tiers if tier.minimum_quantity <= quantity]
    return max(reached, key=lambda tier: tier.minimum_quantity, default=None)


def next_tier(quantity: int, tiers: Sequence[Tier]) -> Tier | None:
    """Return the lowest tier that the quantity does not reach; None if it reaches all."""
    ahead = [tier for tier in tiers if tier.minimum_quantity > quantity]
    return min(ahead, key=lambda tier: tier.minimum_quantity, default=None)


def line(order_type: OrderType, tier: Tier, *, product_id: int, quantity: int, included_seats: int) -> Line:
    """Return the line for a quantity of a product at the tier's prices."""
    total_quantity = quantity + tier.bonus_quantity
    return Line(
        product_id=product_id,
        quantity=quantity,
        bonus_quantity=tier.bonus_quantity,
        seats=orders.seats(order_type, total_quantity=total_quantity, included_seats=included_seats),
        unit_monthly_price=tier.unit_monthly_price,
        unit_setup_fee=tier.unit_setup_fee,
    )
