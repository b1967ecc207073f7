"""Timestamps: which texts are valid, and their values."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import timestamps

CASES: Any = json.loads((Path(__file__).parents[1] / "cases/datetimes.json").read_text(encoding="utf-8"))

# ABNF of RFC 3339, appendix A, written independently; it ignores case.
_GRAMMAR = re.compile(
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
    re.IGNORECASE,
)

moments = st.datetimes(timezones=st.just(UTC))
offsets = st.timedeltas(min_value=timedelta(hours=-23, minutes=-59), max_value=timedelta(hours=23, minutes=59)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
# Mostly timestamps, with one character changed, removed or added.
nearly = st.builds(
    lambda text, place, more, gone: text[: place % len(text)] + more + text[place % len(text) + gone :],
    st.builds(
        lambda moment, end: moment.replace(tzinfo=None).isoformat() + end,
        moments,
        st.sampled_from(["Z", "z", "+03:00", "-00:00", "+23:59", "-24:00", "+0300", "", "Z\n"]),
    ),
    st.integers(0, 40),
    st.text(alphabet="0123456789-+:.,TtZz W\0\n\u0663\uff13", max_size=2),
    st.integers(0, 2),
)


@pytest.mark.parametrize(("text", "moment"), CASES["accepted"].items())
def test_a_timestamp_is_the_moment_that_it_names(text: str, moment: str) -> None:
    assert timestamps.parse(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "text",
    [
        *CASES["refused"],
        "",
        "2026-11-24T12:30:00",
        "2026-11-24T24:00:00Z",
        "2026-11-24T12:60:00Z",
        "2026-11-24T12:30:61Z",
        "2026-02-29T12:30:00Z",
        "2026-13-24T12:30:00Z",
        "0000-01-01T00:00:00Z",
        "+2026-11-24T12:30:00Z",
        "2026-11-24T12:30:00+24:00",
        "2026-11-24T12:30:00+03:60",
        "2026-11-24T12:30:00−03:00",
        "\uff12\uff10\uff12\uff16-11-24T12:30:00Z",
        "2026-11-24T12:30:0\u0663Z",
        "2026-11-24T12:30:00Z\n",
        " 2026-11-24T12:30:00Z",
        "2026-11-24T12:30:00.1234567890123456789012345678901234567890123456Z",
    ],
)
def test_nothing_else_is_a_timestamp(text: str) -> None:
    assert timestamps.parse(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T12:30:00.9999999Z", "2026-11-24T12:30:00.999999+00:00"),
        ("2026-11-24T12:30:00.5Z", "2026-11-24T12:30:00.500000+00:00"),
        ("2026-11-24T12:30:00-00:00", "2026-11-24T12:30:00+00:00"),
        ("2026-11-24T12:30:60.25+02:00", "2026-11-24T10:31:00.250000+00:00"),
        ("2028-02-29T23:59:60Z", "2028-03-01T00:00:00+00:00"),
        ("2026-11-24T12:30:00+23:59", "2026-11-23T12:31:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("0001-01-01T23:59:00+23:59", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"),
        ("9999-12-31T23:59:60+00:01", "9999-12-31T23:59:00+00:00"),
    ],
)
def test_fractions_are_cut_and_offsets_and_leap_seconds_counted(text: str, moment: str) -> None:
    assert timestamps.parse(text) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+00:01",
        "0001-01-01T12:00:00+23:59",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "9999-12-31T12:00:00-23:59",
    ],
)
def test_a_moment_outside_of_the_calendar_is_none(text: str) -> None:
    assert timestamps.parse(text) is None


@given(moments, offsets)
def test_a_timestamp_with_any_offset_is_read_back(moment: datetime, offset: timezone) -> None:
    try:
        written = moment.astimezone(offset).isoformat()
    except OverflowError:
        written = moment.isoformat()

    assert timestamps.parse(written) == moment


@given(nearly)
@example("2026-W48-2T12:30:00Z")
def test_what_is_taken_is_in_the_grammar(text: str) -> None:
    moment = timestamps.parse(text)

    assert moment is None or (_GRAMMAR.fullmatch(text) and moment.tzinfo is UTC)
