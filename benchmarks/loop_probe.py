"""Probe of an event loop: the processor time of its iterations, and what ran in the long ones.

Processor time of the loop's thread, and not time, since other processes of a machine must not count. The probe keeps
the loop from sleeping: it has a callback ready at all times.
"""

import asyncio
import gc
import signal
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from types import FrameType
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OTHER = b"other"
"""Value of X-Request-Id by which the requests of the other partner are known."""

_BOUNDS_MS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 12.0)
_LONG_MS = 2.5
_BUSY_MS = 0.1
_SAMPLE_SECONDS = 0.0005
_DEPTH = 5
_CAUSES_MAX = 25
_LONGEST = 12
_PARTS = 4


class _Other(NamedTuple):
    """Request of the other partner: busy iterations of the loop and its processor time until the answer."""

    iterations: int
    milliseconds: float


class Probe:
    """Probe of the loop of a server."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._stopped = False
        self.begin()

    def begin(self) -> None:
        """Forget what was measured so far."""
        self.iterations = 0
        self.others: list[_Other] = []
        self._histogram = [0] * (len(_BOUNDS_MS) + 1)
        self._causes: defaultdict[str, list[float]] = defaultdict(list)
        self._longest: list[tuple[float, Mapping[str, float]]] = []
        self._began = self._seen = time.thread_time()
        self._within: defaultdict[str, float] = defaultdict(float)
        self._collecting = 0.0

    def start(self) -> None:
        """Measure the running loop until the process ends."""
        self.begin()
        gc.callbacks.append(self._collected)
        signal.signal(signal.SIGALRM, self._sampled)
        signal.setitimer(signal.ITIMER_REAL, _SAMPLE_SECONDS, _SAMPLE_SECONDS)
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._iterated)

    def stop(self) -> None:
        """Measure no more."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._stopped = True

    def lines(self) -> list[str]:
        """Return the report."""
        bounds = [f"≤{bound}" for bound in _BOUNDS_MS] + [f">{_BOUNDS_MS[-1]}"]
        numbers = [f"{bound}: {number}" for bound, number in zip(bounds, self._histogram, strict=True)]
        lines = [f"  iterations by milliseconds of processor time: {', '.join(numbers)}"]
        if self.others:
            by_time, by_iterations = (
                sorted(each.milliseconds for each in self.others),
                sorted(each.iterations for each in self.others),
            )
            at = min(len(by_time) - 1, len(by_time) * 99 // 100)
            middle = len(by_time) // 2
            lines.append(
                f"  {len(by_time)} W2: iterations p50 {by_iterations[middle]}, p99 {by_iterations[at]}; "
                f"processor time p50 {by_time[middle]:.1f}, p99 {by_time[at]:.1f}, max {by_time[-1]:.1f} ms"
            )
        causes = sorted(self._causes.items(), key=lambda each: -sum(each[1]))[:_CAUSES_MAX]
        for cause, parts in causes:
            lines.append(f"  {sum(parts):7.1f} ms in {len(parts):4} long ones, at most {max(parts):4.1f}: {cause}")
        for taken, within in reversed(self._longest):
            lines.append(f"  one of {taken:.1f} ms:")
            most = sorted(within.items(), key=_second)[-_PARTS:]
            lines += [f"    {seconds * 1000:7.1f} ms: {cause}" for cause, seconds in reversed(most)]
        return lines

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Return the application, whose requests of the other partner are measured."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                self.start()
                try:
                    await app(scope, receive, send)
                finally:
                    self.stop()
                return
            if (b"x-request-id", OTHER) not in scope["headers"]:
                await app(scope, receive, send)
                return
            iterations, began = self.iterations, time.thread_time()

            async def sending(message: Message) -> None:
                await send(message)
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    taken = (time.thread_time() - began) * 1000
                    self.others.append(_Other(self.iterations - iterations, taken))

            await app(scope, receive, sending)

        return wrapped

    def _iterated(self) -> None:
        if self._stopped:
            return
        now = time.thread_time()
        taken = (now - self._began) * 1000
        # Most iterations are the probe's own.
        self.iterations += taken > _BUSY_MS
        self._histogram[bisect_left(_BOUNDS_MS, taken)] += 1
        # A signal may come at any time, and adds to the new one.
        within, self._within = self._within, defaultdict(float)
        if taken > _LONG_MS:
            within["the rest, outside of Python"] += now - self._seen
            for cause, seconds in within.items():
                self._causes[cause].append(seconds * 1000)
            self._longest = sorted([*self._longest, (taken, within)], key=_taken)[-_LONGEST:]
        self._loop.call_soon(self._iterated)
        self._began = self._seen = time.thread_time()

    def _sampled(self, _signal: int, frame: FrameType | None) -> None:
        """Add the time since the last sample to what runs: a function of C has returned just before."""
        now = time.thread_time()
        if now - self._seen < _SAMPLE_SECONDS / 2 or frame is None:
            return
        names: list[str] = []
        while frame is not None and len(names) < _DEPTH:
            code = frame.f_code
            names.append(f"{code.co_filename.rpartition('/')[2]}:{frame.f_lineno} {code.co_name}")
            frame = frame.f_back
        self._within[" < ".join(names)] += now - self._seen
        self._seen = now

    def _collected(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._collecting = time.thread_time()
        else:
            now = time.thread_time()
            self._within[f"collection of generation {info['generation']}"] += now - self._collecting
            self._seen += now - self._collecting


def _taken(iteration: tuple[float, Mapping[str, float]]) -> float:
    return iteration[0]


def _second(part: tuple[str, float]) -> float:
    return part[1]


def main() -> None:
    """Serve with a probe, and write its report when the server ends; SIGUSR1 begins anew."""
    import server.app  # noqa: PLC0415 — the program that is measured.
    from server.cli import app as program  # noqa: PLC0415

    probe, create = Probe(), server.app.create
    vars(server.app)["create"] = lambda: probe.wrap(create())
    signal.signal(signal.SIGUSR1, lambda *_: probe.begin())
    try:
        program()
    finally:
        print(*probe.lines(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
