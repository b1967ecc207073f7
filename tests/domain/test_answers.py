"""Answers of receivers are stored in a form in which an erasure finds names and numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import readable
from domain.erasure import Identity

CLIENT = Identity("16727230000197", ("Padaria São José",))


@pytest.mark.parametrize(
    "answer",
    [
        rb'{"name":"Padaria S\u00e3o Jos\u00e9","id":1}',
        rb'{"body":"{\"name\":\"Padaria S\\u00E3o\\nJos\\u00e9\"}"}',
        b"name=Padaria+S%C3%A3o+Jos%c3%a9&id=1",
        b"name=Padaria%20S%E3o%20Jos%E9&id=1",
        b"<p>Padaria S&atilde;o Jos&#233;</p>",
        "Padaria São José".encode("latin-1"),
        b"Padaria S\\xe3o Jos\\xe9",
    ],
)
def test_a_name_is_found_however_it_is_escaped(answer: bytes) -> None:
    text = readable(answer, is_cut=False)

    assert text is not None
    assert "Jos" not in CLIENT.redacted(text)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (b"ok, unknown: 16.727.230/0001-9", "ok, unknown: "),
        (b'{"ok":true,"cnpj":"1672723000019', '{"ok":true,"cnpj":"'),
        (b"client 16 727 230 0001 9", "client "),
        (b"client Padaria S\\u00", "client Padaria "),
        ("client São".encode()[:-1], "client "),
        (b"x" * 1024, None),
    ],
)
def test_the_last_word_of_a_cut_answer_is_dropped(answer: bytes, kept: str | None) -> None:
    assert readable(answer, is_cut=True) == kept


@given(st.one_of(st.binary(max_size=40), st.text(r"\u0d8%&#;n", max_size=40).map(str.encode)), st.booleans())
def test_any_answer_can_be_stored(answer: bytes, is_cut: bool) -> None:  # noqa: FBT001 — of hypothesis.
    text = readable(answer, is_cut=is_cut)

    assert text is None or (text.encode() and "\0" not in text)
