"""The operator reads in the log that the vendor's users need no second factor."""

import pytest
from structlog.testing import capture_logs

from server import second_factor
from server.settings import Settings


@pytest.mark.parametrize(
    ("given", "hints"),
    [({}, 1), ({"DEMO": "true"}, 0), ({"VENDOR_SECOND_FACTOR": "true"}, 0), ({"VENDOR_SECOND_FACTOR": "false"}, 1)],
)
def test_the_log_has_a_hint_unless_a_second_factor_is_required(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], hints: int
) -> None:
    for name, setting in given.items():
        monkeypatch.setenv(name, setting)

    with capture_logs() as logs:
        second_factor.hint_if_not_required(Settings.load())

    assert [entry["hint"] for entry in logs] == ["VENDOR_SECOND_FACTOR=true requires one"] * hints
