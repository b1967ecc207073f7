"""Objects loaded by a request are freed with its answer, not by a later garbage collection."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.api import Api, new_product

QUERIES = [
    "{ clients { nodes { id name activations(first: 2) { totalCount nodes { id product { name } } } } } }",
    "{ activations { nodes { id product { id } client { name cnpj } activatedBy { name } } pageInfo { endCursor } } }",
    '{ activations(filter: { clientName: "a" }) { edges { cursor node { client { name } } } } }',
    "{ orders { nodes { number items { product { name } } createdBy { name } } } events { nodes { message } } }",
]
OURS = ("breadth.", "db.", "demo.", "domain.", "resolvers.", "schema.", "server.", "graphql.", "strawberry.")


@contextmanager
def garbage() -> Iterator[list[object]]:
    """Yield the objects that only a garbage collection would free."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("query", QUERIES)
async def test_nothing_of_a_request_is_left_to_the_garbage_collector(level: Api, query: str) -> None:
    product = await new_product(level.portal, level.partner_id)
    await level.approve(await level.order((product, 9)))
    for _ in range(2):
        await level.activation(await level.client(), product)
    for _ in range(2):
        await level.data(query)

    with garbage() as found:
        await level.data(query)

    assert [each for each in found if type(each).__module__.startswith(OURS)] == []
