"""`python -m benchmarks.request_bytecodes [W1 W2 …]`: bytecodes of Python per request of the workloads, on SQLite.

They are the same on any machine, however busy it is, but for the few requests that come when something is looked at
each second.
"""

import asyncio
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from benchmarks.bytecodes import opcodes
from benchmarks.profile import application, ask_all, set_environment
from benchmarks.workloads import WORKLOADS, Workload

_WARM_UP, _REQUESTS = 100, 30


def main() -> None:
    """Print the bytecodes of each workload, or of those of the arguments."""
    set_environment()
    for workload in WORKLOADS:
        if workload.name in sys.argv[1:] or not sys.argv[1:]:
            print(f"{workload.name}: {asyncio.run(_counted(workload)):,.0f}", flush=True)


async def _counted(workload: Workload) -> float:
    """Return the bytecodes per request."""
    bodies = workload.bodies()
    ran, taken = opcodes()

    def entered(frame: FrameType, _event: str, _argument: object) -> Callable[..., Any]:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return ran

    async with application() as app:
        await ask_all(app, bodies[:_WARM_UP])
        taken()
        sys.settrace(entered)
        try:
            await ask_all(app, bodies[_WARM_UP : _WARM_UP + _REQUESTS])
        finally:
            sys.settrace(None)
    return taken() / _REQUESTS


if __name__ == "__main__":
    main()
