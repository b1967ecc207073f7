"""A test asks the server that it has started, and no other one."""

import json
import os
from pathlib import Path

import pytest

from tests.e2e import forks
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


def test_a_measured_command_writes_which_lines_ran(tmp_path: Path) -> None:
    folder = tmp_path / "measured"
    folder.mkdir()

    with (tmp_path / "log").open("wb") as log:
        environment = {**os.environ, "MEASURED": str(folder)}
        status = forks.Process(["--help"], environment, log, log, is_measured=True).wait(60)

    (written,) = folder.iterdir()
    files = json.loads(written.read_text(encoding="utf-8"))["files"]
    assert status == 0
    assert files["server/__main__.py"]["executed_lines"]
