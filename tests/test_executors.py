"""Comparison of the executors, in all tests of the API on SQLite."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from breadth import Prepared
from breadth.executor import Response
from domain.languages import Language
from resolvers.context import Context
from resolvers.portal import Portal
from schema.root import GRAPHQL_SCHEMA
from server.graphql.operation_facts import Operation
from tests.api import Api
from tests.executors import COMPARED_DOCUMENTS, DOCUMENTS, Compared

QUERY = "{ viewer { role } languages: __typename }"


def operation_of(query: str) -> Operation:
    found = DOCUMENTS.get(query).found(None)
    assert found is not None
    return found


class Changing(Prepared):
    """Operation during which another connection changes a row each time."""

    file: str

    def execute_with(self, variables: VariableValues, **given: Any) -> Response:  # noqa: ANN401 — passed on.
        """Change the row, and run the operation."""
        with closing(sqlite3.connect(self.file)) as file, file:
            file.execute("UPDATE partners SET name = name || '.' WHERE id = (SELECT max(id) FROM partners)")
        return super().execute_with(variables, **given)


def compared(query: str, other: str) -> Compared:
    """Return the operation, as if graphql-core's own executor gave the answer of another one."""
    document = DOCUMENTS.get(query)
    assert document.ast is not None
    return Compared(GRAPHQL_SCHEMA, document.ast, operation_of(query), stock=operation_of(other).prepared)


async def answer(prepared: Prepared, portal: Portal) -> ExecutionResult:
    variables = prepared.coerced({})
    assert not isinstance(variables, list)
    context = Context(portal, language=Language.ENGLISH)
    result = prepared.execute_with(variables, context_value=context)
    return result if isinstance(result, ExecutionResult) else await result


@pytest.mark.edge
@pytest.mark.parametrize(
    "other",
    [
        pytest.param("{ viewer { role } }", id="a field less"),
        pytest.param("{ languages: __typename viewer { role } }", id="another order"),
        pytest.param("{ viewer { role } languages: __typename clients(first: 1) { totalCount } }", id="an error"),
    ],
)
async def test_an_answer_that_differs_from_stock_execution_fails(portal: Portal, other: str) -> None:
    with pytest.raises(AssertionError, match="The executors differ"):
        await answer(compared(QUERY, other), portal)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_answers_that_differ_while_rows_change_say_nothing(portal: Portal, api: Api) -> None:
    assert api.partner_id
    query = "{ viewer { role } }"
    document, other = DOCUMENTS.get(QUERY), DOCUMENTS.get(query)
    assert document.ast is not None
    assert other.ast is not None
    changing = Changing(GRAPHQL_SCHEMA, other.ast, operation_of(query).ast)
    changing.file = str(portal.database.url.database)

    found = await answer(Compared(GRAPHQL_SCHEMA, document.ast, operation_of(QUERY), stock=changing), portal)

    assert found == await answer(operation_of(QUERY).prepared, portal)


@pytest.mark.edge
async def test_equal_answers_are_those_of_the_batch_executor(portal: Portal) -> None:
    found = await answer(compared(QUERY, QUERY), portal)

    assert found == await answer(operation_of(QUERY).prepared, portal)


async def test_a_mutation_is_done_once(api: Api) -> None:
    mutation = 'mutation { registerClient(input: { cnpj: "11.222.333/0001-81", name: "A" }) { client { name } } }'

    body = await api.post(mutation)

    assert body == {"data": {"registerClient": {"client": {"name": "A"}}}}
    assert (await api.data("{ clients(first: 2) { totalCount } }"))["clients"] == {"totalCount": 1}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_operations_on_sqlite_are_compared(api: Api) -> None:
    await api.data(QUERY)

    document = COMPARED_DOCUMENTS.known(QUERY)
    assert document is not None
    (operation,) = document.operations.values()
    assert isinstance(operation.prepared, Compared)
