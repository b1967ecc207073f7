"""Portals of tests that take any sequence of steps, on a database of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx

from db.doctor.checks import examine_rows
from db.engine import Database
from resolvers.portal import Portal
from tests.api import serving
from tests.clock import Clock
from tests.executors import DOCUMENTS
from tests.factories import NOON


class Machine(NamedTuple):
    """Portal whose time only the steps change, and its HTTP client."""

    http: httpx.AsyncClient
    portal: Portal
    clock: Clock


@asynccontextmanager
async def begun(database: Database) -> AsyncIterator[Machine]:
    """Open a portal on the database; at the end of the steps, the doctor finds nothing in it."""
    portal = Portal(database, secret=b"s" * 32)
    clock = Clock.of(portal, NOON)
    async with serving(portal, DOCUMENTS) as http:
        yield Machine(http, portal, clock)
    assert await database.read(examine_rows) == []
