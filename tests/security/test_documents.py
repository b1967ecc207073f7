"""Documents that are all different take no more memory than the cache allows, and repeated ones are found there."""

import json
import os
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter

import httpx

from tests.security.harness import METRICS_TOKEN, Target

NUMBER = int(os.environ.get("ATTACK_DOCUMENTS", "600"))
GROWTH_MAX = 16 * 1024 * 1024
"""Maximum growth of the process by documents beyond those that fill the cache, in bytes."""

HITS_MIN = 0.9
"""Least part of the repeated documents that the cache has to have."""

REPEATED = [f"{{ clients(first: 1) {{ nodes {{ r{number}: name }} }} }}" for number in range(20)]
"""Documents of a page, of which one follows each different document."""

NAMES = ("id", "name", "city", "state", "cnpj", "status", "registeredAt", "tradeName")
PARTS = 10
"""Number of measurements of the memory."""


def different(number: int) -> str:
    """Return a document that no other number has; every second one is padded, so that fifty fill the cache."""
    # Preparing a document takes most of the time, the longer it is.
    names = {NAMES[number % len(NAMES)], NAMES[number // len(NAMES) % len(NAMES)]}
    values = " ".join(f"a{number}_{name}: {name}" for name in sorted(names))
    text = f"{{ clients(first: 1) {{ nodes {{ {values} }} }} }}"
    return f"{text} # {'x' * 2_000}" if number % 2 else text


def resident(target: Target) -> int:
    """Return the memory of the process in bytes."""
    lines = Path(f"/proc/{target.pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def hits(target: Target, http: httpx.Client) -> int:
    """Return the number of documents that the cache had."""
    page = http.get(f"{target.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    found = re.search(
        r'^portal_cache_hits_total\{cache="documents"\} ([\d.e+]+)$', page.raise_for_status().text, re.MULTILINE
    )
    return 0 if found is None else int(float(found[1]))


def test_memory_is_flat_and_repeated_documents_hit_the_cache(workhorse: Target, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {workhorse.attacker}", "Content-Type": "application/json"}
    before, sizes, began = hits(workhorse, http), list[int](), perf_counter()

    # The client of the other tests would take as long for a request as the server.
    with closing(HTTPConnection("127.0.0.1", workhorse.port, timeout=60)) as connection:
        for number in range(NUMBER):
            for text in (different(number), REPEATED[number % len(REPEATED)]):
                connection.request("POST", "/graphql", json.dumps({"query": text}), headers)
                assert b'"errors"' not in connection.getresponse().read()
            if (number + 1) % (NUMBER // PARTS) == 0:
                sizes.append(resident(workhorse))
                part = (hits(workhorse, http) - before) / (number + 1)
                print(  # noqa: T201 — progress of a long run.
                    f"{number + 1} different documents: {sizes[-1] / 2**20:.1f} MB; {part:.4f} of the repeated ones "
                    f"kept; {(perf_counter() - began) / (number + 1) * 1000:.1f} s for 1,000",
                    flush=True,
                )

    assert max(sizes[PARTS // 2 :]) - sizes[PARTS // 2 - 1] < GROWTH_MAX
    assert part > HITS_MIN
