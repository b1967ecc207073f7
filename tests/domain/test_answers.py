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
        rb"Padaria S\xc3\xa3o Jos\303\251",
        rb"Padaria S\u{e3}o Jos\U000000e9 Padaria S%u00e3o Jos%u00E9",
        "Padaria São José".encode("utf-16"),
        "Padaria São José".encode("utf-16-le"),
        "Padaria São José".encode("utf-16-be"),
        "Padaria São José".encode("utf-32"),
        "Padaria São José".encode("utf-32-be"),
        "Padaria São José".encode("utf-8-sig"),
        "Pa\u00addaria S\u200bão Jo\u200dsé Pada\u2060ria São Jos\ufeffé".encode(),
        b"Pada&shy;ria S&atilde;o&nbsp;Jos&eacute Pada\x1b[1mria S\xe3o Jos\xe9",
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


@pytest.mark.parametrize("charset", ["utf-16", "UTF-16LE", "utf-7"])
def test_the_charset_of_an_answer_counts_where_bytes_do_not_tell(charset: str) -> None:
    for text in ("Чай ó", "茶 x"):
        assert readable(text.encode(charset), is_cut=False, charset=charset) == text
        assert readable(f"\ufeff{text}".encode("utf-16-be"), is_cut=False) == text


@pytest.mark.parametrize(
    "answer",
    [
        *(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\x1f\x8b\x08\0\0\0\0\0", b"\0\0\0\0", b"ok\0, saved"),
        *(b"<< " + "Padaria".encode(encoding) + b" >>" for encoding in ("utf-16", "utf-16-le", "utf-16-be")),
        b" " + "Padaria".encode("utf-16-le") + b" ",
    ],
)
def test_an_answer_that_is_no_text_is_not_kept(answer: bytes) -> None:
    assert readable(answer, is_cut=False) is None


@given(st.one_of(st.binary(max_size=40), st.text(r"\Uu{}0d8x3%&#;n", max_size=40).map(str.encode)), st.booleans())
def test_any_answer_can_be_stored(answer: bytes, is_cut: bool) -> None:  # noqa: FBT001 — of hypothesis.
    text = readable(answer, is_cut=is_cut)

    assert text is None or (text.encode() and "\0" not in text)
