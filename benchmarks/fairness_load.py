"""Load of `benchmarks.fairness`, in a process of its own: the same query on many connections, until SIGTERM.

It is a machine of its own in reality, so it gets only the processor time that the measured programs leave.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress

import httpx

_LONGEST_WAIT_SECONDS = 1.0


async def _run(address: str, token: str, connections: int, query: str) -> list[int]:
    """Ask on each connection, wait as long as a refusal says, but not long, and return the statuses of the answers."""
    statuses: list[int] = []
    limits = httpx.Limits(max_connections=connections)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=300) as http:

        async def ask() -> None:
            while True:
                answer = await http.post("/graphql", json={"query": query})
                statuses.append(answer.status_code)
                if not answer.is_success:
                    await asyncio.sleep(min(_LONGEST_WAIT_SECONDS, float(answer.headers.get("Retry-After", 1))))

        asking = asyncio.gather(*(ask() for _ in range(connections)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asking.cancel)
        with suppress(asyncio.CancelledError):
            await asking
    return statuses


if __name__ == "__main__":
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    address, token, connections, query = sys.argv[1:]
    print(*asyncio.run(_run(address, token, int(connections), query)))
