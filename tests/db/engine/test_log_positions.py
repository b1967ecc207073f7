"""Position in the log of a server that can't be reached."""

import asyncio
import gc
from pathlib import Path
from weakref import ref

import pytest
import sqlalchemy as sa

from db.engine.log_positions import FAILING, WRITTEN, Position


class Request:
    """Object of a caller."""

    is_refused = False


async def ask(position: Position, request: Request) -> None:
    with pytest.raises(FAILING):
        await position.ask()
    request.is_refused = True


async def test_a_question_that_failed_keeps_nothing_of_its_caller(tmp_path: Path) -> None:
    position = Position(sa.make_url(f"postgresql+asyncpg://user@/portal?host={tmp_path}"), WRITTEN)
    request = Request()
    of_request = ref(request)

    await ask(position, request)
    del request

    # The loop holds the future by which it woke this task until the task waits again.
    await asyncio.sleep(0)
    gc.collect()
    assert of_request() is None
    await position.close()
