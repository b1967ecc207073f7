"""Server to attack: a process of its own, its processor time and memory, and a neighbour that uses it meanwhile."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests import plain
from tests.api import Json
from tests.e2e import data
from tests.e2e.processes import portal, serving

CPU_MAX = 0.05
"""Maximum processor time of a refusal in seconds, on a processor of the usual pace."""

WAIT_MAX = 0.1
"""Maximum time of the server's processor that a neighbour waits for an answer, in seconds."""

MEMORY_MAX = 224 * 1024 * 1024
"""Maximum peak memory of the process in bytes."""

TRIES = 5
"""A busy machine makes one measurement long; the server's own time is the shortest of several."""

NEIGHBOUR = "{ clients(first: 5) { nodes { id name } } }"

METRICS_TOKEN = "metrics-of-the-attacked-server"

_USUAL = 0.016
"""Seconds that a processor of the usual pace takes for the loop below."""


def pace() -> float:
    """Return how many times as long as usual this machine now takes for the same work; at least 1.

    Processor time also grows if others use the same core and its caches.
    """
    taken = []
    for _ in range(5):
        before = time.process_time()
        sum(number * number for number in range(300_000))
        taken.append(time.process_time() - before)
    return max(1.0, min(taken) / _USUAL)


class Attack(NamedTuple):
    """Request that exceeds a limit. `text` differs for each attempt, so that it is not cached."""

    name: str
    text: str
    variables: Mapping[str, Any] = {}
    code: str = "COST_EXCEEDED"
    has_token: bool = True

    def body(self, number: int) -> bytes:
        """Return the body of a request."""
        # Names with a number differ each time, too.
        text = self.text.replace("NUMBER", str(number))
        return json.dumps({"query": f"{text} # {number}", "variables": self.variables}).encode()


class Target:
    """Server process, an attacker of one partner, and a neighbour of another."""

    def __init__(self, url: str, pid: int, log: Path, *, attacker: str, neighbour: str) -> None:
        """Take the process, the file of its log, and two tokens."""
        self.url, self.pid, self.log = url, pid, log
        self.attacker, self.neighbour = attacker, neighbour
        self._sent = 0

    @property
    def port(self) -> int:
        """Return the port of the server."""
        return int(self.url.rpartition(":")[2])

    def attack(self, http: httpx.Client, attack: Attack) -> Json:
        """Send the attack, and return the first error of the answer, which has errors only."""
        self._sent += 1
        headers = {"Content-Type": "application/json"}
        if attack.has_token:
            headers["Authorization"] = f"Bearer {self.attacker}"
        answer = http.post(f"{self.url}/graphql", content=attack.body(self._sent), headers=headers).json()
        assert answer.keys() == {"errors"}
        return answer["errors"][0]

    def cpu(self) -> float:
        """Return the seconds of processor time that all threads of the process have taken."""
        # The clock of another process, as clock_getcpuclockid(3) makes its id of a pid.
        return time.clock_gettime((~self.pid << 3) | 2)

    def peak_memory(self) -> int:
        """Return the peak memory of the process, in bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def refuses_for_little(self, http: httpx.Client, attack: Attack) -> None:
        """Fail if refusing the attack takes too much processor time or memory."""
        taken = []
        for _ in range(TRIES):
            before = self.cpu()
            error = self.attack(http, attack)
            taken.append(self.cpu() - before)
            assert error["extensions"]["code"] == attack.code
        assert min(taken) < CPU_MAX * pace(), taken
        assert self.peak_memory() < MEMORY_MAX

    def answers_others_meanwhile(self, attack: Callable[[], object]) -> None:
        """Fail if the neighbour waits too long during five attacks, however often they are tried."""
        worst: list[float] = []
        while not worst or worst[-1] >= WAIT_MAX * pace():
            assert len(worst) < TRIES, worst
            with self.neighbour_waits() as waits:
                for _ in range(5):
                    attack()
            worst.append(max(waits))

    @contextmanager
    def neighbour_waits(self) -> Iterator[list[float]]:
        """Request /healthz and the neighbour's page repeatedly, and collect the server's processor time per answer.

        It is the processor time between a request and its answer, including work for others: the time on the clock of
        an otherwise idle machine.
        """
        waits: list[float] = []
        done, begun = threading.Event(), threading.Event()

        def ask() -> None:
            headers = {"Authorization": f"Bearer {self.neighbour}"}
            with plain.Client(base_url=self.url, headers=headers, timeout=30) as http:
                while not done.is_set():
                    for path, given in (("/healthz", None), ("/graphql", {"query": NEIGHBOUR})):
                        before = self.cpu()
                        answer = http.get(path) if given is None else http.post(path, json=given)
                        waits.append(self.cpu() - before)
                        answer.raise_for_status()
                        assert given is None or "errors" not in answer.json()
                        begun.set()

        asking = threading.Thread(target=ask)
        asking.start()
        begun.wait(60)
        try:
            yield waits
        finally:
            done.set()
            asking.join()


@contextmanager
def target(directory: Path, **settings: str) -> Iterator[Target]:
    """Yield a server of two partners' demo data, in a directory of its own."""
    environment = data.demonstration(
        directory,
        LOG_LEVEL="WARNING",
        METRICS_TOKEN=METRICS_TOKEN,
        # What one attack costs is measured here, however many came before.
        **dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER", "RATE_LIMIT_VENDOR"), "0"),
    )
    tokens = [
        portal(environment, "create-token", "--email", f"gerente@{name}.example", "--permissions", "all").strip()
        for name in ("alfa", "beta")
    ]
    with serving(environment | settings, directory / "log", program=True) as (url, process):
        yield Target(url, process.pid, directory / "log", attacker=tokens[0], neighbour=tokens[1])
