"""The step for webhooks keeps the events that were there before, on both engines."""

import sqlalchemy as sa

from db.migrations import migrate
from db.tables import events
from tests.databases import Databases
from tests.db.plain_sql import look, write


async def test_events_name_webhooks_after_the_step_for_them(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)
    migrate.upgrade(url, to="0019")
    no_bytes = "x''" if engine == "sqlite" else "''"
    event = """INSERT INTO events (partner_id, number, type, occurred_at, hash{})
        VALUES (1, {}, '{}', '2026-07-01T12:00:00.000000Z', {}{})"""
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '16727230000197')",
        event.format("", 1, "CLIENT_REGISTERED", no_bytes, ""),
    )

    migrate.upgrade(url)

    # The webhook may be deleted by then.
    await write(url, event.format(", webhook_id", 2, "WEBHOOK_DELETED", no_bytes, ", 7"))
    found = sa.select(events.c.number, events.c.webhook_id).order_by(events.c.number)
    assert await look(url, lambda sync: sync.execute(found).all()) == [(1, None), (2, 7)]
