"""Rules for email addresses and passwords."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import DEMO_PASSWORD
from domain.users import InvalidEmail, InvalidPassword, PublicPassword, check_email, check_password, email


def test_an_address_is_looked_up_in_small_letters() -> None:
    assert email("  Ana@Alfa.Example\n") == "ana@alfa.example"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_address_is_the_same_with_separate_and_with_composed_accents(text: str) -> None:
    composed, separate = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))

    assert email(composed) == email(separate)
    assert email(email(text)) == email(text)


@pytest.mark.parametrize("sign", ["\u212a", "\u037e", "\u1fef"])
def test_a_sign_like_a_letter_of_ascii_is_of_another_address(sign: str) -> None:
    assert email(f"E\u0301va{sign}@Alfa.example") == f"\u00e9va{sign}@alfa.example"


@pytest.mark.parametrize("text", ["", "ana", "@alfa.example", "ana@", "ana maria@alfa.example"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmail):
        check_email(text)


@pytest.mark.parametrize("length", [0, 11, 1001])
def test_a_password_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidPassword):
        check_password("a" * length)


def test_the_public_password_is_refused() -> None:
    with pytest.raises(PublicPassword):
        check_password(DEMO_PASSWORD)


@pytest.mark.parametrize("length", [12, 1000])
def test_a_password_of_an_allowed_length_is_accepted(length: int) -> None:
    check_password("a" * length)
