"""Documents that are all different take no more memory than the cache allows, and repeated ones are found there."""

import os
from pathlib import Path

import httpx

from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import Documents
from tests.security.harness import Target

NUMBER = int(os.environ.get("ATTACK_DOCUMENTS", "600"))
GROWTH_MAX = 16 * 1024 * 1024
"""Maximum growth of the process by documents beyond those that fill the cache, in bytes."""

SHORT = (
    "{{ clients(first: 1) {{ nodes {{ a{0}: name b{0}: city }} }} orders(first: 1) {{ nodes {{ c{0}: number }} }} }}"
)
PADDED = SHORT + " # " + "x" * 2_000
"""A document of 2 KB, of which fifty fill the cache."""


def resident(target: Target) -> int:
    """Return the memory of the process in bytes."""
    lines = Path(f"/proc/{target.pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def test_memory_is_flat_however_many_documents_come(workhorse: Target, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {workhorse.attacker}"}
    sizes = []

    for number in range(NUMBER):
        pattern = PADDED if number % 2 else SHORT
        answer = http.post(f"{workhorse.url}/graphql", json={"query": pattern.format(number)}, headers=headers)
        assert "errors" not in answer.json()
        if number in {NUMBER // 2, NUMBER - 1}:
            sizes.append(resident(workhorse))

    half, whole = sizes
    print(f"{NUMBER} documents: {half / 2**20:.1f} MB after half of them, {whole / 2**20:.1f} MB at the end")  # noqa: T201
    assert whole - half < GROWTH_MAX


def test_the_cache_has_nearly_all_repeated_documents() -> None:
    documents = Documents(GRAPHQL_SCHEMA)

    for _ in range(12):
        for number in range(60):
            assert documents.get(SHORT.format(number)).errors == ()

    assert documents.hits / (documents.hits + documents.misses) > 0.9
