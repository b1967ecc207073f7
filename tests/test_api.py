"""The access of tests to the API leaves nothing to the tests."""

import pytest

from db.engine import deadline
from tests.api import Api

ASKED = "{ viewer { role } }"


@pytest.mark.parametrize("is_observed", [False, True])
async def test_a_request_leaves_its_test_no_deadline(level: Api, *, is_observed: bool) -> None:
    before = deadline.current.get()
    if is_observed:
        level.http.event_hooks = {"response": [_seen]}

    await level.data(ASKED)

    assert deadline.current.get() is before


async def _seen(_response: object) -> None:
    """Take the response."""
