"""Demo of its own for each test."""

from pathlib import Path

import pytest

from tests.e2e import data


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Environment of a demo with a database file of its own."""
    return data.demonstration(tmp_path)
