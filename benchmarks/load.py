"""Load generator: its arguments and its results."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks import data
from benchmarks.paths import HERE
from benchmarks.processes import FailedError, Server


@dataclass(frozen=True, slots=True)
class Load:
    """Result of a number of seconds of requests; latencies are in milliseconds."""

    rps: float
    p50: float
    p99: float
    work: float
    """Milliseconds of the server's work per request, independent of the machine's load."""
    faults: int
    requests: int


def load(server: Server, bodies: Path, *, connections: int, seconds: int, begin: int) -> Load:
    """Keep this number of connections busy, starting at that line of the bodies."""
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s", "--timeout=30s"]
    command += ["--script", str(HERE / "wrk.lua"), server.url, "--", str(bodies), str(begin), data.SECRET]
    worked = server.worked()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    worked = server.worked() - worked
    if done.returncode != 0:
        message = f"wrk failed: {done.stderr or done.stdout}"
        raise FailedError(message)
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Load(
        rps=said["requests"] / said["microseconds"] * 1_000_000,
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
        work=worked * 1000 / max(said["requests"], 1),
        faults=said["faults"],
        requests=said["requests"],
    )
