"""Tasks that a failed test leaves running are cancelled and named; no test leaves a busy one, or an error unread."""

import subprocess
import sys
from pathlib import Path

import pytest

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


LEAVING = """
import asyncio
import gc

tasks = []


async def test_leaves_garbage_that_calls_back():
    gc.disable()
    loop = asyncio.get_running_loop()

    def called_back():
        print("Called back.")

    class Garbage:
        def __init__(self):
            self.itself = self

        def __del__(self):
            loop.call_soon(called_back)

    Garbage()


async def test_leaves_a_task_that_waits():
    tasks.append(asyncio.create_task(asyncio.Event().wait()))


async def test_leaves_a_busy_task():
    async def go_on_and_on():
        while True:
            await asyncio.sleep(0)

    tasks.append(asyncio.create_task(go_on_and_on()))


async def test_leaves_an_error():
    async def fail():
        raise LookupError

    failing = asyncio.create_task(fail())
    await asyncio.wait([failing])
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run of these tests prints, each file of which is a module."""
    folder: Path = tmp_path_factory.mktemp("left")
    files = {"test_failing.py": FAILING, "test_leaving.py": LEAVING}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
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
    command = [sys.executable, "-m", "pytest", *options, *(str(folder / name) for name in files)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_each_failed_test_and_the_end_of_the_run_are_errors(printed: str) -> None:
    assert "3 failed, 5 passed, 4 errors" in printed, printed


def test_tasks_of_failed_tests_are_cancelled_and_named(printed: str) -> None:
    assert printed.count("ERROR") >= printed.count("Cancelled what the failed test left running") >= 3


def test_a_task_that_keeps_the_loop_busy_is_named_at_the_end(printed: str) -> None:
    assert "A test has left what goes on and on" in printed
    assert "go_on_and_on" in printed
    assert "Event.wait" not in printed


def test_garbage_that_calls_back_once_is_not_busy(printed: str) -> None:
    assert "Called back." in printed
    assert "called_back" not in printed


def test_an_error_that_nothing_reads_is_named_at_the_end(printed: str) -> None:
    assert "Nothing has read an error: message 'Task exception was never retrieved'" in printed
    assert "LookupError" in printed
    assert "test_leaving.py:" in printed
