"""Tokens have a checksum, by which a mistyped one is known."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.token_forms import ALPHABET, API, RANDOM_LENGTH, SESSION, is_mistyped, with_checksum

RANDOM = st.text(st.sampled_from(ALPHABET), min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH)


@given(random=RANDOM, prefix=st.sampled_from([SESSION, API]))
def test_a_new_token_has_the_documented_form_and_is_right(random: str, prefix: str) -> None:
    token = with_checksum(prefix, random)

    assert re.fullmatch(r"pp[a-z]_[0-9A-Za-z]{49}", token)
    assert not is_mistyped(token)


@given(random=RANDOM, at=st.integers(3, 52), other=st.sampled_from(ALPHABET))
def test_a_token_with_one_other_character_is_mistyped(random: str, at: int, other: str) -> None:
    token = with_checksum(API, random)
    changed = f"{token[:at]}{other}{token[at + 1 :]}"

    assert is_mistyped(changed) is (changed != token and at != 3)


def test_the_checksum_is_the_crc_32_in_the_base_62() -> None:
    assert with_checksum("ppt_", "0" * RANDOM_LENGTH) == "ppt_" + "0" * RANDOM_LENGTH + "2jdNcz"


@pytest.mark.parametrize("secret", ["", "ppt_", "ppt_" + "x" * 43, "ppt_" + "x" * 42 + "-", "a.b.c", "x" * 60])
def test_a_secret_of_an_earlier_form_is_not_judged(secret: str) -> None:
    assert not is_mistyped(secret)
