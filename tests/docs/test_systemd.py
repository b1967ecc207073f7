"""The unit of systemd that the documentation has."""

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from server.cli import app
from server.cli.serve import GRACE_SECONDS, OTHER_FILES
from server.log_pipe import FLUSH_SECONDS
from server.settings import Settings
from server.supervisor import KILLED_AFTER_SECONDS
from server.worker import ENDING_SECONDS, KILLED_SECONDS
from tests.docs.pages import the_file
from tests.docs.test_command_line import commands
from tests.e2e import forks

PAGE = "docs/first-day.md"
UNIT, SETTINGS = "/etc/systemd/system/portal.service", "/etc/portal.env"
INSTALLED = "/opt/portal/bin/portal"


@pytest.fixture
def service() -> dict[str, str]:
    """The options of the service."""
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # As the standard library documents it.
    parser.read_string(the_file(UNIT, PAGE))
    return dict(parser["Service"])


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("This machine has no systemd.")
    unit = tmp_path / "portal.service"
    unit.write_text(the_file(UNIT, PAGE).replace(INSTALLED, str(forks.portal())), encoding="utf-8")

    verified = subprocess.run([program, "verify", "--man=no", str(unit)], check=False, capture_output=True, text=True)

    assert (verified.returncode, verified.stderr) == (0, "")


def test_the_unit_runs_a_command_with_settings_that_there_are(service: dict[str, str]) -> None:
    program, command = shlex.split(service["ExecStart"])
    names = {line.partition("=")[0].lower() for line in the_file(SETTINGS, PAGE).splitlines()[1:]}

    assert program == INSTALLED
    assert command in set(commands(app))
    assert service["EnvironmentFile"] == SETTINGS
    assert {"database_url", "secret_key"} < names <= set(Settings.model_fields)


def test_the_unit_gives_a_stop_its_time_and_connections_their_files(service: dict[str, str]) -> None:
    of_parent = KILLED_AFTER_SECONDS + KILLED_SECONDS + 2 * ENDING_SECONDS
    connections = Settings.model_fields["max_connections"].default

    assert int(service["TimeoutStopSec"]) > GRACE_SECONDS + of_parent + FLUSH_SECONDS
    assert int(service["LimitNOFILE"]) >= connections + OTHER_FILES
