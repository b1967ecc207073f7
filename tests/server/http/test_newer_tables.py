"""A server beside the tables of a newer version: it goes on if they were only expanded, and says if it can't."""

from http import HTTPStatus

import pytest

from db.engine import Database
from db.migrations.revisions import HEAD
from resolvers.portal import Portal
from server.settings import Settings
from tests import cnpjs
from tests.databases import Databases
from tests.db.plain_sql import write
from tests.factories import new_manager
from tests.server.http.test_health import serving

EXPANDED = (
    "ALTER TABLE clients ADD COLUMN nickname TEXT",
    "ALTER TABLE clients ADD COLUMN visits INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE visits (id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL)",
    "CREATE INDEX ix_clients_visits ON clients (partner_id, visits)",
)
NEWER = "UPDATE alembic_version SET version_num = '9999', served = '{}-9999'"


async def test_a_server_goes_on_while_its_tables_are_expanded(
    engine: str, databases: Databases, settings: Settings
) -> None:
    url = databases.migrated(engine)
    database = Database(url)
    async with serving(database, settings) as http:
        api = await new_manager(http, Portal(database, b"s" * 32))
        await api.client(cnpj=cnpjs.another())
        await write(url, *EXPANDED, NEWER.format(HEAD))
        await api.client(cnpj=cnpjs.another())
        counted = await api.data("{ clients { totalCount } }")
        ready = await http.get("/readyz")

    assert counted["clients"]["totalCount"] == 2
    assert ready.status_code == HTTPStatus.OK


@pytest.mark.parametrize("oldest", ["9998", ""])
async def test_a_server_is_not_ready_beside_tables_that_do_not_serve_it(
    engine: str, databases: Databases, settings: Settings, oldest: str
) -> None:
    url = databases.migrated(engine)
    await write(url, NEWER.format(oldest) if oldest else "UPDATE alembic_version SET version_num = '9999'")

    async with serving(Database(url), settings) as http:
        ready = await http.get("/readyz")

    assert (ready.status_code, ready.json()["failed"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "migrations")
