"""`python -m benchmarks.idle_subscribers`: what requests take while subscribers of the process wait for events.

Half of the subscribers use Server-Sent Events, half a WebSocket. They are of other partners than the requests, so that
nothing happens for them. The rounds with and without them take turns in one process, and each figure is the server's
processor time for a request, which includes what the subscribers cost meanwhile.
"""

import argparse
import asyncio
from collections.abc import Sequence
from itertools import islice
from statistics import median

from benchmarks import installation
from benchmarks.contenders import FOLLOWED, Start
from benchmarks.load import load
from benchmarks.paths import CACHE
from benchmarks.processes import Server, free_port, fresh_database, running, stay_off_the_servers_core
from benchmarks.streams import Deliveries, SocketSubscriber, Subscriber
from benchmarks.subscribers import PARTNERS, opened, prepare, unlimited
from benchmarks.workloads import WORKLOADS, Workload

_SETTLING_SECONDS = 2.0
_WARM_UP_SECONDS = 2
_CONNECTIONS = 16
_DURABILITY = "FULL"


async def _measure(server: Server, workloads: Sequence[Workload], subscribers: int, rounds: int, seconds: int) -> None:
    for workload in workloads:
        without, beside = await _rounds(server, workload, subscribers, rounds, seconds)
        alone, together = median(without), median(beside)
        print(
            f"{workload.name:3} {alone:6.3f} ms of work a request, {together:6.3f} beside {subscribers} subscribers: "
            f"{together / alone:.3f} times as much",
            flush=True,
        )


async def _rounds(
    server: Server, workload: Workload, subscribers: int, rounds: int, seconds: int
) -> tuple[list[float], list[float]]:
    bodies, begin = workload.write_bodies(CACHE / "run" / "bodies"), 0
    found: dict[bool, list[float]] = {False: [], True: []}

    async def once(*, is_followed: bool, seconds: int) -> float:
        nonlocal begin
        followers = await _followers(server, subscribers) if is_followed else []
        await asyncio.sleep(_SETTLING_SECONDS)
        begin += 137
        loaded = await asyncio.to_thread(
            load, server, bodies, connections=_CONNECTIONS, seconds=seconds, begin=begin % 2_000
        )
        for each in followers:
            each.close()
        return loaded.work

    await once(is_followed=False, seconds=_WARM_UP_SECONDS)
    for number in range(rounds):
        # What grows meanwhile, such as the orders, counts as often for both.
        for is_followed in (False, True) if number % 2 else (True, False):
            found[is_followed].append(await once(is_followed=is_followed, seconds=seconds))
    return found[False], found[True]


async def _followers(server: Server, count: int) -> list[Subscriber]:
    # The first partner is the one of the requests.
    places = list(islice((place for place in range(2 * count) if place % PARTNERS), count))
    deliveries = Deliveries()
    half = count // 2
    return [
        *await opened(server, Subscriber, places[:half], PARTNERS, deliveries),
        *await opened(server, SocketSubscriber, places[half:], PARTNERS, deliveries),
    ]


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle_subscribers", description=__doc__)
    known = {workload.name: workload for workload in WORKLOADS if workload.durability == _DURABILITY}
    parser.add_argument("workloads", nargs="*", default=list(known), help=f"some of {' '.join(known)}")
    parser.add_argument("--subscribers", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=5)
    given = parser.parse_args()
    if unknown := set(given.workloads) - set(known):
        parser.error(f"there is no workload {', '.join(sorted(unknown))}, only {' '.join(known)}")
    workloads = [known[name] for name in given.workloads]
    installation.check_tools()
    start = Start(fresh_database(), free_port(), _DURABILITY)
    prepare(start, PARTNERS)
    stay_off_the_servers_core()
    on_a_core = ("taskset", "--cpu-list", "0")
    with running(unlimited(FOLLOWED["ours-sse"]), start, under=on_a_core) as server:
        asyncio.run(_measure(server, workloads, given.subscribers, given.rounds, given.seconds))


if __name__ == "__main__":
    main()
