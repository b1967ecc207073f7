"""Tags of answers, as requests send them back (RFC 9110, 13.1.2)."""

from hypothesis import given
from hypothesis import strategies as st

from server.http import etag

tags = st.from_regex(r'(W/)?"[a-f0-9!#*,/]{0,12}"', fullmatch=True)


@given(st.lists(tags, max_size=4), tags)
def test_a_tag_is_found_among_others_and_only_there(others: list[str], tag: str) -> None:
    values = {other.removeprefix("W/") for other in others}

    assert etag.holds([", ".join(others)], tag) == (tag.removeprefix("W/") in values)
    assert etag.holds([*others, tag], tag)
    assert etag.holds(["*"], tag)
    assert not etag.holds([], tag)


def test_of_thousands_of_tags_the_first_hundred_are_read() -> None:
    other, tag = f'W/"{"0" * 32}"', f'W/"{"1" * 32}"'

    assert etag.holds([other] * 99 + [tag], tag)
    assert not etag.holds([other] * 1_000 + [tag], tag)
