"""Manifests as the tools of clients write them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers import manifests
from resolvers.manifests import ManifestError, parsed

manifests_of_texts = st.dictionaries(st.text(min_size=1), st.text(), min_size=1, max_size=5)


def apollo(texts: dict[str, str], **changed: object) -> dict[str, object]:
    operations = [
        {"id": document_id, "body": text, "name": "A", "type": "query"} for document_id, text in texts.items()
    ]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations} | changed


@given(manifests_of_texts, st.sampled_from([None, 2]))
def test_what_a_tool_has_written_is_read_back(texts: dict[str, str], indent: int | None) -> None:
    for written in (texts, apollo(texts)):
        content = json.dumps(written, indent=indent).encode()

        assert parsed(content, "m.json") == texts
        assert parsed(b"\xef\xbb\xbf" + content, "m.json") == texts


@given(st.binary())
def test_any_other_content_of_a_file_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(ManifestError, match=r"^m\.json "):
        parsed(content, "m.json")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a manifest"),
        ("null", "not a manifest"),
        ('{"a": 1}', "not a manifest"),
        ('{"a": {"b": "{c}"}}', "not a manifest"),
        ("{}", "no documents"),
        (json.dumps(apollo({})), "no documents"),
        (json.dumps(apollo({"a": "{b}"}, version=2)), "“version”"),
        (json.dumps(apollo({"a": "{b}"}, format="other")), "“format”"),
        (json.dumps(apollo({}, operations=[{"id": "a", "body": "{b}"}, {"id": "c"}])), "at place 2"),
        (json.dumps(apollo({}, operations=["a"])), "at place 1"),
        ('{"a": "{b}", "a": "{c}"}', "twice"),
        (json.dumps(apollo({}, operations=[{"id": "a", "body": "{b}"}, {"id": "a", "body": "{c}"}])), "twice"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused_with_a_reason(content: str, says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        parsed(content.encode(), "m.json")


def test_a_document_repeated_with_the_same_text_is_one() -> None:
    assert parsed(b'{"a": "{b}", "a": "{b}"}', "m.json") == {"a": "{b}"}


def test_a_file_that_is_far_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "_BYTES_MAX", 10)
    file = tmp_path / "m.json"
    file.write_text('{"a": "{viewer{role}}"}')

    with pytest.raises(ManifestError, match="longer than 10 bytes"):
        manifests.read(file)
