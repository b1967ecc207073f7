"""What tests leave in the loop that all of them share: it is ended or named, by hooks and a fixture of pytest."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

_TURNS = 100
"""Turns of the loop in which what ends has ended."""

_LOOP = pytest.StashKey[asyncio.AbstractEventLoop]()
_BEGUN = pytest.StashKey[set[asyncio.Task[object]]]()


@pytest.fixture(scope="session", autouse=True)
async def session_loop(pytestconfig: pytest.Config) -> AsyncIterator[None]:
    """Note the loop that all tests share. In the end it has no error that nothing reads.

    Nothing may keep it busy then: it would take time from each test.
    """
    pytestconfig.stash[_LOOP] = loop = asyncio.get_running_loop()
    lost: list[str] = []

    def keep(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "exception" in context:
            lost.append(_described(context))
        else:
            # A task that waits for ever, as those of some tests do, has no error.
            loop.default_exception_handler(context)

    loop.set_exception_handler(keep)
    yield
    # Coroutines that are garbage are closed first, as this may call back.
    gc.collect()
    busy = await _what_stays_busy(loop)
    gc.collect()
    problems = [f"Nothing has read an error: {each}" for each in lost]
    problems += [f"A test has left what goes on and on: {each}" for each in busy]
    assert not problems, "\n".join(problems)


async def _what_stays_busy(loop: asyncio.AbstractEventLoop) -> list[object]:
    """Return the tasks and callbacks because of which no turn of the loop has nothing to do."""
    ready = loop._ready  # type: ignore[attr-defined]  # noqa: SLF001 — no other attribute tells.
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        if not ready:
            break
    return [getattr(each._callback, "__self__", each) for each in ready]  # noqa: SLF001 — the task.


def _described(context: dict[str, Any]) -> str:
    """Return what asyncio says of an error.

    A garbage collection may call this function, and a whole traceback can't be made then: it would parse the source,
    and a parse of Python 3.11 that is interrupted by another one fails.
    """
    what = ", ".join(f"{name} {value!r}" for name, value in context.items())
    where = context["exception"].__traceback__
    while where is not None:
        what += f"\n    {where.tb_frame.f_code.co_filename}:{where.tb_lineno}"
        where = where.tb_next
    return what


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note which tasks a failed test has begun."""
    loop = item.config.stash[_LOOP]
    before = asyncio.all_tasks(loop)
    try:
        yield
    except BaseException:
        # That of pytest.fail, or of pytest.raises if nothing was raised, is no Exception.
        item.stash[_BEGUN] = asyncio.all_tasks(loop) - before
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Cancel the tasks that a failed test has left, whose statements the next tests would count, and name them."""
    try:
        yield
    finally:
        _cancel_left(item)


def _cancel_left(item: pytest.Item) -> None:
    loop = item.config.stash[_LOOP]
    left = {task for task in item.stash.get(_BEGUN, ()) if not task.done()}
    if left and not loop.is_closed():
        # What ends by itself, such as a transaction, is not cut off.
        _, left = loop.run_until_complete(asyncio.wait(left, timeout=1))
    if left and not loop.is_closed():
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.wait(left))
        pytest.fail(f"Cancelled what the failed test left running: {left}", pytrace=False)
