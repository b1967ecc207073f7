"""Reads of a SQLite file that may find many rows, which run in a thread, so that other requests go on meanwhile."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from threading import get_ident

import pytest

from db import identities, prices
from db.engine import Connection, Database
from db.engine.sqlite_inline import ROWS_MAX
from domain.orders import OrderType
from domain.tenancy import ALL_PARTNERS, Scope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def in_place(database: Database, read: Callable[[Connection], Awaitable[object]]) -> bool:
    """Return whether a read runs in the thread of the event loop."""

    async def thread(connection: Connection) -> int:
        await read(connection)
        return get_ident()

    return await database.read(thread) == get_ident()


@pytest.mark.parametrize("scope", [1, ALL_PARTNERS])
async def test_the_tiers_of_a_whole_price_table_are_read_in_a_thread(database: Database, scope: Scope) -> None:
    assert not await in_place(database, lambda each: prices.tiers_of_tables(each, scope, [1], at=NOON))


async def test_the_tiers_of_products_are_read_in_a_thread(database: Database) -> None:
    assert not await in_place(
        database, lambda each: prices.in_force_for(each, 1, 1, [1, 2], OrderType.PURCHASE, at=NOON)
    )


@pytest.mark.parametrize("subjects", [ROWS_MAX // 2, ROWS_MAX // 2 + 1])
async def test_subjects_of_several_issuers_may_have_more_identities(database: Database, subjects: int) -> None:
    wanted = [("a", "first"), *[("b", f"{number}") for number in range(subjects - 1)]]

    found = await in_place(database, lambda each: identities.find_each(each, wanted))

    assert found is (subjects == ROWS_MAX // 2)
