"""Orders."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import orders
from domain.money import UNIT_PRICE_MAX, Cents
from domain.orders import (
    ITEMS_MAX,
    QUANTITY_MAX,
    STATUS_ABBREVIATIONS,
    STATUS_LABELS,
    Line,
    OrderStatus,
    OrderTransition,
    OrderType,
)

PENDING, COMPLETED, CANCELLED = OrderStatus.PENDING, OrderStatus.COMPLETED, OrderStatus.CANCELLED
STEPS = {(PENDING, COMPLETED), (PENDING, CANCELLED)}

prices = st.integers(0, UNIT_PRICE_MAX).map(Cents)
lines = st.builds(
    Line,
    product_id=st.integers(1),
    quantity=st.integers(1, QUANTITY_MAX),
    bonus_quantity=st.integers(0, QUANTITY_MAX),
    seats=st.integers(0),
    unit_monthly_price=prices,
    unit_setup_fee=prices,
)


def test_a_pending_order_is_completed_or_cancelled_and_nothing_else_moves() -> None:
    assert {(current, to) for current in OrderStatus for to in orders.TRANSITIONS[current]} == STEPS


@pytest.mark.parametrize(("current", "to"), sorted(STEPS, key=str))
def test_an_allowed_transition_returns_the_new_status(current: OrderStatus, to: OrderStatus) -> None:
    assert orders.can_move(current, to)
    assert orders.move(current, to) is to


@pytest.mark.parametrize(("current", "to"), sorted(set(product(OrderStatus, repeat=2)) - STEPS, key=str))
def test_any_other_step_is_refused_with_both_ends(current: OrderStatus, to: OrderStatus) -> None:
    with pytest.raises(OrderTransition) as refused:
        orders.move(current, to, ("orderId",))

    assert not orders.can_move(current, to)
    assert (refused.value.current, refused.value.to, refused.value.path) == (current, to, ("orderId",))


def test_each_status_is_labelled_as_in_the_portal() -> None:
    assert {status: label.pt for status, label in STATUS_LABELS.items()} == {
        PENDING: "Confirmação Pendente",
        COMPLETED: "Finalizado",
        CANCELLED: "Cancelado",
    }
    assert STATUS_ABBREVIATIONS == {PENDING: "PEND", COMPLETED: "FIN", CANCELLED: "CANC"}


@given(line=lines)
def test_bonus_units_are_counted_but_not_billed(line: Line) -> None:
    assert line.total_quantity == line.quantity + line.bonus_quantity
    assert line.monthly_total == sum([line.unit_monthly_price] * line.quantity)
    assert line.setup_fee == line.unit_setup_fee * line.quantity
    assert line.total_with_setup_fee == (line.unit_monthly_price + line.unit_setup_fee) * line.quantity


@given(line=lines)
def test_the_largest_order_of_any_line_fits_a_64_bit_integer(line: Line) -> None:
    assert line.total_with_setup_fee * ITEMS_MAX < 2**63


@given(total=st.integers(1, 2 * QUANTITY_MAX), included=st.integers(0, 100))
def test_bought_licenses_bring_their_seats_and_additional_seats_are_seats(total: int, included: int) -> None:
    assert orders.seats(OrderType.PURCHASE, total_quantity=total, included_seats=included) == total * included
    assert orders.seats(OrderType.ADDITIONAL_SEATS, total_quantity=total, included_seats=included) == total
