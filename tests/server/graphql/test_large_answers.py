"""Answers of large operations are encoded within their deadline, and what they are made of is freed."""

from typing import Any

import orjson
import pytest

from db.engine.deadline import Deadline
from domain.deadlines import CallerGone, ReadTimedOut
from resolvers.context import Context
from server.graphql.answer_json import PartEncoder
from server.graphql.answers import Answer
from server.graphql.large_answers import written
from server.graphql.pauses import Pauses
from tests.api import Api

DATA = {"rows": [{"id": str(number)} for number in range(1_000)]}
LONGEST = 10**6


async def _written(api: Api, until: Deadline, body: dict[str, Any]) -> Answer:
    context = Context(api.portal, viewer=None, deadline=until)
    answer = Answer(body, executed=True, codes=frozenset())
    return await written(context, answer, Pauses(), PartEncoder(LONGEST))


async def test_the_data_is_json_and_the_errors_stay(level: Api) -> None:
    body: dict[str, Any] = {"data": DATA, "errors": [{"message": "not there"}]}
    expected = orjson.dumps(body)

    answer = await _written(level, Deadline(60), body)

    assert answer.json == expected
    assert answer.body == {"errors": [{"message": "not there"}]}


async def test_a_query_is_not_encoded_after_its_deadline(level: Api) -> None:
    with pytest.raises(ReadTimedOut):
        await _written(level, Deadline(0), {"data": DATA})


async def test_a_query_of_a_caller_who_went_away_is_not_encoded(level: Api) -> None:
    until = Deadline(60)
    until.abandon()

    with pytest.raises(CallerGone):
        await _written(level, until, {"data": DATA})


async def test_the_answer_to_a_change_is_encoded_after_its_deadline(level: Api) -> None:
    until = Deadline(0, 0)
    until.allow_change()

    answer = await _written(level, until, {"data": DATA})

    assert answer.json == orjson.dumps({"data": DATA})
