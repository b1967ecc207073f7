"""What one more row of the main screen costs, counted in calls of functions: no clock decides, and no machine."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

import pytest

from db.engine import Database
from tests.api import Api
from tests.db import rows

CALLS_FOR_A_ROW = 8
"""A row of the page has an activation, a client of its own, and a product and a user that it shares with others."""

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


class Calls:
    """Counts calls of Python's and of C's functions in every thread that a request runs in."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0

    def __call__(self, _frame: FrameType, event: str, _argument: object) -> None:
        """Count what is called, and not what returns."""
        if event in {"call", "c_call"}:
            self.count += 1

    def here(self, _statement: str) -> None:
        """Count in the thread of the database too, from its next statement on."""
        if threading.current_thread() is not threading.main_thread():
            sys.setprofile(self)


@contextmanager
def counted(database: Database) -> Iterator[Calls]:
    """The calls meanwhile."""
    calls = Calls()
    database.observers.append(calls.here)
    sys.setprofile(calls)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        database.observers.remove(calls.here)


@pytest.fixture
async def full(level: Api) -> Api:
    """A manager of a partner with a hundred clients, each with an activation."""
    async with level.portal.database.write() as tx:
        user, product = await rows.a_user(tx, level.partner_id), await rows.a_product(tx)
        clients = [await rows.a_client(tx, level.partner_id) for _ in range(100)]
        wanted = [(client, rows.NOON + timedelta(minutes=minute)) for minute, client in enumerate(clients)]
        await rows.some_activations(tx, level.partner_id, user_id=user, product_id=product, wanted=wanted)
    return level


async def calls_of_a_page(api: Api, first: int) -> int:
    # What is made once, for a document and for an engine, is made before.
    for _ in range(2):
        await api.data(PAGE, first=first)
    with counted(api.portal.database) as calls:
        page = await api.data(PAGE, first=first)
    assert len(page["activations"]["nodes"]) == first
    return calls.count


async def test_a_row_of_the_main_screen_costs_no_more_calls_than_it_did(full: Api) -> None:
    of_fifty, of_a_hundred = await calls_of_a_page(full, 50), await calls_of_a_page(full, 100)

    assert 0 < (of_a_hundred - of_fifty) / 50 <= CALLS_FOR_A_ROW
