"""Limit of the texts in a document, counted before parsing."""

import pytest

from server.graphql.literals import CHARACTERS_MAX, too_many_characters

LONG = "a" * CHARACTERS_MAX
QUOTES = r"\"" * CHARACTERS_MAX


@pytest.mark.parametrize(
    "document",
    [
        f'{{ a(b: "{LONG}") }}',
        f'{{ a(b: """{LONG}""") }}',
        f'{{ a(b: """ "" {LONG} " """) }}',
        f'{{ a(b: "{QUOTES}") }}',
        f'{{ a(b: "{QUOTES}',
        f'{{ a(b: """{QUOTES}',
        f'{{ a(b: """""", c: """""""""{LONG}',
        "{ " + 'a(b: "aaaaaaaa") ' * (CHARACTERS_MAX // 10 + 1) + "}",
    ],
)
def test_texts_that_are_too_long_together_are_refused(document: str) -> None:
    error = too_many_characters(document)

    assert error is not None
    assert "Send them as variables" in error.message


@pytest.mark.parametrize(
    "document",
    [
        f'{{ a(b: "c") }} # "{LONG}"',
        f'{{ a(b: "# c") }} # "{LONG}"',
        f'{{ a(b: """ # "c" """) {LONG} }}',
        "{ " + LONG + " }",
        f'{{ a(b: "{"a" * (CHARACTERS_MAX - 2)}") }}',
    ],
)
def test_what_is_no_text_is_not_counted(document: str) -> None:
    assert too_many_characters(document) is None
