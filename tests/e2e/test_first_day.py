"""The first day in production, as the README shows it: from an empty folder to an activated license."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.databases import Databases
from tests.e2e.processes import ROOT, free_port

_SECTION = re.compile(r"\n## The first day in production\n(.*?)\n## ", re.DOTALL)
_BLOCK = re.compile(r"```sh\n(.*?)\n```", re.DOTALL)
_CODE = re.compile(r"^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$", re.MULTILINE)
_SQLITE_URL = "sqlite:///./data/portal.db"
_PATIENCE_SECONDS = 600
_CURL = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.e2e.processes import curl_command
sys.exit(curl_command(sys.argv[1:]))
"""


def test_the_first_day_ends_with_an_activated_license(engine: str, databases: Databases, tmp_path: Path) -> None:
    (section,) = _SECTION.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    blocks = "\n".join(_BLOCK.findall(section)).replace("8000", str(free_port()))
    if engine == "postgresql":
        assert _SQLITE_URL in blocks
        blocks = blocks.replace(_SQLITE_URL, databases.empty(engine).replace("+asyncpg", ""))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "portal").write_text(f'#!/bin/sh\nexec {sys.executable} -m server "$@"\n')
    (programs / "python3").symlink_to(sys.executable)
    if shutil.which("curl") is None:
        (programs / "curl").write_text(_CURL)
    for program in programs.iterdir():
        if not program.is_symlink():
            program.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if name not in {"DEMO", "DATABASE_URL", "SECRET_KEY"}}
    # The section leaves its server running.
    script = f"set -eu; trap 'kill $! && wait $!' EXIT\n{blocks}\n"

    done = _run(script, tmp_path, {**kept, "PATH": path, "PYTHONPATH": str(ROOT)})

    assert done.returncode == 0, done.stdout
    assert len(_CODE.findall(done.stdout)) == 1
    assert "\nFinalizado\n" in done.stdout
    assert done.stdout.endswith("ana@alfa.example\tAna Prado\tMANAGER\tactive\nNothing is wrong.\n")
    made = [(each.name, each.stat().st_mode & 0o777) for each in tmp_path.glob("data/portal.db")]
    assert made == ([("portal.db", 0o600)] if engine == "sqlite" else [])


def _run(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script and all that it starts in one group of processes, and stop them."""
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
