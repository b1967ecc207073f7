"""Timestamps in documents, variables and answers; on both engines."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api

CASES: Any = json.loads((Path(__file__).parents[1] / "cases/datetimes.json").read_text(encoding="utf-8"))

ACCEPTED = CASES["accepted"] | {
    "2026-11-24T12:30:00.1234569Z": "2026-11-24T12:30:00.123456Z",
    "2026-11-25T12:29:00+23:59": "2026-11-24T12:30:00Z",
    "2026-11-24T12:30:00-23:59": "2026-11-25T12:29:00Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
}
REFUSED = [
    *CASES["refused"],
    "2026-11-24T12:30:0\u0663Z",
    "2026-11-24T12:30:00+24:00",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:60Z",
    "",
    "2026-11-24T12:30:00." + "0" * 100_000 + "Z",
    "2026-11-24T12:30:00\ud800Z",
]

CREATE = """mutation ($at: DateTime) { createApiToken(input: { name: "a", permissions: [ORDERS_READ], expiresAt: $at })
    { apiToken { expiresAt } } }"""
LIST = "query ($at: DateTime) { events(filter: { occurredAt: { from: $at } }) { totalCount } }"
_DECLARED = "($at: DateTime)"


def _literally(query: str, text: str) -> str:
    """Return the query with the text in place of its variable; JSON's escapes are GraphQL's."""
    return query.replace(_DECLARED, "").replace("$at", json.dumps(text))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("text", "answer"), ACCEPTED.items())
async def test_a_timestamp_is_taken_and_answered_in_utc(api: Api, text: str, answer: str) -> None:
    by_variable = await api.data(CREATE, at=text)
    literal = await api.data(_literally(CREATE, text))

    assert by_variable == literal == {"createApiToken": {"apiToken": {"expiresAt": answer}}}


@pytest.mark.edge
@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:30]))
async def test_nothing_else_is_taken(api: Api, text: str) -> None:
    for query in (CREATE, LIST):
        for body in (await api.post(query, at=text), await api.post(_literally(query, text))):
            assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}
            assert not (body.get("data") or {}).get("events")


@pytest.mark.edge
@pytest.mark.parametrize("value", [0, 1.5, True, ["2026-11-24T12:30:00Z", "2026-11-24T12:30:00Z"], {"a": 1}])
async def test_a_timestamp_is_a_string(api: Api, value: object) -> None:
    assert (await api.error(LIST, at=value))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_range_may_end_where_the_calendar_does(api: Api) -> None:
    await api.client()
    query = """query ($from: DateTime, $to: DateTime) {
        events(filter: { occurredAt: { from: $from, to: $to } }) { totalCount } }"""
    ends = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59.999999Z"}

    whole = await api.data(query, **ends)
    reversed_ = await api.data(query, **{"from": ends["to"], "to": ends["from"]})

    assert [found["events"]["totalCount"] for found in (whole, reversed_)] == [1, 0]
