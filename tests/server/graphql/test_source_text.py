"""Positions of errors in a document's text."""

from graphql import Source
from hypothesis import assume, given
from hypothesis import strategies as st

from server.graphql.source_text import Text


@given(body=st.text("ab\n\r\u2028\x0b"), data=st.data())
def test_a_place_is_the_one_that_graphql_core_finds(body: str, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(body)))
    # No token begins within a line's end.
    assume(body[max(0, position - 1) : position + 1] != "\r\n")

    assert Text(body).get_location(position) == Source(body).get_location(position)
