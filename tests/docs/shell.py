"""A shell as the readers of the documentation have it: with `portal` and `curl` on the path."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.docs.pages import ROOT

_PATIENCE_SECONDS = 600
_UNSET = {"DATABASE_URL", "DEMO", "SECRET_KEY"}
_CURL = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.e2e.processes import curl_command
sys.exit(curl_command(sys.argv[1:]))
"""


Shell = Callable[..., subprocess.CompletedProcess[str]]
"""What `run` is to a test, without the path of `portal`."""


def run(portal: Path, script: str, folder: Path, *paths: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder, where `portal` is that program, and stop every process of it."""
    (folder / "examples").symlink_to(ROOT / "examples")
    inherited = {name: value for name, value in os.environ.items() if name not in _UNSET}
    path = os.pathsep.join([str(_programs(folder, portal)), *map(str, paths), os.environ.get("PATH", "")])
    return _run(f"set -eu\n{script}\n", folder, {**inherited, **variables, "PATH": path, "PYTHONPATH": str(ROOT)})


def _programs(folder: Path, portal: Path) -> Path:
    programs = folder / "programs"
    programs.mkdir()
    if shutil.which("curl") is None:
        (programs / "curl").write_text(_CURL, encoding="utf-8")
        (programs / "curl").chmod(0o755)
    (programs / "portal").symlink_to(portal)
    (programs / "python3").symlink_to(sys.executable)
    return programs


def _run(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("bash") or "bash", "-c", script]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            printed, _ = process.communicate(timeout=_PATIENCE_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, printed)
