"""Tasks that a failed test leaves running are cancelled and named, however it failed; no test leaves a busy one."""

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


BUSY = """
import asyncio

tasks = []


async def test_leaves_a_task_that_waits():
    tasks.append(asyncio.create_task(asyncio.Event().wait()))


async def test_leaves_a_busy_task():
    async def go_on_and_on():
        while True:
            await asyncio.sleep(0)

    tasks.append(asyncio.create_task(go_on_and_on()))


async def test_needs_a_loop():
    pass
"""


def outcome(text: str, folder: Path) -> str:
    """Return what a run of these tests prints."""
    path = folder / "test_leaving.py"
    path.write_text(text, encoding="utf-8")
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
    command = [sys.executable, "-m", "pytest", *options, str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_tasks_of_failed_tests_are_cancelled_and_named(tmp_path: Path) -> None:
    printed = outcome(FAILING, tmp_path)

    assert "3 failed, 1 passed, 3 errors" in printed, printed
    assert printed.count("ERROR") >= printed.count("Cancelled what the failed test left running") >= 3


def test_a_task_that_keeps_the_loop_busy_is_named_at_the_end(tmp_path: Path) -> None:
    printed = outcome(BUSY, tmp_path)

    assert "3 passed, 1 error" in printed, printed
    assert "A test has left what goes on and on" in printed
    assert "go_on_and_on" in printed
    assert "Event.wait" not in printed
