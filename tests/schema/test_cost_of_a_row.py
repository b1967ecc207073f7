"""Cost of one more row of the main screen, in function calls: independent of the clock and the machine."""

import gc
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import reduce
from operator import and_
from types import FrameType

import pytest

from db.engine import Database
from tests import factories
from tests.api import Api
from tests.units import writing

CALLS_FOR_A_ROW = 0
"""A row of the page has an activation, a client of its own, and a product and a user that it shares with others."""

CALLS_FOR_A_PAGE = 100
"""Fewer than any page takes: a counter that finds no more does not count."""

CALLS_FOR_AN_EDGE = 37
"""A client of a page, with a page of one activation of its own."""

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
        self.by_function: Counter[str] = Counter()
        self._covering: FrameType | None = None

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Count calls, not returns, and neither those that measure coverage nor those of the event loop."""
        if self._covering is not None:
            if event == "return" and frame is self._covering:
                self._covering = None
        elif "/asyncio/" in frame.f_code.co_filename:
            # The loop turns more often while a thread is late, and has timers of others.
            return
        elif event == "call":
            if "slipcover" in frame.f_code.co_filename:
                self._covering = frame
            else:
                self.by_function[f"{frame.f_code.co_qualname} in {frame.f_code.co_filename}"] += 1
        elif event == "c_call" and argument is not _COVERS:
            self.by_function[f"{getattr(argument, '__qualname__', argument)} in {frame.f_code.co_qualname}"] += 1

    def here(self, _statement: str) -> None:
        """Count in the thread of the database too, from its next statement on."""
        if threading.current_thread() is not threading.main_thread():
            sys.setprofile(self)


@contextmanager
def counted(database: Database) -> Iterator[Calls]:
    """Yield the counted calls."""
    calls = Calls()
    database.observers.append(calls.here)
    # Hypothesis, once it has run, is called at each garbage collection, of which longer answers have more.
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


async def calls_of_a_page(api: Api, query: str, first: int) -> Counter[str]:
    # A thread compresses long answers, and its start and end are random.
    api.http.headers["Accept-Encoding"] = "identity"
    # First make what is made once per document and per engine.
    for _ in range(2):
        await api.data(query, first=first)
    requests = [await calls_of_a_request(api, query, first) for _ in range(5)]
    # Some values are kept for a second only.
    calls = reduce(and_, requests)
    assert calls.total() > CALLS_FOR_A_PAGE
    return calls


async def calls_of_a_request(api: Api, query: str, first: int) -> Counter[str]:
    with counted(api.portal.database) as calls:
        await api.data(query, first=first)
    return calls.by_function


async def calls_for_one_more(api: Api, query: str) -> int:
    """Return the number of calls for one more row; a failed test shows the functions."""
    calls = await calls_of_a_page(api, query, 100)
    calls.subtract(await calls_of_a_page(api, query, 50))
    # What is not called for each row differs by less than one call for two rows.
    for_one = {function: for_fifty / 50 for function, for_fifty in calls.most_common()}
    by_function = {function: round(number) for function, number in for_one.items() if abs(number) > 0.5}
    print(*by_function.items(), sep="\n")  # noqa: T201 — pytest shows what a failed test printed.
    return sum(by_function.values())


async def test_a_row_of_the_main_screen_keeps_to_its_number_of_calls(full: Api) -> None:
    assert len((await full.data(PAGE, first=100))["activations"]["nodes"]) == 100

    assert await calls_for_one_more(full, PAGE) == CALLS_FOR_A_ROW


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

    assert await calls_for_one_more(level, ONE_CLIENT) == 0
