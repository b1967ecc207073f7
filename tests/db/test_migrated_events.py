"""The step for exports keeps the events that were there before, on both engines."""

import pytest
import sqlalchemy as sa

from db.migrations import migrate
from db.tables import events
from domain.exports import ExportList
from tests.databases import Databases
from tests.db.plain_sql import REFUSED, look, write


async def test_events_name_exported_lists_after_the_step_for_them(engine: str, databases: Databases) -> None:
    url = databases.empty(engine)
    migrate.upgrade(url, to="0014")
    no_bytes = "x''" if engine == "sqlite" else "''"
    event = """INSERT INTO events (partner_id, number, type, occurred_at, hash{})
        VALUES (1, {}, '{}', '2026-07-01T12:00:00.000000Z', {}{})"""
    await write(
        url,
        "INSERT INTO partners (name, name_folded, cnpj) VALUES ('Alfa', 'alfa', '16727230000197')",
        event.format("", 1, "CLIENT_REGISTERED", no_bytes, ""),
    )

    migrate.upgrade(url)

    await write(url, event.format(", exported_list", 2, "EXPORT_CREATED", no_bytes, ", 'CLIENTS'"))
    found = sa.select(events.c.number, events.c.exported_list).order_by(events.c.number)
    assert await look(url, lambda sync: sync.execute(found).all()) == [(1, None), (2, ExportList.CLIENTS)]
    for kind, name in (("EXPORT_CREATED", "PARTNERS"), ("EXPORT_SOLD", "CLIENTS")):
        with pytest.raises(REFUSED):
            await write(url, event.format(", exported_list", 3, kind, no_bytes, f", '{name}'"))
