"""Row-level security lets a unit of work touch the rows of its own scope only, whatever its statements say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import pytest
import sqlalchemy as sa

from db import policies
from db.engine import Connection, Database, Transaction, row_scope
from db.engine.deadline import Deadline, current
from db.engine.failures import NotBoundError
from db.engine.pool_sizes import PoolSizes
from db.engine.postgres_connection import BULK
from db.migrations import migrate
from db.tables import clients, license_stock, metadata, partners, users
from domain.access import Role
from domain.errors import Unavailable
from domain.tenancy import ALL_PARTNERS, Scope
from server import diagnosis
from server.diagnosis import DatabaseTroubleError
from tests.clusters import Cluster
from tests.databases import Databases
from tests.db.plain_sql import write
from tests.db.rows_of_two_partners import Rows, new_row, write_two_partners
from tests.factories import add_partner
from tests.poolers import pgbouncer
from tests.units import compiled, execute, fetch_all, fetch_value, insert, writing
from tests.walled import CREATE_ROLE, ROLE, Walled, bound, turn_on

TABLES = [metadata.tables[name] for name in sorted(policies.COLUMNS)]
ONE_CONNECTION = PoolSizes(reading=1, writing=1)
SECONDS = 45
LOCKED = sa.text(
    "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
    "WHERE pid = pg_backend_pid() AND relkind = 'r' AND mode = 'AccessExclusiveLock'"
)
SCOPES = [None, 1, 2, ALL_PARTNERS]


def seen_by(scope: Scope | None) -> set[int]:
    if scope is None:
        return set()
    return {1, 2} if scope is ALL_PARTNERS else {scope}


def within(scope: Scope | None) -> AbstractContextManager[None]:
    """Run units of work for one partner, for all, or for none."""
    if scope is None:
        return nullcontext()
    return row_scope.of_every_partner() if scope is ALL_PARTNERS else row_scope.of_partner(scope)


def owner(table: sa.Table) -> sa.Column[int]:
    return table.c[policies.COLUMNS[table.name]]


@pytest.fixture(scope="module")
async def rows() -> list[Rows]:
    """Rows of the two partners, once they are written."""
    return []


@pytest.fixture(scope="module")
async def url(databases: Databases, rows: list[Rows]) -> Walled:
    """URL of a database with policies, and a row of each table for each of two partners."""
    walled = await turn_on(databases.migrated("postgresql"))
    async with writing(Database(walled)) as tx:
        rows += await write_two_partners(tx)
    return walled


@pytest.fixture
async def database(url: Walled) -> AsyncIterator[Database]:
    """The database as a server has it, by one connection for reads and one for writes."""
    # With a deadline, as in a server, a statement that is read alone has no transaction.
    opened = Database(bound(url), sizes=ONE_CONNECTION, seconds=SECONDS, row_security=True)
    yield opened
    await opened.close()


def partners_of(table: sa.Table) -> Callable[[Connection], Awaitable[set[int]]]:
    """Return a unit of work that reads whose rows it finds by a statement that names no partner."""
    statement = compiled(sa.select(owner(table)))

    async def read(connection: Connection) -> set[int]:
        return {row[0] for row in await connection.fetch(statement)}

    return read


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_a_read_that_names_no_partner_finds_rows_of_its_scope_only(database: Database, table: sa.Table) -> None:
    read = partners_of(table)

    for scope in SCOPES:
        with within(scope):
            assert await database.read(read, alone=True) == seen_by(scope)
            assert await database.read(read) == seen_by(scope)
            assert await database.read_long(read, seconds=60) == seen_by(scope)


async def test_users_of_the_vendor_are_seen_within_each_scope_only(databases: Databases) -> None:
    walled = await turn_on(databases.migrated("postgresql"))
    async with writing(Database(walled)) as tx:
        _, second = await write_two_partners(tx)
        await insert(tx, users, [new_row(users, 2, second) | {"role": Role.VENDOR_SALES}])
    database = Database(bound(walled), sizes=ONE_CONNECTION, seconds=SECONDS, row_security=True)
    of_vendor = compiled(sa.select(users.c.role).where(users.c.role == Role.VENDOR_SALES))

    async def count() -> int:
        return len(await database.read(lambda connection: connection.fetch(of_vendor), alone=True))

    found = []
    for scope in SCOPES:
        with within(scope):
            found.append(await count())
    await database.close()

    assert dict(zip(SCOPES, found, strict=True)) == {None: 0, 1: 1, 2: 1, ALL_PARTNERS: 1}


@pytest.mark.parametrize("table", TABLES, ids=str)
async def test_a_write_that_names_no_partner_changes_rows_of_its_scope_only(
    database: Database, table: sa.Table
) -> None:
    # The partner stays, so that no reference is broken.
    update = sa.update(table).values({owner(table): owner(table)})
    if "updated_at" in table.c:
        update = update.values(updated_at=table.c.updated_at)

    for scope in SCOPES:
        with within(scope):
            changed = await database.rehearse(lambda tx: execute(tx, update))
            assert changed == len(seen_by(scope))


@pytest.mark.parametrize("table", [each for each in TABLES if each is not partners], ids=str)
async def test_a_row_of_another_partner_is_not_written(database: Database, table: sa.Table, rows: list[Rows]) -> None:
    async def write(tx: Transaction) -> None:
        await insert(tx, table, [new_row(table, 2, rows[1])])

    for scope in (None, 1):
        with within(scope), pytest.raises(sa.exc.DBAPIError, match="row-level security"):
            await database.rehearse(write)


async def test_rows_that_are_no_partners_are_seen_by_all(database: Database) -> None:
    shared = [each for each in metadata.sorted_tables if each.name not in policies.COLUMNS]

    for table in shared:
        assert await database.read(partial(_count, table=table)) == 1


async def _count(connection: Connection, *, table: sa.Table) -> int:
    found: int = await fetch_value(connection, sa.select(sa.func.count()).select_from(table))
    return found


async def test_many_rows_at_once_are_written_without_copy(database: Database, rows: list[Rows]) -> None:
    lines = [new_row(license_stock, 1, rows[0]) for _ in range(BULK)]

    async def write(tx: Transaction) -> int:
        await execute(tx, sa.delete(license_stock))
        await insert(tx, license_stock, lines[:1])
        await insert(tx, clients, [new_row(clients, 1, rows[0]) | {"cnpj": f"{n:014}"} for n in range(BULK)])
        return await _count(tx, table=clients)

    with row_scope.of_partner(1):
        assert await database.rehearse(write) == BULK + 1


async def test_two_partners_that_share_a_connection_never_see_each_others_rows(database: Database) -> None:
    read = partners_of(clients)

    async def of(scope: Scope | None, *, alone: bool) -> bool:
        with within(scope):
            return await database.read(read, alone=alone) == seen_by(scope)

    found = await asyncio.gather(
        *(of(scope, alone=alone) for _ in range(10) for alone in (True, False) for scope in SCOPES)
    )

    assert all(found)


async def test_a_failed_read_leaves_its_partner_to_no_other(database: Database) -> None:
    failing = compiled(sa.select(sa.literal(1) / sa.func.length("")))

    with row_scope.of_partner(1), pytest.raises(sa.exc.DBAPIError):
        await database.read(lambda connection: connection.fetch(failing), alone=True)
    with row_scope.of_partner(2), pytest.raises(sa.exc.DBAPIError):
        await database.write(lambda tx: tx.fetch(failing))

    await _sees_only_its_own(database)


@pytest.mark.parametrize("alone", [True, False])
async def test_a_read_that_is_ended_leaves_its_partner_to_no_other(database: Database, *, alone: bool) -> None:
    endless = compiled(sa.select(sa.cast(sa.func.pg_sleep(600), sa.Text)))

    async def late() -> None:
        current.set(Deadline(0.2))
        with row_scope.of_partner(1):
            await database.read(lambda connection: connection.fetch(endless), alone=alone)

    with pytest.raises(Unavailable):
        await asyncio.create_task(late())

    await _sees_only_its_own(database)


async def _sees_only_its_own(database: Database) -> None:
    read = partners_of(clients)
    for alone in (True, False):
        assert await database.read(read, alone=alone) == set()
    with row_scope.of_partner(2):
        assert await database.read(read, alone=True) == {2}


async def test_a_pooler_gives_no_partner_the_rows_of_another(cluster: Cluster) -> None:
    walled = await turn_on(cluster.url)
    async with writing(Database(walled)) as tx:
        both = [await add_partner(tx) for _ in range(2)]
    read = partners_of(partners)
    with pgbouncer(cluster, sessions=1, user=ROLE) as text:
        database = Database(f"{text}&pooler=transaction", seconds=SECONDS, row_security=True)

        async def of(partner_id: int) -> set[int]:
            with row_scope.of_partner(partner_id):
                return await database.read(read, alone=True)

        assert await asyncio.gather(*(of(each) for _ in range(5) for each in both)) == [{each} for each in both] * 5
        assert await database.read(read, alone=True) == set()
        await database.close()
    async with writing(Database(walled)) as tx:
        await policies.turn_off(tx)


async def test_a_role_that_the_policies_do_not_bind_is_refused(url: Walled) -> None:
    database = Database(url, row_security=True)

    with pytest.raises(Unavailable) as raised:
        await database.read(partners_of(clients), alone=True)

    assert isinstance(raised.value.__cause__, NotBoundError)
    assert "portal row-security on" in str(diagnosis.trouble(raised.value, url))
    await database.close()


async def test_a_bound_role_does_not_start_without_the_setting(url: Walled) -> None:
    database = Database(bound(url))

    with pytest.raises(DatabaseTroubleError, match="DATABASE_ROW_SECURITY=true"):
        await diagnosis.check_tables(database)

    await database.close()


async def test_a_server_does_not_start_without_policies_on_each_table(databases: Databases) -> None:
    walled = await turn_on(databases.migrated("postgresql"))
    async with writing(Database(walled)) as tx:
        await execute(tx, sa.text("ALTER TABLE webhooks DISABLE ROW LEVEL SECURITY"))
    database = Database(bound(walled), row_security=True)

    with pytest.raises(DatabaseTroubleError, match="in webhooks"):
        await diagnosis.check_tables(database)

    await database.close()


async def test_a_server_does_not_start_if_a_table_has_no_policy(databases: Databases) -> None:
    walled = await turn_on(databases.migrated("postgresql"))
    await write(walled, "DROP POLICY portal_partner ON webhooks")
    database = Database(bound(walled), row_security=True)

    with pytest.raises(DatabaseTroubleError, match="no policy in webhooks"):
        await diagnosis.check_tables(database)

    await database.close()


async def test_a_migration_adds_the_policies_of_new_tables_where_they_are_on(databases: Databases) -> None:
    url = databases.migrated("postgresql", to="0026")
    database = Database(url)
    await write(url, CREATE_ROLE)
    await database.write(policies.turn_on)
    await write(url, "DROP POLICY portal_partner ON webhooks", "ALTER TABLE webhooks DISABLE ROW LEVEL SECURITY")

    migrate.upgrade(url)

    assert await database.write(partial(policies.grant, role=ROLE))
    await database.close()
    database = Database(bound(url), row_security=True)
    await diagnosis.check_tables(database)
    await database.close()


ALTERED = {
    "activations": "ALTER POLICY portal_partner ON activations USING (true)",
    "clients": "ALTER POLICY portal_partner ON clients WITH CHECK (true)",
    "events": "ALTER TABLE events DISABLE ROW LEVEL SECURITY",
    "orders": f"ALTER POLICY portal_partner ON orders TO {ROLE}",
    "users": "DROP POLICY portal_vendor ON users",
}


async def test_only_policies_that_are_missing_or_different_are_made(databases: Databases) -> None:
    walled = await turn_on(databases.migrated("postgresql"))
    await write(walled, *ALTERED.values())
    database = Database(walled)
    before = await database.read(policies.unfit)

    async with writing(database) as tx:
        await policies.turn_on(tx)
        locked = {name for (name,) in await fetch_all(tx, LOCKED)}
    after = await database.read(policies.unfit)
    await database.close()

    assert before == sorted(ALTERED)
    assert locked == ALTERED.keys()
    assert after == []


async def test_a_role_is_granted_the_schema_and_only_reads_the_revision(databases: Databases) -> None:
    url = databases.migrated("postgresql")
    await write(url, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")

    walled = await turn_on(url)

    async with writing(Database(walled)) as tx:
        uses = await fetch_value(tx, sa.select(sa.func.has_schema_privilege(ROLE, "public", "USAGE")))
        of_revision = [
            await fetch_value(tx, sa.select(sa.func.has_table_privilege(ROLE, "alembic_version", privilege)))
            for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE")
        ]
    assert uses
    assert of_revision == [True, False, False, False]
