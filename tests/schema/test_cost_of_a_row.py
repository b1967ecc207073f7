"""Cost of one more row of the main screen, in function calls: independent of the clock and the machine."""

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import pytest

from db.engine import Database
from tests import factories
from tests.api import Api
from tests.units import writing

CALLS_FOR_A_ROW = 8
"""A row of the page has an activation, a client of its own, and a product and a user that it shares with others."""

CALLS_FOR_AN_EDGE = 38
"""A client of a page, with a page of one activation of its own."""

CALLS_FOR_A_PLACE = 1
"""An activation whose client is shared by all others, with all fields resolved."""

_COVERS = getattr(sys.modules.get("slipcover.probe"), "signal", None)

PAGE = """
query ($first: Int) {
  activations(first: $first) {
    nodes {
      id activationKey authorizationCode status activatedAt note seats
      product { id name }
      client { id name cnpj }
      activatedBy { id name }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


EDGES = """
query ($first: Int) {
  clients(first: $first) { edges { node { activations(first: 5) { edges { cursor node { id activationKey } } } } } }
}
"""

ONE_CLIENT = """
query ($first: Int) {
  activations(first: $first) { nodes { client { id activations(first: 100) { nodes { id activationKey } } } } }
}
"""


class Calls:
    """Counter of calls of Python's and of C's functions in every thread that a request runs in."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _frame: FrameType, event: str, argument: object) -> None:
        """Count calls, not returns, and not those that measure coverage."""
        if event == "call" or (event == "c_call" and argument is not _COVERS):
            self.count += 1

    def here(self, _statement: str) -> None:
        """Count in the thread of the database too, from its next statement on."""
        if threading.current_thread() is not threading.main_thread():
            sys.setprofile(self)


@contextmanager
def counted(database: Database) -> Iterator[Calls]:
    """Yield the counted calls."""
    calls = Calls()
    database.observers.append(calls.here)
    # Hypothesis, once it has run, is called at each garbage collection, and longer answers have more of those.
    gc.collect()
    gc.disable()
    sys.setprofile(calls)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        gc.enable()
        database.observers.remove(calls.here)


@pytest.fixture
async def full(level: Api) -> Api:
    """Manager of a partner with a hundred clients, each with an activation."""
    async with writing(level.portal.database) as tx:
        user, product = await factories.add_user(tx, level.partner_id), await factories.add_product(tx)
        clients = [await factories.add_client(tx, level.partner_id) for _ in range(100)]
        wanted = [(client, factories.NOON + timedelta(minutes=minute)) for minute, client in enumerate(clients)]
        await factories.add_activations(tx, level.partner_id, user_id=user, product_id=product, wanted=wanted)
    return level


async def calls_of_a_page(api: Api, query: str, first: int) -> int:
    # A thread compresses long answers, and its start and end are random.
    api.http.headers["Accept-Encoding"] = "identity"
    # First make what is made once per document and per engine.
    for _ in range(2):
        await api.data(query, first=first)
    # In the middle of a request, the measurement of coverage may look through all functions that there are.
    return min([await calls_of_a_request(api, query, first) for _ in range(3)])


async def calls_of_a_request(api: Api, query: str, first: int) -> int:
    with counted(api.portal.database) as calls:
        await api.data(query, first=first)
    return calls.count


async def calls_for_one_more(api: Api, query: str) -> float:
    return (await calls_of_a_page(api, query, 100) - await calls_of_a_page(api, query, 50)) / 50


async def test_a_row_of_the_main_screen_keeps_to_its_number_of_calls(full: Api) -> None:
    assert len((await full.data(PAGE, first=100))["activations"]["nodes"]) == 100

    assert 0 < await calls_for_one_more(full, PAGE) <= CALLS_FOR_A_ROW


async def test_pages_below_a_page_cost_no_more_calls_than_they_did(full: Api) -> None:
    edges = (await full.data(EDGES, first=100))["clients"]["edges"]
    assert [len(edge["node"]["activations"]["edges"]) for edge in edges] == [1] * 100

    assert 0 < await calls_for_one_more(full, EDGES) <= CALLS_FOR_AN_EDGE


async def test_fields_of_a_repeated_client_are_resolved_once(level: Api) -> None:
    async with writing(level.portal.database) as tx:
        user, product = await factories.add_user(tx, level.partner_id), await factories.add_product(tx)
        client = await factories.add_client(tx, level.partner_id)
        wanted = [(client, factories.NOON + timedelta(minutes=minute)) for minute in range(100)]
        await factories.add_activations(tx, level.partner_id, user_id=user, product_id=product, wanted=wanted)
    nodes = (await level.data(ONE_CLIENT, first=100))["activations"]["nodes"]
    assert [len(node["client"]["activations"]["nodes"]) for node in nodes] == [100] * 100

    assert abs(await calls_for_one_more(level, ONE_CLIENT)) <= CALLS_FOR_A_PLACE
