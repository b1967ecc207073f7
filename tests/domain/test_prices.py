"""The price table."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain import prices
from domain.money import UNIT_PRICE_MAX, Cents
from domain.orders import QUANTITY_MAX, OrderType
from domain.prices import Tier

quantities = st.integers(1, QUANTITY_MAX)
cents = st.integers(0, UNIT_PRICE_MAX).map(Cents)
tiers = st.builds(
    Tier,
    minimum_quantity=quantities,
    unit_monthly_price=cents,
    unit_setup_fee=cents,
    bonus_quantity=st.integers(0, QUANTITY_MAX),
)
tables = st.lists(tiers, unique_by=lambda tier: tier.minimum_quantity, max_size=8)


def tier(minimum_quantity: int, *, bonus: int = 0) -> Tier:
    return Tier(
        minimum_quantity=minimum_quantity,
        unit_monthly_price=Cents(1000),
        unit_setup_fee=Cents(500),
        bonus_quantity=bonus,
    )


def test_a_tier_holds_from_its_minimum_on() -> None:
    first, second = tier(1), tier(10)

    assert prices.tier_for(9, [second, first]) is first
    assert prices.tier_for(10, [second, first]) is second
    assert prices.next_tier(9, [second, first]) is second
    assert prices.next_tier(10, [second, first]) is None


def test_below_every_tier_there_is_no_price() -> None:
    assert prices.tier_for(4, [tier(5)]) is None
    assert prices.tier_for(4, []) is None


@given(quantity=quantities, table=tables)
def test_the_tier_is_the_highest_that_the_quantity_reaches(quantity: int, table: list[Tier]) -> None:
    chosen = prices.tier_for(quantity, table)

    reached = [tier for tier in table if tier.minimum_quantity <= quantity]
    assert (chosen in reached) if reached else (chosen is None)
    assert all(tier.minimum_quantity <= chosen.minimum_quantity for tier in reached if chosen)


@given(quantity=quantities, table=tables)
def test_no_tier_lies_between_the_chosen_and_the_next(quantity: int, table: list[Tier]) -> None:
    chosen, ahead = prices.tier_for(quantity, table), prices.next_tier(quantity, table)

    low = chosen.minimum_quantity if chosen else 0
    high = ahead.minimum_quantity if ahead else QUANTITY_MAX + 1
    assert low <= quantity < high
    assert not [tier for tier in table if low < tier.minimum_quantity < high]


@given(quantity=quantities, table=tables, order=st.randoms())
def test_the_order_of_the_tiers_does_not_matter(quantity: int, table: list[Tier], order: Random) -> None:
    shuffled = order.sample(table, len(table))

    assert prices.tier_for(quantity, shuffled) == prices.tier_for(quantity, table)
    assert prices.next_tier(quantity, shuffled) == prices.next_tier(quantity, table)


@given(order_type=st.sampled_from(OrderType), chosen=tiers, quantity=quantities, included_seats=st.integers(0, 100))
def test_a_line_keeps_what_its_tier_gives(
    order_type: OrderType, chosen: Tier, quantity: int, included_seats: int
) -> None:
    line = prices.line(order_type, chosen, product_id=7, quantity=quantity, included_seats=included_seats)

    assert (line.product_id, line.quantity, line.bonus_quantity) == (7, quantity, chosen.bonus_quantity)
    assert (line.unit_monthly_price, line.unit_setup_fee) == (chosen.unit_monthly_price, chosen.unit_setup_fee)
    assert line.seats == line.total_quantity * (included_seats if order_type is OrderType.PURCHASE else 1)
