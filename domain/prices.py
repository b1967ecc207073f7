"""The partner's price table, "Pauta Preço"."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain import orders
from domain.money import Cents
from domain.orders import Line, OrderType


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A unit price and bonus that hold from a quantity on."""

    minimum_quantity: int
    unit_monthly_price: Cents
    unit_setup_fee: Cents
    bonus_quantity: int


def tier_for(quantity: int, tiers: Sequence[Tier]) -> Tier | None:
    """The tier with the highest minimum that the quantity reaches; None below them all."""
    reached = [tier for tier in tiers if tier.minimum_quantity <= quantity]
    return max(reached, key=lambda tier: tier.minimum_quantity, default=None)


def next_tier(quantity: int, tiers: Sequence[Tier]) -> Tier | None:
    """The nearest tier that the quantity does not reach yet."""
    ahead = [tier for tier in tiers if tier.minimum_quantity > quantity]
    return min(ahead, key=lambda tier: tier.minimum_quantity, default=None)


def line(order_type: OrderType, tier: Tier, *, product_id: int, quantity: int, included_seats: int) -> Line:
    """What the quantity of a product comes to in that tier."""
    total_quantity = quantity + tier.bonus_quantity
    return Line(
        product_id=product_id,
        quantity=quantity,
        bonus_quantity=tier.bonus_quantity,
        seats=orders.seats(order_type, total_quantity=total_quantity, included_seats=included_seats),
        unit_monthly_price=tier.unit_monthly_price,
        unit_setup_fee=tier.unit_setup_fee,
    )
