"""Tasks that a failed test leaves running are cancelled and named, however it failed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

FAILING = """
import asyncio

import pytest

tasks = []


@pytest.fixture
async def left():
    async def wait_for_ever():
        await asyncio.Event().wait()

    return lambda: tasks.append(asyncio.create_task(wait_for_ever()))


@pytest.fixture
async def failing_at_the_end():
    yield
    raise OSError


async def test_says_so(left):
    left()
    pytest.fail("no")


async def test_expects_an_error(left):
    left()
    with pytest.raises(OSError):
        pass


async def test_fails_twice(left, failing_at_the_end):
    left()
    assert not tasks


def test_none_is_left():
    assert len(tasks) == 3
    assert all(task.cancelled() for task in tasks)
"""


def test_tasks_of_failed_tests_are_cancelled_and_named(tmp_path: Path) -> None:
    path = tmp_path / "test_failing.py"
    path.write_text(FAILING)
    options = [
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(ROOT),
    ]

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, path], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert "3 failed, 1 passed, 3 errors" in run.stdout, run.stdout
    assert run.stdout.count("ERROR") >= run.stdout.count("Cancelled what the failed test left running") >= 3
