"""The program of the version before this one, as git has it: the one before the last step of the migrations."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from db.migrations.revisions import HEAD
from db.migrations.steps import STEPS, oldest_served
from tests import once
from tests.durability.nodes import Node
from tests.e2e.forks import ROOT

BEFORE = max(name for name in STEPS if name < HEAD)
"""Revision of the tables that the program knows."""

_VERSIONS = "db/migrations/versions"
_PACKAGES = ("breadth", "db", "demo", "domain", "resolvers", "schema", "server")


@cache
def _folder() -> Path:
    """Return the folder of the program; skip the test if git has no history, or its servers must be stopped."""
    if oldest_served() > BEFORE:
        pytest.skip(f"Step {HEAD} asks to stop servers of the version before: {STEPS[HEAD].contracts}")
    commit = _commit()
    if commit is None:
        pytest.skip("The repository has no history: clone it whole to try the program of the version before.")
    return once.made("program before", lambda folder: _extract(commit, folder))


def _commit() -> str | None:
    """Return the last commit without the last step; None if the history does not go back so far."""
    # The whole tree is the first commit of a copy without history, which adds each file of it.
    added = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", f"{_VERSIONS}/v{HEAD}_*.py")
    if added is None:
        return None
    # A step that is not committed yet comes after the last commit.
    return _git("rev-parse", "--verify", "--quiet", f"{added}^" if added else "HEAD")


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    return None if done.returncode else done.stdout.strip()


def _extract(commit: str, folder: Path) -> None:
    archive = folder / "program.tar"
    assert _git("archive", f"--output={archive}", commit, "--", *_PACKAGES) is not None
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    archive.unlink()
    assert not [*folder.glob(f"{_VERSIONS}/v{HEAD}_*.py")]


class _NodeBefore(Node):
    """Server process of the version before."""

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "server", "serve", "--port", str(self.port)],
                cwd=_folder(),
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


@contextmanager
def serving_before(url: str, log: Path, secret: str) -> Iterator[Node]:
    """Yield a ready server of the version before; skip the test if it can't be had."""
    _folder()
    given = {"DATABASE_URL": url.replace("+asyncpg", "").replace("+aiosqlite", ""), "SECRET_KEY": secret}
    node = _NodeBefore({**os.environ, "DEMO": "false", "LOG_LEVEL": "WARNING", **given}, log)
    try:
        node.wait_until_ready()
        yield node
    finally:
        node.stop()
