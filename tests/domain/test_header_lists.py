"""Members of headers that are lists."""

from hypothesis import given
from hypothesis import strategies as st

from domain.header_lists import LENGTH_MAX, MEMBERS_MAX, members


@given(st.lists(st.sampled_from(["", "a", "en;q=0.5", "b" * 39, "c" * 500]), min_size=1, max_size=80))
def test_the_whole_members_at_the_beginning_are_read(given: list[str]) -> None:
    found = members(",".join(given))

    assert found == given[: len(found)]
    if len(found) < len(given):
        more = given[: len(found) + 1]
        assert len(more) > MEMBERS_MAX or len(",".join(more)) > LENGTH_MAX


def test_a_member_that_is_too_long_is_not_read() -> None:
    assert members("a" * LENGTH_MAX) == ["a" * LENGTH_MAX]
    assert members("a" * (LENGTH_MAX + 1)) == []
