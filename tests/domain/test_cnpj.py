"""Company numbers."""

import json
from pathlib import Path
from string import ascii_uppercase, digits

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain import cnpj
from tests.cnpjs import masked, with_check_digits

VECTORS = json.loads((Path(__file__).parents[1] / "cnpj-vectors.json").read_text())
VALID = [*VECTORS["valid_numeric"], *VECTORS["valid_alphanumeric"], *VECTORS["valid_check_digit_edges"]]

bases = st.text(digits + ascii_uppercase, min_size=12, max_size=12).filter(lambda base: len(set(base)) > 1)


@pytest.mark.parametrize("number", VALID)
def test_a_valid_number_is_what_is_stored(number: str) -> None:
    assert cnpj.parse(number) == number


@pytest.mark.parametrize(("typed", "stored"), VECTORS["valid_masks"].items())
def test_the_mask_and_the_case_are_taken_off(typed: str, stored: str) -> None:
    assert cnpj.parse(typed) == stored


@pytest.mark.parametrize("text", VECTORS["invalid"])
def test_what_is_not_a_number_of_a_company_is_none(text: str) -> None:
    assert cnpj.parse(text) is None


@given(base=bases)
def test_any_number_with_right_check_digits_is_valid_in_any_mask(base: str) -> None:
    number = with_check_digits(base)

    assert len(number) == cnpj.LENGTH
    assert cnpj.parse(number) == number
    assert cnpj.parse(masked(number)) == number
    assert cnpj.parse(f"  {masked(number).lower()} ") == number


@given(base=bases, place=st.integers(12, 13), digit=st.sampled_from(digits))
def test_another_check_digit_is_invalid(base: str, place: int, digit: str) -> None:
    number = with_check_digits(base)
    assume(number[place] != digit)

    assert cnpj.parse(number[:place] + digit + number[place + 1 :]) is None


@pytest.mark.parametrize("letter", ["\u017f", "\u0131"])
def test_a_letter_whose_capital_is_ascii_is_in_no_number(letter: str) -> None:
    number = with_check_digits(f"{letter.upper()}00000000001")

    assert cnpj.parse(number) == number
    assert cnpj.parse(letter + number[1:]) is None
    assert cnpj.unmasked(letter + number[1:]) != number


@given(text=st.text())
def test_any_text_gives_fourteen_characters_or_none(text: str) -> None:
    number = cnpj.parse(text)

    assert number is None or (len(number) == cnpj.LENGTH and number.isascii() and number == number.upper())


@given(base=bases, length=st.integers(0, 18))
def test_the_beginning_of_a_typed_number_is_unmasked_for_the_search(base: str, length: int) -> None:
    number = with_check_digits(base)

    assert number.startswith(cnpj.unmasked(masked(number).lower()[:length]))
