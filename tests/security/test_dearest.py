"""No accepted document takes more work than the limits and its points promise, however it is made.

The work is counted: the same seed finds the same documents with the same figures on any machine.
"""

import os
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

import pytest

from benchmarks.work import BYTECODES_OF_A_SECOND, Worker, working
from tests.e2e import data
from tests.e2e.processes import portal
from tests.security.dear_documents import DEAR, SWITCHES
from tests.security.generator import Generator, Measured, Spent, climbed, points

WORK_MAX = BYTECODES_OF_A_SECOND // 2
"""Maximum work of an accepted document: half a second of a processor of the usual pace."""

RATIO_MAX = 5
"""Maximum work of a document, in parts of what its points say."""

ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "40"))
SHOWN = 4
"""Number of the dearest documents that are printed, by work and by work for each point."""

SEED = int(os.environ.get("ATTACK_SEED", "20261127"))

POINT = BYTECODES_OF_A_SECOND // 10_000
"""Work of a point, which is about 0.1 ms of the processor (docs/api/limits.md)."""

BARE = "{ __typename }"
"""Document that reads nothing."""

Spend = Callable[[str], Spent | None]


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Process that counts what requests of a partner's manager take."""
    limits = dict.fromkeys(("RATE_LIMIT_ADDRESS", "RATE_LIMIT_PARTNER", "RATE_LIMIT_VENDOR"), "0")
    environment = data.migrated(tmp_path_factory.mktemp("counted"), DEMO="true", **limits)
    # SQLite reads the whole of a table of a few dozen rows where it would use an index of any other.
    portal(environment, "demo", "--clients", "600", "--activations", "1800", "--orders", "300")
    token = portal(environment, "create-token", "--email", "gerente@alfa.example", "--permissions", "all").strip()
    with working(environment, token) as found:
        yield found


@pytest.fixture(scope="module")
def spend(worker: Worker) -> Spend:
    """Measure of a document: counts it as a new one, and when it was sent before."""
    sent = count()

    def asked(query: str, *, counted: bool) -> int | None:
        number = next(sent)
        # Other values each time, for which it has to be planned anew.
        variables = {each: bool(number >> index & 1) for index, each in enumerate(SWITCHES) if f"${each}:" in query}
        found = worker.ask(query, variables, counted=counted)
        return None if "errors" in found.response else found.work.sum

    def spent_on(document: str) -> Spent | None:
        # A statement is compiled once in a process, by the first request that needs it.
        if asked(document, counted=False) is None:
            return None
        # Another text, which has to be parsed and validated too.
        query = f"{document} # {next(sent)}"
        first = asked(query, counted=True)
        asked(query, counted=False)
        again = asked(query, counted=True)
        assert first is not None
        assert again is not None
        return Spent(first, again)

    return spent_on


@pytest.fixture(scope="module")
def ratio(spend: Spend) -> Callable[[Measured], float]:
    """Measure of how many times a document takes what its points say.

    What a request takes by itself is taken off: it is all that there is to a document of a few points.
    """
    bare = spend(BARE)
    assert bare is not None
    return lambda each: max(0, each.spent.again - bare.again) / each.points / POINT


def ids_of(worker: Worker) -> list[str]:
    """Return the ids of some objects that the attacker can read."""
    lists = ("clients", "activations", "orders")
    query = f"{{ {' '.join(f'{each}(first: 2) {{ nodes {{ id }} }}' for each in lists)} products {{ id }} }}"
    found = worker.ask(query, counted=False).response["data"]
    return [each["id"] for name in lists for each in found[name]["nodes"]] + [
        each["id"] for each in found["products"][:2]
    ]


@pytest.mark.timeout(1_800)
def test_the_dearest_documents_of_a_climb_keep_to_their_points(
    worker: Worker, spend: Spend, ratio: Callable[[Measured], float]
) -> None:
    generator = Generator(Random(SEED), ids_of(worker))  # noqa: S311 — it has to be repeatable.
    found = climbed(generator, ROUNDS, spend)

    assert found
    print(f"{len(found)} of {ROUNDS} documents accepted, seed {SEED}")  # noqa: T201
    by_work = sorted(found, key=lambda each: each.spent.first, reverse=True)
    by_ratio = sorted(found, key=ratio, reverse=True)
    for each in dict.fromkeys([*by_work[:SHOWN], *by_ratio[:SHOWN]]):
        again, first = (
            f"{each.points} points, {each.spent.again:,} bytecodes",
            f"{each.new_points} and {each.spent.first:,}",
        )
        print(f"{ratio(each):.2f} times its points: {again}, new {first}: {each.document[:120]} …")  # noqa: T201
    assert by_work[0].spent.first <= WORK_MAX
    assert [(ratio(each), each) for each in by_ratio if ratio(each) > RATIO_MAX] == []


@pytest.mark.parametrize("name", DEAR)
def test_documents_that_took_too_much_keep_to_their_points(
    spend: Spend, ratio: Callable[[Measured], float], name: str
) -> None:
    spent = spend(DEAR[name])

    assert spent is not None
    assert ratio(Measured(DEAR[name], points(DEAR[name]) or 1, spent)) <= RATIO_MAX, spent
    assert spent.first <= WORK_MAX
