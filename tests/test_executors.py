"""Comparison of the executors, in all tests of the API on SQLite."""

import pytest
from graphql import ExecutionResult

from breadth import Prepared
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
