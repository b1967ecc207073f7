"""Portal with webhooks of its own: a sender looks at all partners of its database."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import sqlalchemy as sa

from db.engine import Database
from db.tables import webhook_deliveries, webhooks
from resolvers.portal import Portal
from server.app import create_app
from server.graphql.event_selections import EventSelections
from server.settings import Settings
from server.webhooks.capacity import Places
from server.webhooks.client import WebhookClient
from server.webhooks.sender import Intervals, Sender
from tests.api import Client
from tests.clock import Clock
from tests.databases import Databases
from tests.executors import DOCUMENTS
from tests.receivers import Receiver, receiving
from tests.units import execute, keeping_connections, writing

_ANSWERED_WITHIN = 60.0
"""Seconds that a receiver which answers never needs, however busy the machine is."""


@pytest.fixture(scope="module")
def webhook_url(engine: str, databases: Databases) -> str:
    """URL of a database for the tests of one module."""
    return databases.migrated(engine)


@pytest.fixture(scope="module")
async def webhook_database(webhook_url: str) -> AsyncIterator[Database]:
    """The same database, open."""
    database = Database(webhook_url)
    async with keeping_connections(database):
        yield database
    await database.close()


@pytest.fixture
async def portal(webhook_database: Database) -> AsyncIterator[Portal]:
    """Portal for development, without webhooks of other tests."""
    portal = Portal(webhook_database, secret=b"s" * 32, private_webhooks=True)
    Clock.of(portal)
    yield portal
    async with writing(webhook_database) as tx:
        await execute(tx, sa.delete(webhook_deliveries))
        await execute(tx, sa.delete(webhooks))


@pytest.fixture
def clock(portal: Portal) -> Clock:
    """Clock of the portal."""
    assert isinstance(portal.now, Clock)
    return portal.now


@pytest.fixture
async def http(portal: Portal) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP client of the portal's real HTTP application."""
    app = create_app(portal, Settings(), documents=DOCUMENTS)
    async with Client(app) as http:
        yield http


Send = Callable[[], Awaitable[None]]


class Senders:
    """Factory of senders on a portal, as several processes have them."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.clients: list[WebhookClient] = []

    def new(
        self, *, seconds: float = _ANSWERED_WITHIN, places: Places | None = None, intervals: Intervals | None = None
    ) -> Sender:
        """Return a sender whose receivers must answer within so many seconds."""
        client = WebhookClient(private=True, seconds=seconds)
        self.clients.append(client)
        intervals = intervals or Intervals(poll=0.01, renew=60, lease=6, pause=0.001)
        return Sender(self.portal, EventSelections(DOCUMENTS), client, intervals=intervals, places=places)


@pytest.fixture
async def senders(portal: Portal) -> AsyncIterator[Senders]:
    """Factory of senders, whose connections are closed in the end."""
    made = Senders(portal)
    yield made
    for client in made.clients:
        await client.aclose()


@pytest.fixture
def send(senders: Senders) -> Send:
    """Send until there is nothing more to send."""
    sender = senders.new()

    async def all_of_it() -> None:
        while await sender.look():
            await sender.wait()

    return all_of_it


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Receiver on this machine."""
    async with receiving() as made:
        yield made
