"""Registered documents are prepared before their first request, and unknown ones cost the database nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
import structlog
from structlog.testing import capture_logs

from db.engine import Database, deadline
from db.tables import trusted_documents
from domain.deadlines import ReadTimedOut
from domain.documents import hashed
from domain.errors import Unavailable
from resolvers import documents
from resolvers.portal import Portal
from schema.root import GRAPHQL_SCHEMA
from server.graphql import trusted_documents as trusted
from server.graphql.documents import Documents
from server.graphql.trusted_documents import QUERY_INTERVAL_SECONDS, TrustedDocuments
from tests.clock import Clock
from tests.server.conftest import remove_documents
from tests.units import execute, fetch_all, reading, writing


@pytest.fixture
async def known(portal: Portal, clock: Clock) -> TrustedDocuments:
    """Documents of a server that has just started."""
    await remove_documents(portal.database)
    started = TrustedDocuments(portal, Documents(GRAPHQL_SCHEMA))
    await started.refresh()
    clock.forward(seconds=2)
    return started


async def registered(portal: Portal, text: str = "{ viewer { role } }") -> str:
    """Register a document, and return its id."""
    document_id = f"x-test:{uuid4()}"
    assert await documents.register(portal, {document_id: text}) == 1
    return document_id


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Yield the statements that the database gets meanwhile."""
    asked: list[str] = []

    database.observers.append(asked.append)
    try:
        yield asked
    finally:
        database.observers.remove(asked.append)


async def test_a_document_is_prepared_once_and_stays(portal: Portal, known: TrustedDocuments) -> None:
    document_id = await registered(portal)
    await known.refresh()

    found = known.get(document_id)

    assert found is not None
    assert set(found.operations) == {None}
    await known.refresh()
    assert known.get(document_id) is found


async def test_a_document_is_known_by_the_hash_of_its_text_too(portal: Portal, known: TrustedDocuments) -> None:
    text = f"query A{uuid4().hex} {{ viewer {{ role }} }}"
    document_id = await registered(portal, text)
    await known.refresh()

    found = known.get(document_id)

    assert found is not None
    assert known.get(hashed(text)) is known.get(f"sha256:{hashed(text)}") is found


async def test_what_is_registered_meanwhile_is_known_when_it_is_asked_for(
    portal: Portal, known: TrustedDocuments
) -> None:
    document_id = await registered(portal)

    assert known.get(document_id) is None
    assert await known.find(document_id) is not None


async def test_what_is_removed_is_known_no_longer_after_a_refresh(portal: Portal, known: TrustedDocuments) -> None:
    text = f"query A{uuid4().hex} {{ viewer {{ role }} }}"
    one, other = await registered(portal, text), await registered(portal, text)
    await known.refresh()

    await documents.remove(portal, [one])
    await known.refresh()

    assert known.get(one) is None
    assert known.get(other) is known.get(hashed(text)) is not None


async def test_an_id_registered_again_has_the_new_text(portal: Portal, known: TrustedDocuments) -> None:
    document_id = await registered(portal)
    await known.refresh()
    await documents.remove(portal, [document_id])
    await documents.register(portal, {document_id: "query Another { viewer { role } }"})

    await known.refresh()

    found = known.get(document_id)
    assert found is not None
    assert set(found.operations) == {"Another"}


async def test_any_number_of_made_up_ids_costs_one_query_per_interval(
    portal: Portal, known: TrustedDocuments, clock: Clock
) -> None:
    with statements(portal.database) as asked:
        await asyncio.gather(*(known.find(f"made-up-{number}") for number in range(500)))
        for number in range(500):
            await known.find(f"made-up-again-{number}")
        first = len([each for each in asked if "trusted_documents" in each])
        # An interval passes whatever the time of day is set to.
        clock.set_back(hours=1)
        clock.forward(seconds=QUERY_INTERVAL_SECONDS)
        await known.find("made-up")

    assert first == 1
    assert len([each for each in asked if "trusted_documents" in each]) == 2


async def test_all_who_ask_while_it_is_looked_for_get_it(portal: Portal, known: TrustedDocuments) -> None:
    document_id = await registered(portal)

    found = await asyncio.gather(*(known.find(document_id) for _ in range(20)))

    assert None not in found


async def test_one_who_gives_up_waiting_takes_nothing_from_the_others(portal: Portal, known: TrustedDocuments) -> None:
    document_id = await registered(portal)
    first, second = (asyncio.create_task(known.find(document_id)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    assert await second is not None


async def test_a_database_out_of_reach_is_not_taken_for_an_unknown_document(portal: Portal) -> None:
    away = Portal(Database("postgresql+asyncpg://portal@127.0.0.1:1/portal"), portal.secret)
    unknowing = TrustedDocuments(away, Documents(GRAPHQL_SCHEMA))

    answers = await asyncio.gather(unknowing.find("a"), unknowing.find("b"), return_exceptions=True)

    assert all(isinstance(answer, Unavailable) for answer in answers)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_who_asks_waits_no_longer_than_until_its_deadline(portal: Portal, known: TrustedDocuments) -> None:
    async with writing(portal.database) as tx:
        await execute(tx, sa.text("LOCK TABLE trusted_documents IN ACCESS EXCLUSIVE MODE"))
        with deadline.limited(0.2), pytest.raises(ReadTimedOut):
            await known.find("unknown")

    await known.refresh()
    assert await known.find("unknown") is None


async def test_a_document_that_became_invalid_is_logged_and_keeps_its_errors(
    portal: Portal, known: TrustedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A logger that was used before, as a server sets it up, writes to its old stream.
    monkeypatch.setattr(trusted, "_log", structlog.get_logger("portal.documents"))
    bad, good = await registered(portal, "{ nothing }"), await registered(portal)

    with capture_logs() as logs:
        await known.refresh()

    warnings = [line for line in logs if line["log_level"] == "warning"]
    assert [(line["document"], line["reasons"]) for line in warnings] == [
        (bad, ["Cannot query field 'nothing' on type 'Query'."])
    ]
    found = known.get(bad)
    assert found is not None
    assert found.ast is None
    assert known.get(good) is not None


async def test_documents_beyond_what_is_kept_prepared_are_run_all_the_same(
    portal: Portal, known: TrustedDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"query A{uuid4().hex} {{ viewer {{ role }} }}" for _ in range(3)]
    held = sum(len(row.text) for row in await _rows(portal))
    monkeypatch.setattr(trusted, "_READY_CHARACTERS", held + len(texts[2]))
    ids = [await registered(portal, text) for text in texts]
    await known.refresh()

    oldest, newest = known.get(ids[0]), known.get(ids[2])

    assert None not in (oldest, newest)
    assert known._by_name[ids[2]].document is newest  # noqa: SLF001 — which are prepared shows nowhere else.
    assert known._by_name[ids[0]].document is None  # noqa: SLF001 — which are prepared shows nowhere else.


async def _rows(portal: Portal) -> list[Any]:
    async with reading(portal.database) as connection:
        return list(await fetch_all(connection, sa.select(trusted_documents.c.text)))
