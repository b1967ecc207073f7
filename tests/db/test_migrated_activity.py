"""What there was before a migration is counted by it."""

from datetime import datetime

import sqlalchemy as sa

from db.clients import NEVER
from db.migrations import migrate
from db.tables import clients
from tests.databases import Databases
from tests.db.plain_sql import look, write


async def test_clients_keep_the_activations_that_were_there_before(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0027")
    day = "2026-07-0{}T12:00:00.000000Z".format
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('A', 'a', '1'), ('B', 'b', '2')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        *(
            f"""INSERT INTO clients (partner_id, cnpj, name, name_folded, trade_name_folded, city_folded, status,
                registered_at, updated_at)
                VALUES ({partner}, '{number}', 'a', 'a', '', '', 'ACTIVE', '{day(1)}', '{day(1)}')"""  # noqa: S608 — our own.
            for number, partner in enumerate((1, 1, 1, 2))
        ),
        *(
            f"""INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
                additional_seats, client_name_folded, activated_by_id, updated_at, activated_at, status, cancelled_at,
                cancellation_reason)
                VALUES (1, {client}, 1, 'C-{number}', 'K-{number}', 1, 0, '', 1, '{day(9)}', '{day(at)}', {ended})"""  # noqa: S608 — our own.
            for number, (client, at, ended) in enumerate(
                (
                    (1, 2, "'ACTIVE', NULL, NULL"),
                    (1, 4, f"'CANCELLED', '{day(5)}', 'MOVED'"),
                    (1, 3, "'ACTIVE', NULL, NULL"),
                    (2, 6, f"'CANCELLED', '{day(7)}', 'MOVED'"),
                )
            )
        ),
    )

    migrate.upgrade(url)

    kept = sa.select(clients.c.active_activations, clients.c.last_activated_at).order_by(clients.c.id)
    found = await look(url, lambda sync: [tuple(row) for row in sync.execute(kept).all()])
    assert found == [
        (2, datetime.fromisoformat(day(4))),
        (0, datetime.fromisoformat(day(6))),
        (0, NEVER),
        (0, NEVER),
    ]
