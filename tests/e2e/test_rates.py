"""Rates that several processes limit together."""

from pathlib import Path

import httpx

from tests import plain
from tests.e2e.processes import serving, token

_BUCKET = 3 * 3600
_QUERY = f"{{ {' '.join(f'a{number}: viewer {{ user {{ id }} }}' for number in range(20))} }}"


def test_two_processes_together_allow_what_one_bucket_has(environment: dict[str, str], tmp_path: Path) -> None:
    # An hour's points at once: what comes back while the test runs is less than a thousandth.
    limits = {"RATE_LIMIT_PARTNER": "3", "RATE_LIMIT_SECONDS": "3600", "RATE_LIMIT_TOKEN_PERCENT": "100"}
    environment = {**environment, **limits, "LOG_FORMAT": "console"}
    first_log, second_log = tmp_path / "first", tmp_path / "second"
    allowed = points = 0

    with serving(environment, first_log) as (first, _), serving(environment, second_log) as (second, _):
        headers = {"Authorization": f"Bearer {token(first_log.read_text())}"}
        with plain.Client(headers=headers, timeout=60) as http:
            refusals = 0
            while refusals < 2:
                refusals = 0
                for url in (first, second):
                    response = http.post(f"{url}/graphql", json={"query": _QUERY}, headers={"GraphQL-Cost": "report"})
                    refusals += response.status_code == httpx.codes.TOO_MANY_REQUESTS
                    allowed += response.is_success
                    points = response.json().get("extensions", {}).get("cost", {}).get("requested", points)
            (error,) = response.json()["errors"]

    assert _BUCKET * 0.95 <= allowed * points <= _BUCKET * 1.05
    assert error["extensions"]["code"] == "RATE_LIMITED"
