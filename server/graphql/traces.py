"""Unexpected errors for the log: types and frames, but no messages, which may hold values."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any

_DEEPEST = 50
"""Maximum number of logged frames of an error, the innermost ones."""


def frames(error: BaseException) -> list[str]:
    """Return the frames of the error (module, line and function), the innermost last."""
    return list(_frames(error.__traceback__))[-_DEEPEST:]


def described(error: BaseException) -> list[dict[str, Any]]:
    """Return the types and frames of the error and its causes."""
    chain: list[dict[str, Any]] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        chain.append({"type": f"{type(current).__module__}.{type(current).__qualname__}", "frames": frames(current)})
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.append(current.__cause__ or (None if current.__suppress_context__ else current.__context__))
    return chain


def _frames(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield f"{traceback.tb_frame.f_globals.get('__name__', '?')}:{traceback.tb_lineno} {code.co_qualname}"
        traceback = traceback.tb_next
