"""Codes of products."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import products
from domain.text import fold


@pytest.mark.parametrize(
    ("typed", "code"), [("sped", "SPED"), (" NFC-e ", "NFC-E"), ("0001", "0001"), ("a.b_c-9", "A.B_C-9")]
)
def test_a_code_is_upper_cased_without_the_blanks_around_it(typed: str, code: str) -> None:
    assert products.code(typed) == code


@pytest.mark.parametrize("typed", ["", " ", "-A", "A B", "ß", "é", "A/B", "A" * 41, "A\0", "A\nB", "\u200bA", "٣"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert products.code(typed) is None


@given(st.text(max_size=45))
def test_a_code_is_unchanged_and_is_found_by_its_folded_form(typed: str) -> None:
    code = products.code(typed)

    if code is not None:
        assert products.code(code) == code
        assert fold(code).upper() == code
