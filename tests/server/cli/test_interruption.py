"""Ctrl-C while a command is starting."""

import os
import signal
import subprocess
import sys

from tests.e2e import forks


def test_ctrl_c_while_the_program_is_imported_shows_no_traceback() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "server", "users"]
    environment = os.environ | {"PYTHONPATH": str(forks.ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as started:
        assert started.stderr is not None
        while not started.stderr.readline().endswith(" server.interruption\n"):
            assert started.poll() is None
        while " sqlalchemy" not in started.stderr.readline():
            assert started.poll() is None
        started.send_signal(signal.SIGINT)
        written = started.stderr.read()

    assert started.returncode == -signal.SIGINT
    assert "Traceback" not in written
