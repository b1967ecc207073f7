"""An audit that could not ask says so, in place of finding nothing."""

import pytest

from tests.supply.audit import Verdict, verdict


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (0, "No known vulnerabilities found", Verdict.CLEAN),
        (0, "found 0 vulnerabilities", Verdict.CLEAN),
        (1, "Found 1 known vulnerability in 1 package", Verdict.VULNERABLE),
        (1, "3 moderate severity vulnerabilities", Verdict.VULNERABLE),
        (
            0,
            "No known vulnerabilities found\nDependency not found on PyPI and could not be audited: orjson",
            Verdict.UNKNOWN,
        ),
        (1, "npm error audit endpoint returned an error", Verdict.UNKNOWN),
        (1, "requests.exceptions.ConnectionError: HTTPSConnectionPool", Verdict.UNKNOWN),
    ],
)
def test_the_exit_status_says_what_is_known(status: int, said: str, expected: Verdict) -> None:
    assert verdict(status, said) is expected
