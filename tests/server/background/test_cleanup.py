"""Failed sign-ins, challenges, invitations and links for new passwords are deleted once they no longer count."""

import asyncio
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
import structlog
from structlog.testing import capture_logs

from db import attempts, idempotency
from db.engine import Database
from db.idempotency import Claim
from db.tables import idempotency_keys, invitations, partners, password_resets, sign_in_attempts, sign_in_challenges
from domain.attempts import Failures
from domain.invitations import Delivery
from resolvers import ids, second_steps
from resolvers.portal import Portal
from server.app import create_app
from server.background import cleanup
from server.settings import Settings
from tests.api import Api
from tests.clock import Clock
from tests.databases import Databases
from tests.factories import add_app, new_caller, new_partner
from tests.units import execute, fetch_value, fetch_values, insert, reading, writing


async def fail_to_sign_in(http: httpx.AsyncClient, email: str) -> None:
    query = f'mutation {{ signIn(input: {{email: "{email}", password: "wrong"}}) {{ token }} }}'
    await http.post("/graphql", json={"query": query})


async def known(portal: Portal, email: str) -> bool:
    digest = portal.digest("sign-in by e-mail", email.encode())
    statement = sa.select(sa.exists().where(sign_in_attempts.c.digest == digest))
    async with reading(portal.database) as connection:
        return bool(await fetch_value(connection, statement))


async def test_failures_are_deleted_a_day_after_the_last_one(
    http: httpx.AsyncClient, portal: Portal, clock: Clock
) -> None:
    old, recent = f"{uuid4()}@anonymous.example", f"{uuid4()}@anonymous.example"
    await fail_to_sign_in(http, old)
    clock.forward(hours=1)
    await fail_to_sign_in(http, recent)
    clock.forward(hours=23)

    await cleanup.delete_expired(portal)

    assert (await known(portal, old), await known(portal, recent)) == (False, True)


async def test_challenges_are_deleted_once_they_have_expired(api: Api, clock: Clock) -> None:
    challenges = sa.select(sa.func.count()).where(sign_in_challenges.c.user_id == api.user_id)
    counts = []
    async with writing(api.portal.database) as tx:
        await add_app(tx, api.portal, api.partner_id, api.user_id)
        await second_steps.begin(tx, api.portal, (api.partner_id, api.user_id), "none", at=clock.now)
    for seconds in (299, 1):
        clock.forward(seconds=seconds)
        await cleanup.delete_expired(api.portal)
        async with reading(api.portal.database) as connection:
            counts.append(await fetch_value(connection, challenges))

    assert counts == [1, 0]


async def test_a_running_server_deletes_them(
    http: httpx.AsyncClient, portal: Portal, settings: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "EVERY_SECONDS", 0.01)
    email = f"{uuid4()}@anonymous.example"
    await fail_to_sign_in(http, email)
    clock.forward(hours=24)
    of_a_server = Portal(Database(portal.database.url.render_as_string(hide_password=False)), portal.secret)
    of_a_server.now = clock
    app = create_app(of_a_server, settings)

    async with app.router.lifespan_context(app), asyncio.timeout(60):
        while await known(portal, email):
            # Each round waits for a statement, and lets the server run.
            pass


async def test_a_database_out_of_reach_is_waited_for(portal: Portal) -> None:
    away = Portal(Database("postgresql+asyncpg://portal@127.0.0.1:1/portal"), portal.secret)

    await cleanup.delete_expired(away)
    await cleanup.update_statistics(away)


async def test_a_kind_that_cannot_be_deleted_stays_alone(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    # A logger that was used before, as a server sets it up, writes to its old stream.
    monkeypatch.setattr(cleanup, "log", structlog.get_logger("portal.tidying"))
    database = Database(databases.migrated("sqlite"))
    portal = Portal(database, b"s" * 32)
    clock = Clock.of(portal)
    partner_id = await new_partner(portal)
    async with writing(database) as tx:
        await attempts.locked(tx, [b"a" * 32], at=clock())
        await attempts.record(tx, {b"a" * 32: Failures(1, clock(), clock())})
        await idempotency.claim(tx, Claim(partner_id, "registerClient", b"k" * 32, b"i" * 32), at=clock())
        refuse = "CREATE TRIGGER refuse BEFORE DELETE ON sign_in_attempts BEGIN SELECT RAISE(ABORT, 'no'); END"
        await execute(tx, sa.text(refuse))
    clock.forward(days=2)

    with capture_logs() as logs:
        await cleanup.delete_expired(portal)

    async with reading(database) as connection:
        counts = [
            await fetch_value(connection, sa.select(sa.func.count()).select_from(table))
            for table in (sign_in_attempts, idempotency_keys)
        ]
    await database.close()
    assert counts == [1, 0]
    assert [line["kind"] for line in logs if line["log_level"] == "error"] == ["attempts"]


async def test_a_running_server_updates_statistics_of_tables_that_grew(
    databases: Databases, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "EVERY_SECONDS", 0.01)
    portal = Portal(Database(databases.migrated("sqlite")), b"s" * 32)
    cnpjs = [{"cnpj": f"{number:014}", "name": "Alfa", "name_folded": "alfa"} for number in range(1_000)]
    async with writing(portal.database) as tx:
        await insert(tx, partners, cnpjs)
    counted = sa.text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'partners' AND stat LIKE '1000 %'")

    app = create_app(portal, settings)
    async with app.router.lifespan_context(app), asyncio.timeout(60):
        found = 0
        while not found:
            async with reading(portal.database) as connection:
                found = await fetch_value(connection, counted)


async def test_expired_links_are_deleted_and_lost_e_mails_shown(
    http: httpx.AsyncClient, portal: Portal, clock: Clock
) -> None:
    manager = await new_caller(http, portal, await new_partner(portal))
    user = await new_caller(http, portal, manager.partner_id)
    person = {"email": f"{uuid4()}@alfa.example", "name": "Bia", "role": "VIEWER"}
    await manager.done("inviteUser", "invitation { id }", person)
    await manager.done("createPasswordResetLink", "user { id }", {"userId": ids.encode("User", user.user_id)})
    queued = sa.update(invitations).where(invitations.c.partner_id == manager.partner_id)
    async with writing(portal.database) as tx:
        await execute(tx, queued.values(delivery=Delivery.QUEUED))

    async def left() -> list[object]:
        await cleanup.delete_expired(portal)
        async with reading(portal.database) as connection:
            deliveries = sa.select(invitations.c.delivery).where(invitations.c.partner_id == manager.partner_id)
            links = sa.select(password_resets.c.user_id).where(password_resets.c.user_id == user.user_id)
            return [await fetch_values(connection, deliveries), len(await fetch_values(connection, links))]

    found = [await left()]
    for hours in (0.25, 0.75, 71):
        clock.forward(hours=hours)
        found.append(await left())

    assert found == [[[Delivery.QUEUED], 1], [[Delivery.FAILED], 1], [[Delivery.FAILED], 0], [[], 0]]
