"""A test asks the server that it has started, and no other one."""

from pathlib import Path

import pytest

from tests.e2e.processes import kept_port, serving


def test_a_server_whose_port_another_one_has_is_not_ready(environment: dict[str, str], tmp_path: Path) -> None:
    port = kept_port()

    with (
        serving(environment, tmp_path / "first", port=port),
        pytest.raises(TimeoutError),
        serving(environment, tmp_path / "second", port=port),
    ):
        pass


def test_a_server_that_ends_is_not_awaited(environment: dict[str, str], tmp_path: Path) -> None:
    with (
        pytest.raises(TimeoutError, match="DATABASE_URL"),
        serving({**environment, "DATABASE_URL": "nothing"}, tmp_path / "log"),
    ):
        pass
