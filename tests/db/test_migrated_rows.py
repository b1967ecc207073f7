"""Each step keeps the rows that were there before, on both engines."""

from typing import Any

import pytest
import sqlalchemy as sa

from db import audit, orders, tables
from db.engine import Database
from db.migrations import migrate
from db.tables import clients, events, partners, tokens, users
from domain.audit import lines_hash
from domain.partners import PartnerStatus
from tests.databases import Databases
from tests.db.plain_sql import REFUSED, look, write
from tests.units import fetch_all, fetch_values, reading


async def test_clients_that_were_there_before_are_found_by_both_names(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0002")
    partner = "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')"
    before = """
        INSERT INTO clients
            (partner_id, cnpj, name, name_folded, trade_name_folded, city_folded, status, registered_at)
        VALUES
            (1, '1', 'Pão', 'pao', 'forno doce', '', 'ACTIVE', '2026-07-01T12:00:00.000000Z'),
            (1, '2', 'Pão', 'pao', '', '', 'ACTIVE', '2026-07-01T12:00:00.000000Z'),
            (1, NULL, NULL, '', '', '', 'CANCELLED', '2026-07-01T12:00:00.000000Z')
    """
    await write(url, partner, before)

    migrate.upgrade(url)

    folded = sa.select(clients.c.names_folded).order_by(clients.c.id)
    assert await look(url, lambda sync: list(sync.scalars(folded))) == ["pao\nforno doce", "pao", ""]


async def test_users_and_partners_that_were_there_before_are_kept(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0005")
    await write(
        url,
        "INSERT INTO partners (name, cnpj) VALUES ('Álfa  Automação', '16727230000197')",
        "INSERT INTO price_tables (partner_id, name) VALUES (1, 'Pauta')",
        """INSERT INTO users (partner_id, email, name, role, password_hash, disabled_at) VALUES
            (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash', NULL),
            (1, 'rui@alfa.example', 'Rui', 'VIEWER', 'hash', '2026-07-01T12:00:00.000000Z')""",
        """INSERT INTO orders (partner_id, number, type, status, price_table_id, monthly_total, setup_fee_total,
            created_at, created_by_id)
            VALUES (1, 1, 'PURCHASE', 'PENDING', 1, 1, 1, '2026-07-01T12:00:00.000000Z', 2)""",
    )
    before = await look(url, _users)

    migrate.upgrade(url)

    of_vendor = "INSERT INTO users (partner_id, email, name, role, password_hash) VALUES (1, 'e', 'n', '{}', 'h')"
    await write(url, of_vendor.format("VENDOR_ADMIN"))
    assert (await look(url, _users))[:2] == before
    folded = sa.select(partners.c.name_folded, partners.c.is_vendor)
    assert await look(url, lambda sync: sync.execute(folded).all()) == [("alfa automacao", False)]
    with pytest.raises(REFUSED):
        await write(url, of_vendor.format("OWNER"))


def _users(connection: sa.Connection) -> list[Any]:
    columns = "id, partner_id, email, name, role, password_hash, disabled_at"
    return list(connection.execute(sa.text(f"SELECT {columns} FROM users ORDER BY id")).all())  # noqa: S608 — our own.


async def test_partners_and_events_that_were_there_before_are_kept(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0006")
    await write(
        url,
        "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')",
        """INSERT INTO events (partner_id, number, type, occurred_at) VALUES
            (1, 1, 'CLIENT_REGISTERED', '2026-07-01T12:00:00.000000Z'),
            (1, 2, 'ORDER_CREATED', '2026-07-01T12:00:00.000000Z')""",
    )

    migrate.upgrade(url)

    later = """INSERT INTO events (partner_id, number, type, occurred_at)
        VALUES (1, 3, '{}', '2026-07-02T12:00:00.000000Z')"""
    await write(url, later.format("PARTNER_SUSPENDED"))
    found = sa.select(events.c.id, events.c.number).order_by(events.c.id)
    assert await look(url, lambda sync: sync.execute(found).all()) == [(1, 1), (2, 2), (3, 3)]
    terms = sa.select(partners.c.status, partners.c.contacts, partners.c.four_eyes, partners.c.approval_ceiling)
    assert await look(url, lambda sync: sync.execute(terms).all()) == [(PartnerStatus.ACTIVE, "[]", False, None)]
    with pytest.raises(REFUSED):
        await write(url, later.format("PARTNER_SOLD"))
    with pytest.raises(REFUSED):
        await write(url, "UPDATE partners SET status = 'SUSPENDED'")


async def test_events_refer_to_products_after_the_step_for_them(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0007")
    event = """INSERT INTO events (partner_id, number, type, occurred_at{})
        VALUES (1, {}, '{}', '2026-07-01T12:00:00.000000Z'{})"""
    await write(
        url,
        "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        event.format("", 1, "STOCK_LOW", ""),
    )

    migrate.upgrade(url)

    await write(url, event.format(", product_id", 2, "PRODUCT_RETIRED", ", 1"))
    found = sa.select(events.c.number, events.c.product_id).order_by(events.c.number)
    assert await look(url, lambda sync: sync.execute(found).all()) == [(1, None), (2, 1)]
    with pytest.raises(REFUSED):
        await write(url, event.format(", product_id", 3, "PRODUCT_RETIRED", ", 2"))
    with pytest.raises(REFUSED):
        await write(url, event.format("", 3, "PRODUCT_SOLD", ""))


async def test_tokens_can_be_used_from_anywhere_after_the_step_for_addresses(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0008")
    await write(url, "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')")

    migrate.upgrade(url)

    assert await look(url, lambda sync: sync.execute(sa.select(partners.c.api_token_networks)).all()) == [("",)]
    assert await look(url, lambda sync: sync.execute(sa.select(tokens.c.last_used_address)).all()) == []


async def test_users_have_no_identities_after_the_step_for_them(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0010")
    user = """INSERT INTO users (partner_id, email, name, role, password_hash)
        VALUES (1, '{}@alfa.example', 'Ana', 'MANAGER', '')"""
    await write(
        url, "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')", user.format(1), user.format(2)
    )

    migrate.upgrade(url)

    link = """INSERT INTO identities (partner_id, user_id, issuer, subject, linked_at)
        VALUES (1, {}, 'https://id.example', '{}', '2026-07-01T12:00:00.000000Z')"""
    await write(url, link.format(1, "a"), link.format(2, "b"))
    for again in (link.format(2, "a"), link.format(2, "c"), link.format(3, "d")):
        with pytest.raises(REFUSED):
            await write(url, again)


async def test_no_identity_created_the_tokens_that_were_there_before(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0034")
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '16727230000197')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', '')""",
        """INSERT INTO tokens (partner_id, user_id, kind, name, prefix, digest, created_at)
            VALUES (1, 1, 'API', 'Script', 'ppt_1', 'x', '2026-07-01T12:00:00.000000Z')""",
    )

    migrate.upgrade(url)

    assert await look(url, lambda sync: sync.execute(sa.select(tokens.c.name, tokens.c.by_identity)).all()) == [
        ("Script", False)
    ]
    unlinked = "INSERT INTO unlinked_identities (partner_id, user_id, digest) VALUES (1, {}, '{}')"
    await write(url, unlinked.format(1, "a"), unlinked.format(1, "b"))
    for refused in (unlinked.format(1, "a"), unlinked.format(2, "a")):
        with pytest.raises(REFUSED):
            await write(url, refused)


async def test_users_have_no_second_factor_after_the_step_for_it(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0011")
    event = """INSERT INTO events (partner_id, number, type, occurred_at)
        VALUES (1, {}, '{}', '2026-07-01T12:00:00.000000Z')"""
    await write(
        url,
        "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '16727230000197')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'none')""",
        event.format(1, "PRODUCT_RETIRED"),
    )

    migrate.upgrade(url)

    await write(url, event.format(2, "SECOND_FACTOR_ENABLED"))
    of_user = sa.select(users.c.second_factor_since, partners.c.second_factor_required).join(partners)
    assert await look(url, lambda sync: sync.execute(of_user).all()) == [(None, False)]
    numbers = sa.select(events.c.number).order_by(events.c.number)
    assert await look(url, lambda sync: sync.execute(numbers).scalars().all()) == [1, 2]
    with pytest.raises(REFUSED):
        await write(url, event.format(3, "SECOND_FACTOR_SOLD"))


async def test_the_price_table_of_each_partner_becomes_one_with_a_published_version(
    engine: str, databases: Databases
) -> None:
    url = databases.migrated(engine, to="0012")
    order = """INSERT INTO orders (partner_id, number, type, status, price_table_id, monthly_total, setup_fee_total,
        created_at, created_by_id) VALUES ({}, {}, 'PURCHASE', 'PENDING', {}, 100, 0, '{}T12:00:00.000000Z', 1)"""
    tier = """INSERT INTO price_tiers (partner_id, price_table_id, product_id, order_type, minimum_quantity,
        unit_monthly_price, unit_setup_fee, bonus_quantity) VALUES ({}, {}, 1, 'PURCHASE', {}, {}, 50, 1)"""
    await write(
        url,
        "INSERT INTO partners (name, cnpj) VALUES ('Alfa', '1'), ('Beta', '2'), ('Gama', '3')",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE)",
        "INSERT INTO price_tables (partner_id, name) VALUES (1, 'Pauta padrão'), (2, 'PAUTA PADRAO'), (3, 'Ouro')",
        *(tier.format(*each) for each in ((1, 1, 1, 100), (1, 1, 10, 90), (2, 2, 1, 200))),
        *(order.format(*each) for each in ((1, 1, 1, "2026-07-02"), (1, 2, 1, "2026-07-01"), (2, 1, 2, "2026-08-01"))),
        """INSERT INTO events (partner_id, number, type, occurred_at, order_id)
            VALUES (1, 1, 'ORDER_CREATED', '2026-07-02T12:00:00.000000Z', 1)""",
    )

    migrate.upgrade(url)

    async def found(columns: str, table: str) -> list[tuple[Any, ...]]:
        query = sa.text(f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3")  # noqa: S608 — our own.
        return [tuple(row) for row in await look(url, lambda sync: sync.execute(query).all())]

    assert await found("id, name, name_folded", "price_tables") == [
        (1, "Pauta padrão – Alfa", "pauta padrao - alfa"),
        (2, "PAUTA PADRAO – Beta", "pauta padrao - beta"),
        (3, "Ouro", "ouro"),
    ]
    assert await found("partner_id, price_table_id, preselected, active", "partner_price_tables") == [
        (number, number, True, True) for number in (1, 2, 3)
    ]
    assert await found("price_table_id, number, state, tier_count, tier_sum", "price_table_versions") == [
        (1, 1, "PUBLISHED", 2, 1 + 100 + 50 + 1 + 10 + 90 + 50 + 1),
        (2, 1, "PUBLISHED", 1, 1 + 200 + 50 + 1),
        (3, 1, "PUBLISHED", 0, 0),
    ]
    assert await found("version_id, minimum_quantity, unit_monthly_price", "price_tiers") == [
        (1, 1, 100),
        (1, 10, 90),
        (2, 1, 200),
    ]
    assert await found("partner_id, number, price_table_id, price_table_version_id", "orders") == [
        (1, 1, 1, 1),
        (1, 2, 1, 1),
        (2, 1, 2, 2),
    ]
    late = "orders o JOIN price_table_versions v ON v.id = o.price_table_version_id WHERE v.begins_at > o.created_at"
    assert await found("o.id, o.number, v.id", late) == []
    event = """INSERT INTO events (partner_id, number, type, occurred_at, price_table_id)
        VALUES (1, 2, '{}', '2026-07-02T12:00:00.000000Z', {})"""
    await write(url, event.format("PRICES_CHANGED", 1))
    assert await found("number, order_id, price_table_id", "events") == [(1, 1, None), (2, None, 1)]
    for refused in (
        event.format("PRICES_SOLD", 1),
        "INSERT INTO price_tables (name, name_folded) VALUES ('O', 'ouro')",
    ):
        with pytest.raises(REFUSED):
            await write(url, refused)
    with pytest.raises(REFUSED):
        await write(url, "UPDATE orders SET status = 'SOLD'")


async def test_events_and_orders_that_were_there_before_get_their_hashes(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0012")
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '1'), ('Beta', 'beta', '2')",
        "INSERT INTO partner_counters (partner_id, order_number, event_number) VALUES (1, 2, 2), (2, 0, 1)",
        """INSERT INTO users (partner_id, email, name, role, password_hash)
            VALUES (1, 'ana@alfa.example', 'Ana', 'MANAGER', 'hash')""",
        "INSERT INTO products (code, name, included_seats, active) VALUES ('A', 'A', 1, TRUE), ('B', 'B', 1, TRUE)",
        "INSERT INTO price_tables (partner_id, name) VALUES (1, 'Ouro')",
        *(
            f"""INSERT INTO orders (partner_id, number, type, status, price_table_id, monthly_total, setup_fee_total,
                created_at, created_by_id)
                VALUES (1, {number}, 'PURCHASE', 'PENDING', 1, 100, 0, '2026-07-02T12:00:00.000000Z', 1)"""  # noqa: S608 — our own.
            for number in (1, 2)
        ),
        """INSERT INTO order_items (partner_id, order_id, product_id, quantity, bonus_quantity, seats,
            unit_monthly_price, unit_setup_fee) VALUES (1, 1, 2, 3, 1, 8, 10, 5), (1, 1, 1, 7, 0, 14, 10, 5)""",
        """INSERT INTO clients (partner_id, name_folded, trade_name_folded, city_folded, status, registered_at)
            VALUES (1, '', '', '', 'CANCELLED', '2026-07-01T12:00:00.000000Z')""",
        """INSERT INTO activations (partner_id, client_id, product_id, authorization_code, activation_key, seats,
            additional_seats, client_name_folded, status, activated_at, activated_by_id, cancelled_at,
            cancellation_reason, ecf_serial_number)
            VALUES (1, 1, 1, 'CODE', 'KEY-1', 1, 0, '', 'CANCELLED', '2026-07-01T12:00:00.000000Z', 1,
            '2026-07-02T12:00:00.000000Z', 'CLIENT_CANCELLED', 'EP1')""",
        """INSERT INTO events (partner_id, number, type, occurred_at, actor_id, order_id) VALUES
            (1, 2, 'ORDER_CREATED', '2026-07-02T12:00:00.000001Z', 1, 2),
            (2, 1, 'PARTNER_CREATED', '2026-07-02T12:00:00.000000Z', NULL, NULL),
            (1, 1, 'ORDER_CREATED', '2026-07-02T12:00:00.000000Z', 1, 1)""",
    )

    migrate.upgrade(url)

    database = Database(url)
    async with reading(database) as connection:
        chains = [await audit.verify(connection, partner_id) for partner_id in (1, 2)]
        items = await orders.items_of(connection, 1, [1, 2])
        stored = await fetch_values(connection, sa.select(tables.orders.c.lines_hash).order_by(tables.orders.c.id))
        keys = sa.select(tables.activations.c.activation_key, tables.activations.c.ecf_serial_number)
        assert await fetch_all(connection, keys) == [("ERASED-1", "ERASED-1")]
    await database.close()
    assert [each and (each.checked, each.broken_at) for each in chains] == [(2, None), (1, None)]
    assert stored == [lines_hash(items[1]), lines_hash([])]
