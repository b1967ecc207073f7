"""Ids of trusted documents, and what can be registered."""

import string
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import ID_LENGTH_MAX, TEXT_LENGTH_MAX, complaint, hashed, is_id

TEXT = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
TEXT_SHA256 = "7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"

names = st.text(string.ascii_letters + string.digits + "._~-", min_size=1, max_size=60)


def test_the_hash_is_the_one_of_the_specifications_example() -> None:
    assert hashed(TEXT) == TEXT_SHA256


@pytest.mark.parametrize("document_id", [TEXT_SHA256, f"sha256:{TEXT_SHA256}", "2f0a1", "x-spa:Clients.v2", "~"])
def test_ids_have_the_forms_of_the_specification(document_id: str) -> None:
    assert is_id(document_id)
    assert complaint(document_id, TEXT) is None


@pytest.mark.parametrize(
    "document_id",
    [
        *("", " ", "a b", "a\n", "á", "a/b", "a%20b", "md5:00", "x-:a", "x-a:", "x-a:b:c", ":"),
        *("sha256:", "sha256:7dba", f"sha256:{TEXT_SHA256.upper()}", "a" * (ID_LENGTH_MAX + 1)),
    ],
)
def test_whatever_else_is_no_id(document_id: str) -> None:
    assert not is_id(document_id)
    assert "an id is" in str(complaint(document_id, TEXT))


@given(names, names)
def test_an_id_needs_no_escaping_in_a_url(prefix: str, name: str) -> None:
    for document_id in (name, f"x-{prefix}:{name}"):
        assert is_id(document_id) == (len(document_id) <= ID_LENGTH_MAX)
        assert quote(document_id, safe=":~") == document_id
        assert parse_qs(f"documentId={document_id}") == {"documentId": [document_id]}


@given(st.text())
def test_an_id_that_is_a_hash_is_the_one_of_the_text(text: str) -> None:
    other = f"sha256:{hashed(text + ' ')}"

    assert complaint(f"sha256:{hashed(text)}", text) is None or "\0" in text
    assert complaint(other, text) is not None


@pytest.mark.parametrize("text", ["{a}\0", "{a} # \ud800", " " * (TEXT_LENGTH_MAX + 1)])
def test_a_text_that_can_not_be_kept_is_refused_with_a_reason(text: str) -> None:
    assert complaint("a", text) is not None
