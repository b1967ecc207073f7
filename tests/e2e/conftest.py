"""Demo of its own for each test."""

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.processes import portal


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the database file of a new demo and its secret, to be copied."""
    folder = tmp_path_factory.mktemp("demo")
    for command in ("migrate", "demo"):
        portal(_environment(folder), command)
    return folder


@pytest.fixture
def environment(demo_data: Path, tmp_path: Path) -> dict[str, str]:
    """Environment of a demo with a database file of its own."""
    shutil.copytree(demo_data, tmp_path, dirs_exist_ok=True)
    return _environment(tmp_path)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "DEMO": "true", "DATABASE_URL": f"sqlite:///{folder}/portal.db"}
