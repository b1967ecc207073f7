"""Money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import money
from domain.money import UNIT_PRICE_MAX, Cents


@pytest.mark.parametrize(
    ("text", "cents"), [("0", 0), ("1234.50", 123450), ("1234.5", 123450), ("0.05", 5), ("99999999.99", UNIT_PRICE_MAX)]
)
def test_reais_are_read_as_cents(text: str, cents: int) -> None:
    assert money.parse(text) == cents


@pytest.mark.parametrize("text", ["", ".5", "5.", "1,50", "1.234,50", "1e3", "-1", "+1", " 1", "1.999", "1" * 16, "१"])
def test_what_is_not_a_decimal_of_reais_is_none(text: str) -> None:
    assert money.parse(text) is None


@given(cents=st.integers(0, 10**15))
def test_cents_come_back_from_their_text(cents: int) -> None:
    assert money.parse(money.reais(cents)) == cents


@given(cents=st.integers(-(2**63), 2**63))
def test_the_text_has_two_places_and_the_value(cents: int) -> None:
    text = money.reais(Cents(cents))

    assert Decimal(text) == Decimal(cents).scaleb(-2)
    assert text[-3] == "."
