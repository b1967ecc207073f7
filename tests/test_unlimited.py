"""Portal without its limits, which a benchmark compares with the portal."""

import pytest

from benchmarks import unlimited
from tests.api import Api
from tests.server.http.test_rates import CLIENTS, ask, limited


@pytest.mark.parametrize("kinds", [tuple(unlimited.EDITS), *((kind,) for kind in unlimited.EDITS)])
async def test_without_its_limits_the_portal_answers_the_same(api: Api, kinds: tuple[str, ...]) -> None:
    async with limited(api) as http:
        with_limits = await ask(http, CLIENTS, api.token)
        with unlimited.without(kinds):
            without = await ask(http, CLIENTS, api.token)
        again = await ask(http, CLIENTS, api.token)

    assert with_limits.json() == without.json() == again.json()
    assert ["ratelimit" in each.headers for each in (with_limits, without, again)] == [True, "rates" not in kinds, True]
