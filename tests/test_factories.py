"""Factories of tests, which several callers use at once."""

import asyncio

from db.doctor.checks import examine
from db.engine import Database
from resolvers.portal import Portal
from tests.factories import new_partner, new_product


async def test_prices_that_are_added_at_the_same_time_are_all_counted(own_database: Database) -> None:
    portal = Portal(own_database, secret=b"s" * 32)
    partner_id = await new_partner(portal)

    await asyncio.gather(*(new_product(portal, partner_id) for _ in range(20)))

    assert await examine(own_database) == []
