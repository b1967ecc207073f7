"""Rules for email addresses and passwords."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import DEMO_PASSWORD
from domain.checks import Checks
from domain.users import (
    GuessablePassword,
    InvalidEmail,
    InvalidPassword,
    PublicPassword,
    check_email,
    check_not_personal,
    check_password,
    email,
)


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


@pytest.mark.parametrize("letter", ["a\u0303", "\u1f82", "\u03b1\u0313\u0300\u0345"])
def test_the_letters_of_a_password_are_counted_and_not_their_marks(letter: str) -> None:
    checks = Checks()

    checks.password(letter * 1000, "password", longest=1000)
    check_password(letter * 1000)
    checks.password(letter * 1001, "tooLong", longest=1000)

    assert [refusal.path for refusal in checks.refusals] == [("tooLong",)]
    for length in (11, 1001):
        with pytest.raises(InvalidPassword):
            check_password(letter * length)


@pytest.mark.parametrize("typed", ["ma\u200bria.reis.ma\u200bria", "ｍａｒｉａ.ｒｅｉｓ.1", "mária.réis.mária"])  # noqa: RUF001 — wide letters.
def test_a_name_is_found_in_a_password_in_any_letters(typed: str) -> None:
    with pytest.raises(GuessablePassword):
        check_not_personal(typed, ["maria", "reis"])


@pytest.mark.parametrize("length", [12, 1000])
def test_a_password_of_an_allowed_length_is_accepted(length: int) -> None:
    check_password("a" * length)
