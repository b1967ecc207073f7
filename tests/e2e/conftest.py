"""Demo of its own for each test."""

import os
from pathlib import Path

import pytest

from tests.e2e.processes import portal


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Environment of a demo with a database file of its own."""
    environment = {**os.environ, "DEMO": "true", "DATABASE_URL": f"sqlite:///{tmp_path}/portal.db"}
    for command in ("migrate", "demo"):
        portal(environment, command)
    return environment
