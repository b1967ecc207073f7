"""Selections of webhooks are prepared once, apart from the documents of requests, and executed within the budget."""

import pytest
from graphql import GraphQLSchema

from db.events import EventFilter
from domain.limits import TooManyOperations
from domain.webhooks import MESSAGE_BYTES, InvalidSelection
from resolvers.context import Context
from schema.root import GRAPHQL_SCHEMA
from server.graphql.budget import Budget
from server.graphql.documents import Document, Documents
from server.graphql.event_selections import EventSelections
from tests.api import Api
from tests.executors import DOCUMENTS

_LARGE = "{ partner { clients(first: 100) { nodes { activations(first: 20) { nodes { id } } } } } }"


class _Counted(Documents):
    """Documents that count how often one is prepared."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__(schema)
        self.prepared = 0

    def prepare(self, text: str) -> Document:
        """Return a new document of the text."""
        self.prepared += 1
        return super().prepare(text)


def test_a_selection_is_prepared_once_and_takes_no_place_of_a_document() -> None:
    documents = _Counted(GRAPHQL_SCHEMA)
    selections = EventSelections(documents)

    for _ in range(3):
        assert selections.permissions("{ message client { name } }", 100)

    assert (documents.prepared, documents.hits, documents.misses) == (1, 0, 0)


def test_the_selections_used_least_recently_are_forgotten_first() -> None:
    documents = _Counted(GRAPHQL_SCHEMA)
    selections = EventSelections(documents)
    long = ["{ message" + " " * 60_000 + f"a{number}: message }}" for number in range(4)]

    for text in [*long[:3], long[0], long[3], long[0]]:
        selections.permissions(text, 1)
    with pytest.raises(InvalidSelection):
        selections.permissions("{ nonsense }", 1)

    assert documents.prepared == 5
    selections.permissions(long[1], 1)
    assert documents.prepared == 6


async def test_a_large_message_waits_for_a_share_of_the_budget(api: Api) -> None:
    await api.client()
    rows, _ = await api.portal.feed.page(api.partner_id, EventFilter(), after=0, last=1)
    budget = Budget(20_000, wait_max=0.01)
    selections = EventSelections(DOCUMENTS, budget)

    async with budget.share(20_000):
        context = Context(api.portal, None)
        with pytest.raises(TooManyOperations):
            await selections.written(context, _LARGE, [*rows] * 100, longest=MESSAGE_BYTES, used=0, whole=False)
