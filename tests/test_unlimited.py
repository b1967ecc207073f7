"""Portal without its limits, which a benchmark compares with the portal."""

from benchmarks import unlimited
from tests.api import Api
from tests.server.http.test_rates import CLIENTS, ask, limited


async def test_without_its_limits_the_portal_answers_the_same(api: Api) -> None:
    async with limited(api) as http:
        with_limits = await ask(http, CLIENTS, api.token)
        with unlimited.without():
            without = await ask(http, CLIENTS, api.token)
        again = await ask(http, CLIENTS, api.token)

    assert with_limits.json() == without.json() == again.json()
    assert ["ratelimit" in each.headers for each in (with_limits, without, again)] == [True, False, True]
