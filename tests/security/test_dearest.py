"""No accepted document takes more of the processor than the limits and its points promise, however it is made."""

import os
from collections.abc import Callable
from itertools import count
from random import Random
from statistics import median

import httpx
import pytest

from tests.security.dear_documents import DEAR, SWITCHES
from tests.security.generator import Generator, Measured, Spent, climbed, points
from tests.security.harness import TRIES, Target, pace

SECONDS_MAX = 0.5
"""Maximum processor time of an accepted document, on a processor of the usual pace."""

RATIO_MAX = 5
"""Maximum processor time of a document, in parts of what its points say."""

ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "75"))
KEPT = 4
"""Number of the dearest documents that are measured again, by seconds and by seconds for each point."""

SEED = int(os.environ.get("ATTACK_SEED", "20261127"))

USUAL = (
    "{ clients(first: 20) { totalCount nodes { id name cnpj city state status } } }",
    "{ activations(first: 50) { totalCount nodes { id status client { name } product { name } } } }",
    "{ clients(first: 50) { nodes { id activations(first: 10) { nodes { id product { name } } } } } }",
    "{ orders(first: 20) { nodes { number status items { quantity product { name } } } } }",
    "{ events(last: 50) { nodes { number type message actor { name } } } }",
)
"""Pages of an honest client: what a point of these takes is what a point says."""

BARE = "{ __typename }"
"""Document that reads nothing."""

Spend = Callable[[str], Spent | None]


@pytest.fixture
def spend(workhorse: Target, http: httpx.Client) -> Spend:
    """Measure of a document: sends it as a new one, and then twice more."""
    headers = {"Authorization": f"Bearer {workhorse.attacker}"}
    sent = count()

    def seconds_of(query: str) -> float | None:
        number = next(sent)
        # Other values each time, for which it has to be planned anew.
        variables = {each: bool(number >> index & 1) for index, each in enumerate(SWITCHES) if f"${each}:" in query}
        given = {"query": query, "variables": variables}
        before = workhorse.cpu()
        answer = http.post(f"{workhorse.url}/graphql", json=given, headers=headers)
        taken = workhorse.cpu() - before
        assert answer.status_code == httpx.codes.OK
        return taken if "errors" not in answer.json() else None

    def spent_on(document: str) -> Spent | None:
        # Another text each time, which has to be parsed and validated too.
        query = f"{document} # {next(sent)}"
        first, *again = (seconds_of(query) for _ in range(3))
        found = [each for each in again if each is not None]
        return None if first is None or not found else Spent(first, min(found))

    return spent_on


def seconds_of_a_point(spend: Spend) -> float:
    """Return what a point of the usual pages takes."""
    return median(least(spend, document, TRIES).spent.again / (points(document) or 1) for document in USUAL)


def least(spend: Spend, document: str, times: int) -> Measured:
    """Return the least of several measurements: garbage, or a task beside the request, makes one long, and no other."""
    found = [spent for _ in range(times) if (spent := spend(document)) is not None]
    spent = Spent(min(each.first for each in found), min(each.again for each in found))
    return Measured(document, points(document) or 1, spent)


def keeps_to_its_points(spend: Spend, document: str) -> tuple[float, Measured]:
    """Return how many times a document takes what its points say; it is measured anew while that is too much.

    What a request takes by itself is taken off: it is all that there is to a document of a few points.
    """
    found = least(spend, document, TRIES)
    for _ in range(TRIES):
        beyond = max(0.0, found.spent.again - least(spend, BARE, TRIES).spent.again)
        ratio = beyond / found.points / seconds_of_a_point(spend)
        if ratio <= RATIO_MAX:
            break
        found = least(spend, document, TRIES)
    return ratio, found


def ids_of(workhorse: Target, http: httpx.Client) -> list[str]:
    """Return the ids of some objects that the attacker can read."""
    lists = ("clients", "activations", "orders")
    query = f"{{ {' '.join(f'{each}(first: 2) {{ nodes {{ id }} }}' for each in lists)} products {{ id }} }}"
    headers = {"Authorization": f"Bearer {workhorse.attacker}"}
    data = http.post(f"{workhorse.url}/graphql", json={"query": query}, headers=headers).json()["data"]
    return [each["id"] for name in lists for each in data[name]["nodes"]] + [
        each["id"] for each in data["products"][:2]
    ]


def test_the_dearest_documents_of_a_climb_keep_to_their_points(
    workhorse: Target, http: httpx.Client, spend: Spend
) -> None:
    generator = Generator(Random(SEED), ids_of(workhorse, http))  # noqa: S311 — it has to be repeatable.
    found = climbed(generator, ROUNDS, spend)

    assert found
    by_seconds = sorted(found, key=lambda each: each.spent.first, reverse=True)[:KEPT]
    by_points = sorted(found, key=lambda each: each.per_point, reverse=True)[:KEPT]
    measured = [keeps_to_its_points(spend, each.document) for each in {*by_seconds, *by_points}]
    print(f"{len(found)} of {ROUNDS} documents accepted, seed {SEED}, pace {pace():.1f}")  # noqa: T201
    for ratio, each in measured:
        again, first = (
            f"{each.points} points, {each.spent.again:.4f} s",
            f"{each.new_points} and {each.spent.first:.4f} s",
        )
        print(f"{ratio:.1f} times its points: {again}, new {first}: {each.document[:120]} …")  # noqa: T201
    assert max(each.spent.first for _, each in measured) < SECONDS_MAX * pace()
    assert [(ratio, each) for ratio, each in measured if ratio > RATIO_MAX] == []


@pytest.mark.parametrize("name", DEAR)
def test_documents_that_took_too_much_keep_to_their_points(spend: Spend, name: str) -> None:
    ratio, each = keeps_to_its_points(spend, DEAR[name])

    assert ratio <= RATIO_MAX, each.spent
    assert each.spent.first < SECONDS_MAX * pace()
