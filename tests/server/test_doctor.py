"""`portal doctor` finds every inconsistency, and says what would be right."""

# ruff: noqa: S608 — the statements are made of constants.

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from db.doctor.checks import examine, examine_rows
from db.doctor.findings import Finding
from db.engine import Database
from demo import making
from demo.plan import Sizes
from domain.timestamps import utc_now
from resolvers.portal import Portal
from tests.databases import Databases
from tests.server.conftest import Command

ACTIVE = "status = 'ACTIVE' AND partner_id = 1"
AN_ACTIVATION = f"(SELECT min(id) FROM activations WHERE {ACTIVE})"
ANOTHER_S_CLIENT = "(SELECT max(id) FROM clients WHERE partner_id = 3)"
A_PURCHASE = "(SELECT min(id) FROM orders WHERE partner_id = 1 AND type = 'PURCHASE' AND status = 'COMPLETED')"
A_CANCELLED_CLIENT = "(SELECT min(id) FROM clients WHERE partner_id = 1 AND status = 'CANCELLED')"
A_CLIENT = "(SELECT min(id) FROM clients WHERE partner_id = 1 AND status = 'ACTIVE')"
AN_EVENT = "partner_id = 1 AND number = 3"
CANCELLED, ENDED = "UPDATE activations SET", "partner_id = 1 AND status = 'CANCELLED'"
"""The damages below name rows of the first partner only."""

DAMAGES = [
    ("UPDATE license_stock SET bonus = bonus + 5 WHERE partner_id = 1 AND product_id = 1", "bonus is"),
    ("UPDATE license_stock SET additional_seats_total = 9999 WHERE partner_id = 1", "is 9999, but its movements"),
    ("DELETE FROM license_stock WHERE partner_id = 1 AND product_id = 1", "product 1 has activations but no stock"),
    (f"UPDATE clients SET active_activations = 77 WHERE id = {A_CLIENT}", "active_activations is 77, but"),
    ("UPDATE clients SET last_activated_at = '2019-07-01T12:00:00Z' WHERE partner_id = 1", "its latest activation is"),
    (f"UPDATE activations SET product_id = 3 WHERE id = {AN_ACTIVATION}", "activations are active"),
    (f"UPDATE activations SET additional_seats = 1, seats = 9 WHERE {ACTIVE}", "active activations hold"),
    (f"DELETE FROM stock_movements WHERE activation_id = {AN_ACTIVATION}", "holds 0 licenses and 0"),
    (f"UPDATE stock_movements SET purchased = 7777 WHERE order_id = {A_PURCHASE}", "adds 7777 to purchased"),
    (f"DELETE FROM stock_movements WHERE order_id = {A_PURCHASE}", "has 0 movements in the ledger"),
    (f"UPDATE orders SET setup_fee_total = 1 WHERE id = {A_PURCHASE}", "setup_fee_total is 1 cents"),
    (f"DELETE FROM order_items WHERE order_id = {A_PURCHASE}", "but its items come to 0"),
    ("UPDATE events SET number = number + 1000 WHERE number = 5", "numbers from 1 to 1005"),
    ("UPDATE orders SET number = 0 WHERE number = 1 AND partner_id = 1", "numbers from 0 to"),
    ("UPDATE users SET role = 'VENDOR_ADMIN' WHERE email = 'gerente@alfa.example'", "another kind of organization"),
    ("UPDATE users SET second_factor_since = '2026-07-01T12:00:00Z' WHERE id = 1", "a second factor by one table"),
    ("UPDATE partners SET status = 'CLOSED', closed_at = '2026-07-01T12:00:00Z' WHERE id = 1", "closed, but has an"),
    ("DELETE FROM partner_counters WHERE partner_id = 1", "it has no row in partner_counters"),
    (f"UPDATE activations SET client_id = {ANOTHER_S_CLIENT} WHERE id = {AN_ACTIVATION}", "client_id names no row"),
    (f"UPDATE activations SET client_id = 987654 WHERE id = {AN_ACTIVATION}", "client_id names no row"),
    (f"UPDATE activations SET moved_to_id = 987654 WHERE id = {AN_ACTIVATION}", "moved_to_id names no row"),
    ("DELETE FROM partner_price_tables WHERE partner_id = 1", "it has no preselected price table"),
    ("UPDATE price_tiers SET unit_setup_fee = 1 WHERE version_id = 1", "was changed after it was published"),
    ("UPDATE orders SET price_table_version_id = 2 WHERE partner_id = 1 AND number = 1", "not of a published version"),
    (f"UPDATE clients SET trade_name_folded = 'sol' WHERE id = {A_CANCELLED_CLIENT}", "not all that says who it was"),
    (f"UPDATE clients SET names_folded = 'sol' WHERE id = {A_CANCELLED_CLIENT}", "not all that says who it was"),
    (f"UPDATE activations SET note = 'Sol' WHERE client_id = {A_CANCELLED_CLIENT}", "not all that says who it was"),
    (f"UPDATE activations SET client_id = {A_CANCELLED_CLIENT} WHERE {ACTIVE}", "has an active activation"),
    (f"UPDATE activations SET client_name_folded = '' WHERE id = {AN_ACTIVATION}", "sorted by is not its own"),
    (f"UPDATE clients SET names_folded = name_folded || ' ' WHERE {ACTIVE}", "found by are not its own"),
    (
        f"UPDATE activations SET activation_key = 'SOL-1' WHERE client_id = {A_CANCELLED_CLIENT}",
        "not all that says who",
    ),
    (f"UPDATE clients SET cnpj = '11222333000180' WHERE id = {A_CLIENT}", "its CNPJ has wrong check digits"),
    (f"UPDATE clients SET cnpj = '11.222.333/0001-81' WHERE id = {A_CLIENT}", "14 characters without a mask"),
    ("UPDATE partners SET cnpj = '11222333000180' WHERE id = 1", "partners 1: its CNPJ has wrong check digits"),
    (f"UPDATE clients SET name = 'Éder' WHERE id = {A_CLIENT}", "name_folded is not the folded name"),
    (f"UPDATE clients SET city = 'Éden' WHERE id = {A_CLIENT}", "city_folded is not the folded city"),
    ("UPDATE partners SET name = 'Éden' WHERE id = 1", "partners 1: name_folded is not the folded name"),
    ("UPDATE price_tables SET name = 'Éden' WHERE id = 1", "price_tables 1: name_folded is not the folded name"),
    (f"UPDATE activations SET authorization_code = 'O' WHERE id = {AN_ACTIVATION}", "five groups of five Crockford"),
    (f"{CANCELLED} activated_at = '2099-01-01T12:00:00.000000Z' WHERE {ENDED}", "cancelled before it was activated"),
    (f"{CANCELLED} updated_at = activated_at WHERE {ENDED}", "last change before its beginning or end"),
    ("UPDATE clients SET updated_at = '1970-01-01T00:00:00.000000Z'", "last change before its beginning or end"),
    (
        "UPDATE clients SET updated_at = '2099-01-01T00:00:00.000000Z' WHERE id = 1",
        "later than that of partner_counters",
    ),
    ("UPDATE orders SET created_at = '2099-01-01T12:00:00.000000Z'", "was approved before it was created"),
    (f"DELETE FROM order_items WHERE order_id = {A_PURCHASE}", "has no items"),
    ("UPDATE order_items SET seats = seats + 1 WHERE id = 1", "not those that it was created with"),
    (f"UPDATE events SET type = 'CLIENT_UPDATED' WHERE {AN_EVENT}", "event 3 does not follow the one before it"),
    (f"UPDATE events SET actor_id = NULL WHERE {AN_EVENT}", "event 3 does not follow the one before it"),
    (f"UPDATE events SET erased = 'CNPJ=1' WHERE {AN_EVENT}", "event 3 does not follow the one before it"),
    (f"DELETE FROM events WHERE {AN_EVENT}", "event 3 does not follow the one before it"),
]

TOGETHER = [
    (
        f"UPDATE order_items SET unit_monthly_price = 1 WHERE order_id = {A_PURCHASE}",
        f"""UPDATE orders SET monthly_total = (SELECT sum(unit_monthly_price * quantity) FROM order_items
            WHERE order_id = orders.id) WHERE id = {A_PURCHASE}""",
        "its items are not those that it was created with",
    ),
    (
        "DELETE FROM events WHERE partner_id = 1 AND number = (SELECT max(number) FROM events WHERE partner_id = 1)",
        "UPDATE partner_counters SET event_number = event_number - 1 WHERE partner_id = 1",
        "or it is missing",
    ),
    (
        "DELETE FROM events WHERE partner_id = 1",
        "UPDATE partner_counters SET event_number = 0 WHERE partner_id = 1",
        "event 1 does not follow",
    ),
]
"""Two changes that agree with each other, and what is found nevertheless."""


@pytest.fixture(scope="module")
async def small_demo(engine: str, databases: Databases) -> str:
    """URL of a database with a demo, to be copied."""
    url = databases.migrated(engine)
    portal = Portal(Database(url), secret=b"s" * 32, demo=True)
    await making.make(portal, Sizes(40, 80, 20), seed=1, now=utc_now(), report=lambda *_: None)
    await portal.database.close()
    return url


@pytest.fixture
async def demo(small_demo: str, databases: Databases) -> AsyncIterator[Portal]:
    """Demo in a database of its own."""
    database = Database(databases.copy(small_demo))
    yield Portal(database, secret=b"s" * 32, demo=True)
    await database.close()


async def damage(portal: Portal, statement: str) -> None:
    """Write what constraints would refuse."""
    unchecked = {"sqlite": "PRAGMA foreign_keys = OFF", "postgresql": "SET session_replication_role = replica"}
    engine = create_async_engine(portal.database.url)
    async with engine.connect() as connection:
        # SQLite accepts the first one outside of a transaction only.
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute(unchecked[engine.dialect.name])
        await connection.execute(sa.text(statement))
        await connection.commit()
    await engine.dispose()


async def findings(portal: Portal) -> list[Finding]:
    return await examine(portal.database)


@pytest.mark.parametrize(("statement", "said"), DAMAGES, ids=[said for _, said in DAMAGES])
async def test_each_damage_is_found_and_what_would_be_right_is_said(demo: Portal, statement: str, said: str) -> None:
    await damage(demo, statement)

    found = await demo.database.read(examine_rows)
    assert any(said in finding.message for finding in found), found
    assert {finding.partner_id for finding in found} <= {1, 2, 3, None, 987654}


@pytest.mark.parametrize(("one", "other", "said"), TOGETHER, ids=[said for _, _, said in TOGETHER])
async def test_changes_that_agree_with_each_other_are_found(demo: Portal, one: str, other: str, said: str) -> None:
    await damage(demo, one)
    await damage(demo, other)

    (finding,) = [each for each in await demo.database.read(examine_rows) if said in each.message]

    assert finding.partner_id == 1


async def test_tables_that_are_not_those_of_this_version_are_found(demo: Portal) -> None:
    await damage(demo, "DROP INDEX uq_activations_active_key")

    (finding,) = await findings(demo)

    assert (finding.check, finding.partner_id) == ("tables", None)
    assert "uq_activations_active_key" in finding.message


async def test_a_column_that_is_not_as_expected_is_found(demo: Portal) -> None:
    await damage(demo, "ALTER TABLE clients ADD COLUMN nickname TEXT")

    (finding,) = await findings(demo)

    assert "nickname" in finding.message


async def test_the_tables_of_litestream_are_nothing_wrong(demo: Portal) -> None:
    await damage(demo, "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")

    assert await findings(demo) == []


async def test_old_idempotency_records_are_nothing_wrong(demo: Portal) -> None:
    moment = "'2001-01-01T00:00:00.000000Z'"
    digest = {"sqlite": "x'00'", "postgresql": r"'\x00'"}[demo.database.url.get_backend_name()]
    columns = "partner_id, mutation, key_digest, input_digest, created_at"
    values = f"1, 'm', {digest}, {digest}, {moment}"
    await damage(demo, f"INSERT INTO idempotency_keys ({columns}) VALUES ({values})")

    assert await findings(demo) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_very_many_findings_the_first_are_shown_and_the_others_counted(demo_portal: Command) -> None:
    engine = sa.create_engine(os.environ["DATABASE_URL"].replace("+aiosqlite", ""))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE orders SET monthly_total = monthly_total + 1"))
    engine.dispose()

    examined = demo_portal("doctor")

    assert examined.exit_code == 1
    lines = examined.stdout.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "order totals: and 20 more like these."
    assert "40 findings." in examined.stderr


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_that_is_damaged_is_a_finding(demo_portal: Command) -> None:
    file = Path(os.environ["DATABASE_URL"].removeprefix("sqlite+aiosqlite:///"))
    with file.open("r+b") as opened:
        opened.seek(4096 * 12)
        opened.write(b"\xff" * 4096 * 20)

    examined = demo_portal("doctor")

    assert examined.exit_code == 1
    assert examined.stdout.startswith("file: it is damaged")
