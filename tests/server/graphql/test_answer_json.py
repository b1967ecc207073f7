"""The JSON of a large answer is that of any other, made in pieces with pauses in between."""

import json
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
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


@given(BODIES, st.integers(-8, 8) | st.integers(-500, 500))
async def test_an_answer_in_parts_is_whole_or_longer_than_its_limit(body: dict[str, Any], room: int) -> None:
    expected = orjson.dumps(body)
    longest = max(1, len(expected) + room)
    encoder = PartEncoder(longest)

    found = await encoder.whole(_with_parts(body, encoder), _no_pause)

    assert found == expected if len(expected) <= longest else len(found) > longest


def _rows(number: int, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 — any JSON.
    return [{"id": each, "name": "a" * 100} | more for each in range(number)]


@pytest.mark.parametrize("inner", [1, 50, 2_000])
@pytest.mark.parametrize("room", [-1, 0])
async def test_parts_within_parts_are_counted_once(inner: int, room: int) -> None:
    async def answered(longest: int) -> bytearray:
        encoder = PartEncoder(longest)
        lists = [encoder.part([{"id": at, "rows": encoder.part(_rows(inner))} for at in range(60)]) for _ in "abc"]
        return await encoder.whole({"data": dict(zip("abc", lists, strict=True))}, _no_pause)

    expected = orjson.dumps({"data": {key: [{"id": at, "rows": _rows(inner)} for at in range(60)] for key in "abc"}})

    found = await answered(len(expected) + room)

    assert len(found) == len(expected)
    assert room or found == expected


async def test_parts_that_repeat_are_counted_as_often() -> None:
    encoder = PartEncoder(1_000_000)
    rows = encoder.part(_rows(500))

    lists = [encoder.part([{"rows": rows}]) for _ in range(1_000)]

    assert lists[-1] is None
    assert len(await encoder.whole({"data": lists}, _no_pause)) > 1_000_000


async def test_an_answer_without_its_long_parts_is_too_long() -> None:
    encoder = PartEncoder(1_000)
    encoder.part(_rows(100))
    left_out = encoder.part(_rows(1))

    found = await encoder.whole({"data": {"a": None, "b": left_out}}, _no_pause)

    assert left_out is None
    assert len(found) > 1_000


@pytest.mark.parametrize("refused", ["\ud800", 2**64])
@pytest.mark.parametrize("inner", [1, 50, 2_000])
async def test_what_the_fast_encoder_refuses_stands_beside_parts(refused: object, inner: int) -> None:
    encoder = PartEncoder(LONGEST)
    part = encoder.part([{"id": each, "more": refused, "rows": encoder.part(_rows(inner))} for each in range(60)])

    found = await encoder.whole({"data": {"rows": part, "more": refused}}, _no_pause)

    rows = [{"id": each, "more": refused, "rows": _rows(inner)} for each in range(60)]
    assert json.loads(found) == {"data": {"rows": rows, "more": refused}}


async def test_parts_with_what_the_fast_encoder_refuses_are_within_others() -> None:
    encoder = PartEncoder(LONGEST)
    part = encoder.part([{"name": "\ud800", "rows": encoder.part([{"name": "\ud801"}])}])

    found = await encoder.whole({"data": [encoder.part([{"rows": part}])]}, _no_pause)

    assert json.loads(found) == {"data": [[{"rows": [{"name": "\ud800", "rows": [{"name": "\ud801"}]}]}]]}


@given(BODIES, VALUES)
async def test_a_member_is_added_as_if_it_had_been_there(body: dict[str, Any], value: Any) -> None:  # noqa: ANN401 — any JSON.
    body.pop("extensions", None)
    if body:
        assert with_member(encoded(body), "extensions", value) == orjson.dumps(body | {"extensions": value})


@dataclass
class Lengths:
    """Numbers of bytes that were encoded between pauses."""

    encoder: PartEncoder
    found: list[int] = field(default_factory=list)
    before: int = 0

    async def pause(self) -> None:
        """Add one."""
        self.found.append(self.encoder.written - self.before)
        self.before = self.encoder.written


async def test_long_lists_are_encoded_in_pieces_of_a_limited_length() -> None:
    lengths = Lengths(PartEncoder(LONGEST))
    body = {"data": {"rows": [{"name": "a" * 1_000} for _ in range(2_000)]}}

    assert await lengths.encoder.whole(body, lengths.pause) == orjson.dumps(body)

    assert max(lengths.found) < 256 * 1024


async def test_parts_within_parts_are_written_in_pieces_of_a_limited_length() -> None:
    lengths = Lengths(encoder := PartEncoder(LONGEST))
    counts = [0] * 1_000 + [400] * 100 + [0] * 1_000 + [1] * 100 + [4_000]

    part = encoder.part([{"rows": encoder.part(_rows(number))} for number in counts])
    found = await encoder.whole({"data": {"rows": part}}, lengths.pause)

    assert found == orjson.dumps({"data": {"rows": [{"rows": _rows(number)} for number in counts]}})
    assert sorted(lengths.found)[-2] < 256 * 1024


async def test_what_is_too_long_is_not_encoded_to_its_end() -> None:
    encoder = PartEncoder(10_000)
    parts = [encoder.part([{"name": "a" * 1_000}]) for _ in range(100)]

    found = await encoder.whole({"data": parts}, _no_pause)

    assert 10_000 < len(found) < 20_000
    assert parts[-1] is None
