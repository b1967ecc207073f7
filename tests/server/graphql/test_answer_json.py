"""The JSON of a large answer is that of any other, made in pieces with pauses in between."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from server.graphql.answer_json import PartEncoder, encoded, with_member

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS,
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=60,
)
BODIES = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)
LONGEST = 10**9


async def _no_pause() -> None:
    pass


def _with_parts(value: Any, encoder: PartEncoder, *, depth: int = 0) -> Any:  # noqa: ANN401 — any JSON.
    """Return the value with its inner lists encoded, as an executor does from the innermost."""
    if isinstance(value, dict):
        return {key: _with_parts(each, encoder, depth=depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        entries = [_with_parts(each, encoder, depth=depth + 1) for each in value]
        return encoder.part(entries) if depth > 1 else entries
    return value


@given(BODIES)
async def test_an_answer_in_parts_has_the_bytes_of_the_whole(body: dict[str, Any]) -> None:
    encoder = PartEncoder(LONGEST)

    found = await encoder.whole(_with_parts(body, encoder), _no_pause)

    assert found == orjson.dumps(body)
    assert encoder.braces == found.count(b"{")


@given(BODIES, VALUES)
async def test_a_member_is_added_as_if_it_had_been_there(body: dict[str, Any], value: Any) -> None:  # noqa: ANN401 — any JSON.
    body.pop("extensions", None)
    if body:
        assert with_member(encoded(body), "extensions", value) == orjson.dumps(body | {"extensions": value})


async def test_long_lists_are_encoded_in_pieces_of_a_limited_length() -> None:
    pieces, before = [0], 0

    async def pause() -> None:
        nonlocal before
        pieces.append(encoder.written - before)
        before = encoder.written

    encoder = PartEncoder(LONGEST)
    body = {"data": {"rows": [{"name": "a" * 1_000} for _ in range(2_000)]}}

    assert await encoder.whole(body, pause) == orjson.dumps(body)

    assert max(pieces) < 256 * 1024


async def test_what_is_too_long_is_not_encoded_to_its_end() -> None:
    encoder = PartEncoder(10_000)
    parts = [encoder.part([{"name": "a" * 1_000}]) for _ in range(100)]

    found = await encoder.whole({"data": parts}, _no_pause)

    assert 10_000 < len(found) < 20_000
    assert parts[-1] is None
