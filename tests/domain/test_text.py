"""Text as it is compared and stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import fold, storable

# Its upper case is I, whose lower case is another letter.
DOTLESS = "\N{LATIN SMALL LETTER DOTLESS I}"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("São João", "sao joao"),
        ("SÃO  JOÃO ", "sao joao"),
        ("Açaí & Cia.\tLtda", "acai & cia. ltda"),
        ("Straße", "strasse"),
        ("Ação №1", "acao no1"),
        ("", ""),
    ],
)
def test_accents_case_and_blanks_do_not_tell_names_apart(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(text=st.text())
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(text=st.text())
def test_what_is_folded_is_one_line(text: str) -> None:
    assert "\n" not in fold(text)


@given(text=st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_characters=DOTLESS)))
def test_upper_case_and_decomposed_letters_are_the_same_text(text: str) -> None:
    assert fold(text.upper()) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "name \udfff"])
def test_nul_and_lone_surrogates_are_not_storable(text: str) -> None:
    assert not storable(text)


@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_every_other_text_is_storable(text: str) -> None:
    assert storable(text)
    text.encode()
