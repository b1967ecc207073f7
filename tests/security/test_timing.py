"""How long an answer takes does not tell another partner's object from one that does not exist.

Samples of both are interleaved and ranked together. A test fails only on a large effect that shows again and again, so
that a busy machine makes none fail. `tests/schema/test_tenancy.py` tests that both run the same statements.
"""

from collections.abc import Callable, Iterator
from random import Random
from time import perf_counter

import httpx
import pytest

from resolvers import ids
from tests import plain
from tests.security.harness import Target

SAMPLES = 40
EFFECT = 0.8
"""Probability that a sample of one kind is longer than one of the other; 0.5 if there is no difference.

By chance, it is so far from 0.5 in one of ten million series.
"""
TRIES = 4

OBJECTS = """{
    clients(first: 1) { nodes { id } } activations(first: 1) { nodes { id } } orders(first: 1) { nodes { id } } }"""


def _mutation(name: str) -> str:
    type_name = f"{name[0].upper()}{name[1:]}Input!"
    return f"mutation ($input: {type_name}) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"


PLACES: dict[str, tuple[str, str, Callable[[str], dict[str, object]]]] = {
    "node": ("Client", "query ($id: ID!) { node(id: $id) { id } }", lambda id_: {"id": id_}),
    "nodes": ("Activation", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", lambda id_: {"ids": [id_] * 20}),
    "order": ("Order", "query ($id: ID!) { order(id: $id) { id items { id } } }", lambda id_: {"id": id_}),
    "updateClient": ("Client", _mutation("updateClient"), lambda id_: {"input": {"clientId": id_, "name": "Bazar"}}),
    "cancelActivation": ("Activation", _mutation("cancelActivation"), lambda id_: {"input": {"activationId": id_}}),
    "approveOrder": ("Order", _mutation("approveOrder"), lambda id_: {"input": {"orderId": id_}}),
}
"""Where an id is given: its type, the document, and the variables."""


@pytest.fixture(scope="module")
def foreign(workhorse: Target) -> dict[str, str]:
    """Ids of the neighbour's objects by type."""
    headers = {"Authorization": f"Bearer {workhorse.neighbour}"}
    data = plain.post(f"{workhorse.url}/graphql", json={"query": OBJECTS}, headers=headers, timeout=60).json()["data"]
    return {
        type_name: data[f"{type_name.lower()}s"]["nodes"][0]["id"] for type_name in ("Client", "Activation", "Order")
    }


@pytest.fixture
def attacker(workhorse: Target) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {workhorse.attacker}"}
    with plain.Client(base_url=workhorse.url, headers=headers, timeout=60) as http:
        yield http


@pytest.mark.parametrize("place", PLACES)
def test_the_time_of_an_answer_tells_nothing(attacker: httpx.Client, foreign: dict[str, str], place: str) -> None:
    type_name, query, variables = PLACES[place]
    theirs = foreign[type_name]
    nothings = ids.encode(type_name, ids.number(type_name, theirs) + 10**6)
    bodies: list[dict[str, object]] = [{"query": query, "variables": variables(each)} for each in (theirs, nothings)]
    assert attacker.post("/graphql", json=bodies[0]).content == attacker.post("/graphql", json=bodies[1]).content

    effects: list[float] = []
    while len(effects) < TRIES and (not effects or abs(effects[-1] - 0.5) > EFFECT - 0.5):
        effects.append(_effect(*_taken(attacker, bodies, seed=len(effects))))

    assert abs(effects[-1] - 0.5) <= EFFECT - 0.5, effects


def _taken(http: httpx.Client, bodies: list[dict[str, object]], *, seed: int) -> tuple[list[float], list[float]]:
    """Return the seconds of the answers to each of two requests, which take turns in any order."""
    taken: tuple[list[float], list[float]] = ([], [])
    order = [0, 1] * SAMPLES
    Random(seed).shuffle(order)  # noqa: S311 — no secret.
    for which in order:
        began = perf_counter()
        http.post("/graphql", json=bodies[which])
        taken[which].append(perf_counter() - began)
    return taken


def _effect(first: list[float], second: list[float]) -> float:
    """Return how probable it is that one of the first is longer than one of the second (Mann and Whitney's U)."""
    longer = sum((one > other) + (one == other) / 2 for one in first for other in second)
    return longer / (len(first) * len(second))


def test_a_difference_of_twice_the_noise_is_found() -> None:
    random = Random(1)  # noqa: S311 — no secret.
    quick, slow = ([random.gauss(mean, 0.1) for _ in range(SAMPLES)] for mean in (1.0, 1.2))

    assert _effect(slow, quick) > EFFECT
    assert 0.4 < _effect(quick, quick) < 0.6
