"""A process of xdist reports each test once, and whatever is wrong with it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

TESTS = """
import pytest


@pytest.fixture
def broken_before():
    raise OSError


@pytest.fixture
def broken_after():
    yield
    raise OSError


def test_passes():
    pass


def test_fails():
    assert 1 > 2


def test_begins_wrongly(broken_before):
    pass


def test_ends_wrongly(broken_after):
    pass


def test_fails_and_ends_wrongly(broken_after):
    assert 1 > 2


@pytest.mark.skip
def test_is_skipped():
    pass


@pytest.mark.xfail
def test_fails_as_expected():
    assert 1 > 2
"""


def test_every_outcome_is_reported_and_what_passed_once(tmp_path: Path) -> None:
    (tmp_path / "test_any.py").write_text(TESTS, encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.few_reports", "-n", "1", "--rootdir", tmp_path, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    summary = "2 failed, 2 passed, 1 skipped, 1 xfailed, 3 errors in "
    assert summary in run.stdout
