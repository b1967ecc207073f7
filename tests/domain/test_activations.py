"""Activation keys and authorization codes."""

import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.activations import (
    AUTHORIZATION_CODE_BITS,
    activation_key,
    authorization_code,
    beginning_of_authorization_code,
)

numbers = st.integers(0, 2**AUTHORIZATION_CODE_BITS - 1)


@given(text=st.text(f"{ascii_letters}{digits}-", min_size=4, max_size=64))
def test_a_key_is_upper_cased(text: str) -> None:
    assert activation_key(text) == text.upper()


@pytest.mark.parametrize("text", ["", "ABC", "A" * 65, "AB CD", " ABCD", "ABCD\n", "ABCÇ", "AB_CD", "ßßßß", "ABCD\0"])
def test_what_no_installation_shows_is_no_key(text: str) -> None:
    assert activation_key(text) is None


@given(text=st.text())
def test_any_text_gives_a_key_of_the_form_or_none(text: str) -> None:
    key = activation_key(text)

    assert key is None or re.fullmatch(r"[A-Z0-9-]{4,64}", key)


@given(number=numbers)
def test_a_code_is_five_groups_of_unambiguous_letters_and_digits(number: int) -> None:
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}", authorization_code(number))


@given(one=numbers, other=numbers)
def test_no_bit_of_a_code_is_lost(one: int, other: int) -> None:
    assert (authorization_code(one) == authorization_code(other)) is (one == other)


@given(number=numbers, length=st.integers(1, 29), hyphens=st.sampled_from(["", "-", " ", " - "]), data=st.data())
def test_a_typed_code_or_beginning_is_read_as_it_is_stored(
    number: int, length: int, hyphens: str, data: st.DataObject
) -> None:
    beginning = authorization_code(number)[:length]
    misread = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(data.draw(st.sampled_from(misread.get(each, each + each.lower()))) for each in beginning)

    assert beginning_of_authorization_code(typed.replace("-", hyphens)) == beginning.rstrip("-")


@pytest.mark.parametrize("text", ["", "-", "ABCDU", "AB%CD", "É1234", "0" * 26, "\u017fABC", "\u0131234"])
def test_what_has_other_characters_is_no_beginning_of_a_code(text: str) -> None:
    assert beginning_of_authorization_code(text) is None
