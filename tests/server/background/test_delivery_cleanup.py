"""Deliveries are kept for 30 days, and answers of receivers for a webhook's last 1,000 deliveries."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import sqlalchemy as sa

from db import webhook_deliveries as delivery_statements
from db.engine import Database
from db.tables import webhook_deliveries
from domain.webhooks import ANSWERS_KEPT
from resolvers import ids
from resolvers.portal import Portal
from server.background import cleanup
from server.graphql.documents import Documents
from tests import plain
from tests.api import Api, serving
from tests.clock import Clock
from tests.databases import Databases
from tests.factories import new_manager, new_partner
from tests.units import fetch_all, insert, reading, writing

TURNS, DAYS_OF_A_TURN = 18, 2
OF_A_TURN = 150
OF_A_ROUND = 100


async def new_webhook(api: Api) -> int:
    made = await api.done("createWebhook", "webhook { id }", {"url": "https://erp.example/webhooks"})
    return ids.number("Webhook", made["webhook"]["id"])


async def add_deliveries(api: Api, webhook_id: int, number: int, answer: str | None = "accepted") -> None:
    line = {
        "partner_id": api.partner_id,
        "webhook_id": webhook_id,
        "message_id": "msg_1",
        "attempt": 1,
        "status": "DELIVERED",
        "http_status": 200,
        "duration_ms": 1,
        "created_at": api.portal.now(),
        "answer": answer,
    }
    async with writing(api.portal.database) as tx:
        await insert(tx, webhook_deliveries, [line] * number)


async def kept(api: Api, webhook_id: int) -> tuple[int, int]:
    """How many deliveries of the webhook there are, and how many of them have an answer."""
    counted = sa.select(sa.func.count(), sa.func.count(webhook_deliveries.c.answer)).where(
        webhook_deliveries.c.partner_id == api.partner_id, webhook_deliveries.c.webhook_id == webhook_id
    )
    async with reading(api.portal.database) as connection:
        ((deliveries, answers),) = await fetch_all(connection, counted)
    return deliveries, answers


async def newest_answers(api: Api, webhook_id: int, number: int) -> list[bool]:
    """Whether each of the newest deliveries of the webhook has an answer."""
    answered = (
        sa.select(webhook_deliveries.c.answer.is_not(None))
        .where(webhook_deliveries.c.partner_id == api.partner_id, webhook_deliveries.c.webhook_id == webhook_id)
        .order_by(webhook_deliveries.c.id.desc())
        .limit(number)
    )
    async with reading(api.portal.database) as connection:
        return [bool(row[0]) for row in await fetch_all(connection, answered)]


@pytest.fixture
async def alone(own_database: Database, documents: Documents) -> AsyncIterator[Api]:
    """Manager of the only partner of a database: those of other tests would have later times and earlier ids."""
    portal = Portal(own_database, b"s" * 32)
    async with serving(portal, documents) as http:
        yield await new_manager(http, portal)


async def test_deliveries_and_answers_grow_no_further_after_a_month(alone: Api) -> None:
    api, clock = alone, Clock.of(alone.portal)
    busy, quiet = await new_webhook(api), await new_webhook(api)
    sizes = []

    for _ in range(TURNS):
        await add_deliveries(api, busy, OF_A_TURN)
        await add_deliveries(api, quiet, 1)
        await cleanup.delete_expired(api.portal)
        sizes.append((await kept(api, busy), await kept(api, quiet)))
        clock.forward(days=DAYS_OF_A_TURN)

    assert sizes[3] == ((4 * OF_A_TURN, 4 * OF_A_TURN), (4, 4))
    assert sizes[10] == ((11 * OF_A_TURN, ANSWERS_KEPT), (11, 11))
    assert sizes[15:] == [((15 * OF_A_TURN, ANSWERS_KEPT), (15, 15))] * (TURNS - 15)
    assert all(await newest_answers(api, busy, ANSWERS_KEPT))


async def test_answers_older_than_many_empty_ones_are_deleted(api: Api) -> None:
    webhook_id = await new_webhook(api)
    await add_deliveries(api, webhook_id, 3)
    await add_deliveries(api, webhook_id, 3 * ANSWERS_KEPT, answer=None)
    await add_deliveries(api, webhook_id, ANSWERS_KEPT - 1)

    await cleanup.delete_expired(api.portal)

    assert await kept(api, webhook_id) == (4 * ANSWERS_KEPT + 2, ANSWERS_KEPT - 1)


async def test_a_transaction_deletes_only_a_few_answers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "ANSWERS_AT_ONCE", OF_A_ROUND)
    webhook_id = await new_webhook(api)
    await add_deliveries(api, webhook_id, ANSWERS_KEPT + 3 * OF_A_ROUND)
    statements: list[str] = []
    api.portal.database.observers.append(statements.append)

    await cleanup.delete_expired(api.portal)

    api.portal.database.observers.clear()
    assert sum(each.startswith("UPDATE webhook_deliveries") for each in statements) == 3
    assert await kept(api, webhook_id) == (ANSWERS_KEPT + 3 * OF_A_ROUND, ANSWERS_KEPT)


async def test_two_processes_delete_answers_at_once(api: Api) -> None:
    webhook_ids = [await new_webhook(api) for _ in range(3)]
    for webhook_id in webhook_ids:
        await add_deliveries(api, webhook_id, ANSWERS_KEPT + 10)

    await asyncio.gather(*(cleanup.delete_expired(api.portal) for _ in range(2)))

    assert [await kept(api, each) for each in webhook_ids] == [(ANSWERS_KEPT + 10, ANSWERS_KEPT)] * 3


async def test_deliveries_that_are_locked_are_passed_over(databases: Databases) -> None:
    portal = Portal(Database(databases.migrated("postgresql")), b"s" * 32)
    api = Api(plain.AsyncClient(), portal, await new_partner(portal))
    await add_deliveries(api, 1, 4)
    locked = sa.select(webhook_deliveries.c.id).order_by(webhook_deliveries.c.id).limit(1).with_for_update()
    old = partial(delivery_statements.drop_old, until=portal.now(), most=2)
    of_deleted = partial(delivery_statements.drop_of_webhook, partner_id=api.partner_id, webhook_id=1, most=9)

    async with writing(portal.database) as tx:
        await fetch_all(tx, locked)
        async with asyncio.timeout(30):
            numbers = [await portal.database.write(drop) for drop in (old, of_deleted)]

    assert numbers == [1, 2]
    assert await kept(api, 1) == (1, 1)
    await portal.database.close()
