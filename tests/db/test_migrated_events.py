"""The steps for new types of events keep the events that were there before, on both engines."""

import pytest
import sqlalchemy as sa

from db.migrations import migrate
from db.tables import events
from domain.exports import ExportList
from tests.databases import Databases
from tests.db.plain_sql import REFUSED, look, write


async def migrate_event(engine: str, url: str, *, column: str) -> str:
    """Migrate a database that had an event before; return the INSERT of one with a value of the column."""
    event = """INSERT INTO events (partner_id, number, type, occurred_at, hash{})
        VALUES (1, {{}}, '{{}}', '2026-07-01T12:00:00.000000Z', {}{})"""
    no_bytes = "x''" if engine == "sqlite" else "''"
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '16727230000197')",
        event.format("", no_bytes, "").format(1, "CLIENT_REGISTERED"),
    )
    migrate.upgrade(url)
    return event.format(f", {column}", no_bytes, ", {}")


async def test_events_name_exported_lists_after_the_step_for_them(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0014")

    event = await migrate_event(engine, url, column="exported_list")

    await write(url, event.format(2, "EXPORT_CREATED", "'CLIENTS'"))
    found = sa.select(events.c.number, events.c.exported_list).order_by(events.c.number)
    assert await look(url, lambda sync: sync.execute(found).all()) == [(1, None), (2, ExportList.CLIENTS)]
    for kind, name in (("EXPORT_CREATED", "PARTNERS"), ("EXPORT_SOLD", "CLIENTS")):
        with pytest.raises(REFUSED):
            await write(url, event.format(3, kind, f"'{name}'"))


async def test_events_name_webhooks_after_the_step_for_them(engine: str, databases: Databases) -> None:
    url = databases.migrated(engine, to="0019")

    event = await migrate_event(engine, url, column="webhook_id")

    # The webhook may be deleted by then.
    await write(url, event.format(2, "WEBHOOK_DELETED", "7"))
    found = sa.select(events.c.number, events.c.webhook_id).order_by(events.c.number)
    assert await look(url, lambda sync: sync.execute(found).all()) == [(1, None), (2, 7)]
