"""Languages of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.languages import Language, Text, preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.PORTUGUESE),
        ("*", Language.PORTUGUESE),
        ("de, fr;q=0.9", Language.PORTUGUESE),
        ("en", Language.ENGLISH),
        ("EN-us", Language.ENGLISH),
        ("pt-PT", Language.PORTUGUESE),
        ("en, pt", Language.ENGLISH),
        ("pt, en", Language.PORTUGUESE),
        ("pt;q=0.5, en;q=0.8", Language.ENGLISH),
        ("en;q=0.5, pt-BR;q=0.8", Language.PORTUGUESE),
        ("de, en;q=0.1", Language.ENGLISH),
        ("pt;q=0, en;q=0.1", Language.ENGLISH),
        ("en;q=0", Language.PORTUGUESE),
        ("en ; q=0.9 , pt ; Q=1.0", Language.PORTUGUESE),
        ("en;q=much", Language.PORTUGUESE),
        ("en;q=nan", Language.PORTUGUESE),
        ("english", Language.PORTUGUESE),
    ],
)
def test_the_header_says_which_language_is_preferred(header: str, language: Language) -> None:
    assert preferred(header) is language


@given(header=st.text())
def test_any_header_gives_a_language(header: str) -> None:
    assert preferred(header) in Language


def test_a_text_is_written_in_both_languages() -> None:
    text = Text(pt="Cliente {name}", en="Client {name}")

    assert text.within(Language.PORTUGUESE) == "Cliente {name}"
    assert text.within(Language.ENGLISH) == "Client {name}"
