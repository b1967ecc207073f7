"""Mutations cost points in proportion to the functions that they call, a number that no busy machine changes."""

import json
import sys
from collections.abc import Mapping
from statistics import median
from types import FrameType

import httpx
import pytest

from schema import weights
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import prepare
from tests.api import Api
from tests.schema.recipes import MUTATIONS

RATIO_MAX = 4
SIZES = 1, 50
"""Items of a bulk mutation, and products of others."""

_MUTATION = GRAPHQL_SCHEMA.mutation_type
assert _MUTATION is not None
COUNTED = [
    name
    for name, recipe in MUTATIONS.items()
    # The rows of a file are not counted before, and to hash a password takes no calls.
    if weights.of_field(_MUTATION, name, _MUTATION.fields[name]) not in {weights.FILE, weights.PASSWORD}
]


async def calls_of_a_point(api: Api, name: str, given: Mapping[str, object]) -> float:
    """Return the calls of functions for each point of a mutation, which must not be refused."""
    type_name = f"{name[0].upper()}{name[1:]}Input!"
    selection = f"{MUTATIONS[name].selection} userErrors {{ code }}"
    query = f"mutation ($input: {type_name}) {{ {name}(input: $input) {{ {selection} }} }}"
    (operation,) = prepare(GRAPHQL_SCHEMA, query).operations.values()
    # What a new document takes is not what it costs, so it is sent before, with an input that is refused.
    headers = {"Authorization": f"Bearer {api.token}"}
    await api.http.post("/graphql", json={"query": query, "variables": {}}, headers=headers)
    body = json.dumps({"query": query, "variables": {"input": given}}).encode()
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer = await api.http.post("/graphql", content=body, headers=headers | {"Content-Type": "application/json"})
    finally:
        sys.setprofile(before)
    assert answer.status_code == httpx.codes.OK
    payload = answer.json()["data"][name]
    assert payload["userErrors"] == [], name
    return calls / operation.points({"input": given})


@pytest.mark.edge
async def test_mutations_call_functions_in_proportion_to_their_points(api: Api) -> None:
    found = {name: await calls_of_a_point(api, name, await MUTATIONS[name].given(api)) for name in COUNTED}

    usual = median(found.values())
    assert {name: calls / usual for name, calls in found.items() if not 1 / RATIO_MAX < calls / usual < RATIO_MAX} == {}


@pytest.mark.edge
@pytest.mark.parametrize("name", ["activateLicenses", "cancelActivations", "moveActivations"])
async def test_items_call_functions_in_proportion_to_their_points(api: Api, name: str) -> None:
    sized = MUTATIONS[name].sized
    assert sized is not None

    few, many = [await calls_of_a_point(api, name, await sized(api, size)) for size in SIZES]

    assert 1 / RATIO_MAX < many / few < RATIO_MAX
