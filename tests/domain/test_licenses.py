"""Changes of the stock."""

from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from domain import licenses
from domain.licenses import Delta
from domain.orders import OrderType

amounts = st.integers(0, 10_000)


@given(quantity=amounts, bonus=amounts)
def test_a_purchase_adds_licenses_and_their_bonus_apart(quantity: int, bonus: int) -> None:
    delta = licenses.bought(OrderType.PURCHASE, quantity=quantity, bonus_quantity=bonus)

    assert delta == Delta(purchased=quantity, bonus=bonus)


@given(quantity=amounts, bonus=amounts)
def test_additional_seats_are_added_with_their_bonus(quantity: int, bonus: int) -> None:
    delta = licenses.bought(OrderType.ADDITIONAL_SEATS, quantity=quantity, bonus_quantity=bonus)

    assert delta == Delta(additional_seats_total=quantity + bonus)


@given(seats=amounts)
def test_what_an_activation_takes_its_cancellation_gives_back(seats: int) -> None:
    taken, released = licenses.taken(seats), licenses.released(seats)

    assert taken == Delta(activated=1, additional_seats_allocated=seats)
    assert [sum(pair) for pair in zip(astuple(taken), astuple(released), strict=True)] == [0] * 5


def test_many_licenses_are_given_back_at_once() -> None:
    assert licenses.released(5, licenses=3) == Delta(activated=-3, additional_seats_allocated=-5)
