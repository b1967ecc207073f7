"""A test asks the server that it has started, and no other one; and nothing that was started outlives a killed run."""

import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import forks
from tests.e2e.processes import kept_port, serving, wait_until

STARTED = """
import sys
from pathlib import Path
from tests import once
from tests.e2e import forks

once.begin(Path(sys.argv[1]), is_first=True)
with open(sys.argv[2], "wb") as log:
    following = forks.Process(["events", "follow"], {"PORTAL": "http://127.0.0.1:1", "TOKEN": "t"}, log, log)
print(following.pid, flush=True)
following.wait()
"""
"""A run that waits for a command that never ends by itself."""


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
    seen = marshal.loads(written.read_bytes())  # noqa: S302 — our own.
    assert status == 0
    assert seen[str(forks.ROOT / "server/__main__.py")]


def test_what_a_killed_run_has_started_ends_with_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    command = [sys.executable, "-c", STARTED, str(run), str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=forks.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert first.stdout is not None
        started = int(first.stdout.readline())

        first.kill()

        # The output ends when no process has it open.
        assert first.communicate(timeout=60) == (b"", b"")
    wait_until(lambda: not run.exists())
    wait_until(lambda: not Path(f"/proc/{started}").exists())
