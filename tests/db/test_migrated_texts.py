"""Steps of the migration that fill columns of texts and times keep what was there."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from db import change_times, tables
from db.engine import Database
from db.migrations import migrate
from db.tables import users
from tests.databases import Databases
from tests.db.plain_sql import REFUSED, look, write
from tests.units import fetch_values, reading


async def test_addresses_of_users_whom_the_operator_created_are_proved(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0014")
    person = """INSERT INTO users (partner_id, email, name, role, password_hash)
        VALUES (1, '{}@alfa.example', 'Ana', 'MANAGER', 'none')"""
    event = """INSERT INTO events (partner_id, number, type, occurred_at, actor_id, user_id)
        VALUES (1, {}, '{}', '2026-07-01T12:00:00.000000Z', {}, {})"""
    await write(
        url,
        "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')",
        *(person.format(name) for name in ("before-events", "by-operator", "by-link")),
        event.format(1, "USER_JOINED", "NULL", 2),
        event.format(2, "USER_JOINED", 3, 3),
    )

    migrate.upgrade(url)

    proved = sa.select(users.c.email_proved_at.is_not(None)).order_by(users.c.id)
    assert await look(url, lambda sync: list(sync.scalars(proved))) == [True, True, False]
    await write(url, event.format(3, "IDENTITY_UNLINKED", 1, 2))
    with pytest.raises(REFUSED):
        await write(url, event.format(4, "IDENTITY_SOLD", 1, 2))


async def test_notes_that_were_there_before_are_searched_and_statistics_are_there(
    engine: str, databases: Databases
) -> None:
    url = databases.migrated(engine, to="0014")
    at = "2026-07-01T12:00:00.000000Z"
    event = "INSERT INTO events (partner_id, number, type, occurred_at) VALUES (1, {}, '{}', '2026-07-01T12:00:00Z')"
    ended = f"'CANCELLED', '{at}', 'MOVED'"
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '1')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        f"""INSERT INTO clients (partner_id, name_folded, trade_name_folded, city_folded, status, registered_at)
            VALUES (1, '', '', '', 'CANCELLED', '{at}')""",  # noqa: S608 — our own.
        *(
            f"""INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
                additional_seats, client_name_folded, activated_at, activated_by_id, note, cancellation_note, status,
                cancelled_at, cancellation_reason)
                VALUES (1, 1, 1, 'CODE-{number}', 'KEY-{number}', 1, 0, '', '{at}', 1, {notes}, {status})"""  # noqa: S608 — our own.
            for number, (notes, status) in enumerate(
                [("'Balcão  A', NULL", "'ACTIVE', NULL, NULL"), ("NULL, 'É'", ended), ("NULL, NULL", ended)]
            )
        ),
        event.format(1, "STOCK_LOW"),
    )

    migrate.upgrade(url)

    columns = [tables.activations.c[f"{name}_folded"] for name in ("note", "cancellation_note")]
    folded = sa.select(*columns).order_by(tables.activations.c.id)
    found = await look(url, lambda sync: [tuple(row) for row in sync.execute(folded).all()])
    assert found == [("balcao a", None), (None, "e"), (None, None)]
    await write(url, event.format(2, "ACTIVATION_UPDATED"))
    with pytest.raises(REFUSED):
        await write(url, event.format(3, "ACTIVATION_SOLD"))
    rows = {
        "sqlite": "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'activations' AND stat LIKE '3 %'",
        "postgresql": "SELECT reltuples FROM pg_class WHERE relname = 'activations' AND reltuples = 3",
    }
    assert await look(url, lambda sync: sync.scalar(sa.text(rows[engine])))


async def test_clients_and_activations_get_the_latest_time_that_is_known(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0021")
    day = "2026-07-0{}T12:00:00.000000Z".format
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('A', 'a', '1'), ('B', 'b', '2'), ('C', 'c', '3')",
        "INSERT INTO partner_counters (partner_id, order_number, event_number) VALUES (1, 0, 3), (2, 0, 0), (3, 0, 0)",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        f"""INSERT INTO clients (partner_id, cnpj, name, name_folded, trade_name_folded, city_folded, status,
            registered_at, cancelled_at) VALUES
            (1, '1', 'a', 'a', '', '', 'ACTIVE', '{day(1)}', NULL),
            (1, '2', 'b', 'b', '', '', 'ACTIVE', '{day(1)}', NULL),
            (1, NULL, NULL, '', '', '', 'CANCELLED', '{day(1)}', '{day(3)}'),
            (2, '1', 'a', 'a', '', '', 'ACTIVE', '{day(2)}', NULL)""",  # noqa: S608 — our own.
        f"""INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
            additional_seats, client_name_folded, activated_by_id, status, activated_at, cancelled_at,
            cancellation_reason) VALUES
            (1, 1, 1, 'C-1', 'K-1', 1, 0, '', 1, 'ACTIVE', '{day(1)}', NULL, NULL),
            (1, 1, 1, 'C-2', 'K-2', 1, 0, '', 1, 'CANCELLED', '{day(1)}', '{day(2)}', 'MOVED'),
            (1, 1, 1, 'C-3', 'K-3', 1, 0, '', 1, 'ACTIVE', '{day(1)}', NULL, NULL)""",  # noqa: S608 — our own.
        f"""INSERT INTO events (partner_id, number, type, occurred_at, client_id, activation_id) VALUES
            (1, 1, 'CLIENT_UPDATED', '{day(4)}', 2, NULL),
            (1, 2, 'ACTIVATION_UPDATED', '{day(5)}', 1, 3),
            (1, 3, 'STOCK_LOW', '{day(6)}', NULL, NULL)""",  # noqa: S608 — our own.
    )

    migrate.upgrade(url)

    database = Database(url)
    async with reading(database) as connection:
        times = [
            [each.day for each in await fetch_values(connection, sa.select(table.c.updated_at).order_by(table.c.id))]
            for table in (tables.clients, tables.activations)
        ]
        latest = sa.select(tables.partner_counters.c.changed_at).order_by(tables.partner_counters.c.partner_id)
        taken = await fetch_values(connection, latest)
    await database.close()
    assert times == [[1, 4, 3, 2], [1, 2, 5]]
    assert taken == [*(change_times.microseconds(datetime.fromisoformat(day(each))) for each in (6, 2)), 0]


async def test_notes_without_folded_copies_get_them(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0025")
    at = "2026-07-01T12:00:00.000000Z"
    rows = [("'Balcão', 'balcao'", "NULL, NULL"), ("'Balcão', NULL", "'É', NULL"), ("NULL, NULL", "NULL, NULL")]
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '1')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        f"""INSERT INTO clients (partner_id, name_folded, trade_name_folded, city_folded, status, registered_at,
            updated_at) VALUES (1, '', '', '', 'CANCELLED', '{at}', '{at}')""",  # noqa: S608 — our own.
        *(
            f"""INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
                additional_seats, client_name_folded, activated_at, updated_at, activated_by_id, note, note_folded,
                cancellation_note, cancellation_note_folded, status, cancelled_at, cancellation_reason)
                VALUES (1, 1, 1, 'CODE-{number}', 'KEY-{number}', 1, 0, '', '{at}', '{at}', 1, {note}, {cancellation},
                'CANCELLED', '{at}', 'MOVED')"""  # noqa: S608 — our own.
            for number, (note, cancellation) in enumerate(rows)
        ),
    )

    migrate.upgrade(url)

    columns = [tables.activations.c[f"{name}_folded"] for name in ("note", "cancellation_note")]
    folded = sa.select(*columns).order_by(tables.activations.c.id)
    found = await look(url, lambda sync: [tuple(row) for row in sync.execute(folded).all()])
    assert found == [("balcao", None), ("balcao", "e"), (None, None)]


async def test_texts_with_typographic_marks_are_searched_by_plain_ones(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0030")
    at = "'2026-07-01T12:00:00.000000Z'"
    client = """INSERT INTO clients (partner_id, cnpj, name, name_folded, trade_name, trade_name_folded, names_folded,
        city, city_folded, status, registered_at) VALUES (1, {}, {}, '{}', {}, '{}', '{}', {}, '{}', {}, {at})"""
    activation = """INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key,
        seats, additional_seats, note, note_folded, client_name_folded, activated_at, activated_by_id, status)
        VALUES (1, {id}, 1, 'CODE-{id}', 'KEY-{id}', 1, 0, {}, {}, '{}', {at}, 1, 'ACTIVE')"""
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('D’Alfa', 'd’alfa', '1')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        *(
            f"INSERT INTO price_tables (name, name_folded) VALUES ('{name}', '{folded}')"  # noqa: S608 — our own.
            for name, folded in (("D''Ouro", "d''ouro"), ("D’Ouro", "d’ouro"), ("Prata", "prata"))
        ),
        client.format(
            *("'1'", "'Bar D’Água'", "bar d’agua", "'D\N{ACUTE ACCENT}Água'", "d agua", "bar d’agua\nd agua"),
            *("'Pau–Brasil'", "pau–brasil", "'ACTIVE'"),
            at=at,
        ),
        client.format("NULL", "NULL", "", "NULL", "", "", "NULL", "", "'CANCELLED'", at=at),
        activation.format("'Caixa – 1'", "'caixa – 1'", "bar d’agua", id=1, at=at),
        activation.format("NULL", "NULL", "", id=2, at=at),
    )

    migrate.upgrade(url)

    def folded(connection: sa.Connection) -> list[list[tuple[object, ...]]]:
        return [
            [tuple(row) for row in connection.execute(sa.text(statement))]
            for statement in (
                "SELECT name_folded FROM partners",
                "SELECT name, name_folded FROM price_tables ORDER BY id",
                "SELECT name_folded, trade_name_folded, names_folded, city_folded FROM clients ORDER BY id",
                "SELECT note_folded, client_name_folded FROM activations ORDER BY id",
            )
        ]

    assert await look(url, folded) == [
        [("d'alfa",)],
        [("D'Ouro", "d'ouro"), ("D’Ouro (2)", "d'ouro (2)"), ("Prata", "prata")],
        [("bar d'agua", "d'agua", "bar d'agua\nd'agua", "pau-brasil"), ("", "", "", "")],
        [("caixa - 1", "bar d'agua"), (None, "")],
    ]


async def test_addresses_with_separate_accents_are_found_by_composed_ones(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0033")
    separate, composed, sign = "joa\u0303o@alfa.example", "joão@alfa.example", "joa\u0303o\u212a@alfa.example"
    person = """INSERT INTO users (partner_id, email, name, role, password_hash)
        VALUES (1, '{}', 'Ana', 'MANAGER', 'none')"""
    invitation = """INSERT INTO invitations (partner_id, email, name, role, digest, delivery, created_at, expires_at)
        VALUES ({}, '{}', 'Ana', 'VIEWER', '{}', 'LINK', '{at}', '{at}')"""
    at = "2026-07-01T12:00:00.000000Z"
    await write(
        url,
        *(
            f"INSERT INTO partners (name, name_folded, cnpj) VALUES ('{name}', '{name}', '{name}')"  # noqa: S608 — our own.
            for name in ("a", "b")
        ),
        *(
            person.format(each)
            for each in (separate, sign, "e\u0301@alfa.example", "é@alfa.example", "ana@alfa.example")
        ),
        *(
            invitation.format(partner, email, number, at=at)
            for number, (partner, email) in enumerate([(1, separate), (1, composed), (2, separate)])
        ),
    )

    migrate.upgrade(url)

    def addresses(connection: sa.Connection) -> list[list[str]]:
        return [
            list(connection.scalars(sa.select(each.c.email).order_by(each.c.id)))
            for each in (users, tables.invitations)
        ]

    assert await look(url, addresses) == [
        [composed, "joão\u212a@alfa.example", "e\u0301@alfa.example", "é@alfa.example", "ana@alfa.example"],
        [separate, composed, composed],
    ]
