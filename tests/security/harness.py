"""Server to attack: a process of its own, its memory and work, and a neighbour that uses it meanwhile."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests import plain
from tests.api import Json
from tests.e2e import data
from tests.e2e.processes import portal, serving
from tests.security.counted import COUNTED, Counts

WORK_MAX = 4_000_000
"""Maximum bytecodes of a refusal, and of one iteration of the loop: about 0.05 s of a processor of the usual pace.

The dearest refusal takes three quarters of it, with the same figure on any machine but for a thousandth.
"""

MEMORY_MAX = 224 * 1024 * 1024
"""Maximum peak memory of the process in bytes."""

NEIGHBOUR = "{ clients(first: 5) { nodes { id name } } }"

METRICS_TOKEN = "metrics-of-the-attacked-server"


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

    def peak_memory(self) -> int:
        """Return the peak memory of the process, in bytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def answers_others_meanwhile(self, attack: Callable[[], object]) -> None:
        """Attack five times, and fail if the neighbour is not answered meanwhile, or the process takes much memory."""
        with self.neighbour_asks() as answers:
            for _ in range(5):
                attack()
        assert answers
        assert self.peak_memory() < MEMORY_MAX

    @contextmanager
    def neighbour_asks(self) -> Iterator[list[int]]:
        """Request /healthz and the neighbour's page repeatedly, and collect the statuses of the answers."""
        answers: list[int] = []
        done, begun = threading.Event(), threading.Event()
        failed: list[Exception] = []

        def ask() -> None:
            headers = {"Authorization": f"Bearer {self.neighbour}"}
            try:
                with plain.Client(base_url=self.url, headers=headers, timeout=30) as http:
                    while not done.is_set():
                        http.get("/healthz").raise_for_status()
                        answer = http.post("/graphql", json={"query": NEIGHBOUR}).raise_for_status()
                        assert "errors" not in answer.json()
                        answers.append(answer.status_code)
                        begun.set()
            except Exception as error:  # noqa: BLE001 — it fails the test.
                failed.append(error)
                begun.set()

        asking = threading.Thread(target=ask)
        asking.start()
        begun.wait(60)
        try:
            yield answers
        finally:
            done.set()
            asking.join()
        assert not failed, failed


class CountedTarget(Target):
    """Server whose work is counted."""

    def __init__(self, counts: Counts, of: Target) -> None:
        """Take the counts of the process."""
        super().__init__(of.url, of.pid, of.log, attacker=of.attacker, neighbour=of.neighbour)
        self._counts = counts

    @contextmanager
    def takes_little(self, most: int = WORK_MAX, *, in_all: bool = True) -> Iterator[None]:
        """Fail if the server takes much work within the block, unless only an iteration of its loop matters."""
        before = self._work()
        self._counts.begin()
        yield
        taken, longest = self._work() - before, self._counts.longest
        print(f"{taken:,} bytecodes, {longest:,} in one iteration")  # noqa: T201
        assert longest < most
        assert taken < most or not in_all

    def refuses_for_little(self, http: httpx.Client, attack: Attack) -> None:
        """Fail if refusing the attack takes too much work."""
        with self.takes_little():
            error = self.attack(http, attack)
        assert error["extensions"]["code"] == attack.code

    def _work(self) -> int:
        # The iteration that sent an answer has ended when a later one answers this.
        plain.get(f"{self.url}/healthz", timeout=60).raise_for_status()
        return self._counts.all


def target(directory: Path, **settings: str) -> AbstractContextManager[Target]:
    """Yield a server of two partners' demo data, in a directory of its own."""
    return _serving(directory, settings, program=True)


def forked_target(directory: Path) -> AbstractContextManager[Target]:
    """Yield such a server that is forked: its memory says nothing, as it begins with that of another process."""
    return _serving(directory, {}, program=False)


@contextmanager
def _serving(directory: Path, settings: Mapping[str, str], *, program: bool | str) -> Iterator[Target]:
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
    with serving(environment | dict(settings), directory / "log", program=program) as (url, process):
        yield Target(url, process.pid, directory / "log", attacker=tokens[0], neighbour=tokens[1])


@contextmanager
def counted_target(directory: Path, **settings: str) -> Iterator[CountedTarget]:
    """Yield such a server whose work is counted, and which has answered both partners before."""
    file = directory / "counts"
    counts = Counts(file)
    with _serving(directory, {"COUNTS": str(file), **settings}, program=COUNTED) as found:
        for token in (found.attacker, found.neighbour):
            headers = {"Authorization": f"Bearer {token}"}
            plain.post(f"{found.url}/graphql", json={"query": NEIGHBOUR}, headers=headers).raise_for_status()
        yield CountedTarget(counts, found)
