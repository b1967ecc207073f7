"""SIGTERM and SIGHUP while a command has files that must not stay."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let both signals interrupt a command as Ctrl-C does, so that it removes its drafts; exit with 128 + signal."""
    # A program that is started by nohup ignores SIGHUP.
    handled = [each for each in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_DFL]
    if not handled or threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        # Some send both signals, one after the other: the second one must not end the removal.
        if received:
            return
        received.append(number)
        # asyncio has a handler of its own, which cancels the running task.
        on_ctrl_c = signal.getsignal(signal.SIGINT)
        if not callable(on_ctrl_c):
            raise KeyboardInterrupt
        on_ctrl_c(number, frame)

    for each in handled:
        signal.signal(each, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if not received:
            raise
        typer.secho(f"Ended by {signal.Signals(received[0]).name}.", err=True, fg=typer.colors.RED)
        raise typer.Exit(128 + received[0]) from None
    finally:
        for each in handled:
            signal.signal(each, signal.SIG_DFL)
