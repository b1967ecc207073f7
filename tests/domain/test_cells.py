"""Cells of exported files: every text is there, and none is a formula."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cells import csv_cells, harmless, original

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.builds(
    "{}{}{}".format,
    st.text("\ufeff\"' \t\r\n\u200b\u00a0", max_size=3),
    st.sampled_from(SIGNS),
    st.text("1+=;,\"'\n|", max_size=5),
)


def read(cells: list[str], delimiter: str) -> list[str]:
    (row,) = csv.reader(StringIO(delimiter.join(cells) + "\n", newline=""), delimiter=delimiter, strict=True)
    return row


@given(st.lists(TEXTS, min_size=2, max_size=6), st.sampled_from(";,"))
def test_any_text_is_read_from_its_cell_again(texts: list[str], delimiter: str) -> None:
    row = read(list(csv_cells(texts)), delimiter)

    assert [original(cell) for cell in row] == texts


@given(TEXTS, st.sampled_from(";,|\t"))
def test_no_cell_begins_as_a_formula_whatever_the_delimiter(text: str, delimiter: str) -> None:
    rows = csv.reader(StringIO(f"{csv_cells([text])[0]}\n", newline=""), delimiter=delimiter)

    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in {*SIGNS, "\t", "\r", "\n"}


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+55 11", "-2", "@SUM(A1)", "\t=1", "\r=1", '"=1', "\ufeff=1", "'=1", "\n1", "'\n1", "''\t1"],
)
def test_an_apostrophe_makes_a_formula_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert original(harmless(text)) == text


@pytest.mark.parametrize("text", ["Padaria", "a=b", "1-2", "D'Ávila", "'já'", "R$ 5", " texto", ""])
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert harmless(text) == original(text) == text


def test_null_is_an_empty_cell() -> None:
    assert list(csv_cells([None, "a"])) == ["", "a"]
