"""Rules for email addresses and passwords."""

import pytest

from domain.access import DEMO_PASSWORD
from domain.users import InvalidEmail, InvalidPassword, PublicPassword, check_email, check_password, email


def test_an_address_is_looked_up_in_small_letters() -> None:
    assert email("  Ana@Alfa.Example\n") == "ana@alfa.example"


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
