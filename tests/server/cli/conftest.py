"""The SQLite file of a command line."""

import os
from pathlib import Path

import pytest

from tests.server.conftest import Command


@pytest.fixture
def file(demo_portal: Command) -> Path:
    """The database of `demo_portal`."""
    del demo_portal
    return Path(os.environ["DATABASE_URL"].removeprefix("sqlite+aiosqlite:///"))
