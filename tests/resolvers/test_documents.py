"""Concurrent registration of documents."""

from asyncio import gather
from uuid import uuid4

import pytest

from db import documents as stored
from resolvers import documents
from resolvers.documents import DocumentProblem, DocumentsRefused
from resolvers.portal import Portal
from tests.units import reading

ROLE = "{ viewer { role } }"


async def test_several_who_register_the_same_documents_at_once_register_each_once(portal: Portal) -> None:
    ids = [f"x-test:{uuid4()}" for _ in range(30)]
    given = [dict.fromkeys(ids, ROLE), dict.fromkeys(reversed(ids), ROLE)] * 3

    new = await gather(*(documents.register(portal, texts) for texts in given))

    assert sum(new) == len(ids)


async def test_of_two_texts_for_one_id_at_once_one_is_registered(portal: Portal) -> None:
    document_id, beside = f"x-test:{uuid4()}", [f"x-test:{uuid4()}" for _ in range(2)]
    given = [{document_id: f"{ROLE} # {number}", beside[number]: ROLE} for number in range(2)]

    done = await gather(*(documents.register(portal, texts) for texts in given), return_exceptions=True)

    (refused,) = (each for each in done if isinstance(each, DocumentsRefused))
    assert refused.problems == [DocumentProblem(document_id, "it is registered already, with another text")]
    assert [each for each in done if each is not refused] == [2]
    async with reading(portal.database) as connection:
        found = await stored.by_ids(connection, [document_id, *beside])
    assert len(found) == 2


async def test_removing_an_unknown_document_removes_no_other(portal: Portal) -> None:
    document_id = f"x-test:{uuid4()}"
    await documents.register(portal, {document_id: ROLE})

    with pytest.raises(DocumentsRefused, match="nowhere: no document is registered"):
        await documents.remove(portal, [document_id, "nowhere"])

    async with reading(portal.database) as connection:
        assert set(await stored.by_ids(connection, [document_id, "nowhere"])) == {document_id}
