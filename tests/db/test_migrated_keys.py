"""The step to keys by partner keeps rows, and refuses references across partners."""

from typing import Any

import pytest
import sqlalchemy as sa

from db.migrations import migrate
from db.migrations.revisions import UnfitRowsError
from tests.databases import Databases
from tests.db.plain_sql import REFUSED, look, write

BEFORE, AT = "0026", "2026-07-01T12:00:00.000000Z"

ROWS = (
    "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '1'), ('Beta', 'beta', '2')",
    "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
    """INSERT INTO users (partner_id, email, name, role, password_hash) VALUES
        (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash'), (2, 'rui@beta.example', 'Rui', 'MANAGER', 'hash')""",
    f"""INSERT INTO clients (partner_id, name_folded, trade_name_folded, city_folded, status, registered_at, updated_at)
        VALUES (1, '', '', '', 'CANCELLED', '{AT}', '{AT}'), (2, '', '', '', 'CANCELLED', '{AT}', '{AT}')""",  # noqa: S608 — our own.
)
ACTIVATION = f"""INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
    additional_seats, client_name_folded, activated_at, updated_at, activated_by_id, status)
    VALUES ({{0}}, {{1}}, 1, 'CODE-{{0}}-{{1}}', 'KEY', 1, 0, '', '{AT}', '{AT}', {{0}}, 'ACTIVE')"""  # noqa: S608 — our own.
EVENT = f"""INSERT INTO events (partner_id, number, type, occurred_at, activation_id)
    VALUES ({{0}}, {{1}}, 'LICENSE_ACTIVATED', '{AT}', {{2}})"""  # noqa: S608 — our own.


async def rows(url: str, table: str) -> list[dict[str, Any]]:
    query = sa.text(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 — our own.
    return await look(url, lambda sync: [dict(row) for row in sync.execute(query).mappings()])


async def test_rows_and_indexes_are_kept_when_keys_get_the_partner(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)
    migrate.upgrade(url, to=BEFORE)
    activations = [ACTIVATION.format(1, 1), ACTIVATION.format(2, 2), EVENT.format(1, 1, 1), EVENT.format(2, 1, 2)]
    await write(url, *ROWS, *activations, "DELETE FROM events WHERE partner_id = 2")
    tables = ("partners", "users", "clients", "activations", "events")
    before = [await rows(url, table) for table in tables]
    indexes = await look(url, _indexes)

    migrate.upgrade(url, to="0027")

    assert [await rows(url, table) for table in tables] == before
    renewed = {f"ix_{table}_partner_id_id" for table in ("webhooks", "webhook_deliveries", "users")}
    assert indexes - renewed <= await look(url, _indexes)
    # No id is given again, and the numbers of the rows go on.
    await write(url, EVENT.format(2, 1, 2))
    assert [event["id"] for event in await rows(url, "events")] == [1, 3]
    with pytest.raises(REFUSED):
        await write(url, ACTIVATION.format(1, 2))


def _indexes(connection: sa.Connection) -> set[str]:
    inspector = sa.inspect(connection)
    return {str(index["name"]) for table in inspector.get_table_names() for index in inspector.get_indexes(table)}


async def test_rows_that_refer_to_another_partners_stop_the_step(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)
    migrate.upgrade(url, to=BEFORE)
    await write(url, *ROWS, ACTIVATION.format(1, 1), ACTIVATION.format(1, 2), EVENT.format(2, 1, 1))
    before = await look(url, _indexes)

    with pytest.raises(UnfitRowsError) as raised:
        migrate.upgrade(url)

    assert str(raised.value) == (
        "activations: the row with id 2 of partner 1 refers to client_id 2, which is partner 2's. "
        "events: the row with id 1 of partner 2 refers to activation_id 1, which is partner 1's."
    )
    assert await look(url, _indexes) == before
    version = sa.text("SELECT version_num FROM alembic_version")
    assert await look(url, lambda sync: sync.scalar(version)) == BEFORE
