"""Nulls and other values that only execution can refuse are the caller's errors."""

from http import HTTPStatus

import pytest

from tests.api import Api, Json

pytestmark = pytest.mark.edge

ACTIVATE = """mutation ($x: Int) { activateLicense(input: {clientId: 1, productId: 1, activationKey: "A",
    additionalSeats: $x}) { __typename } }"""
QUOTE = """query ($x: Int = 1) { quoteOrder(input: {type: PURCHASE, items: {productId: 1,
    quantity: $x}}) { __typename } }"""
FORMS = ["application/json", "application/graphql-response+json"]


async def ask(api: Api, query: str, form: str, **variables: object) -> Json:
    """Return the body of an answer that is no error of the server."""
    headers = {"Authorization": f"Bearer {api.token}", "Accept": form}
    answer = await api.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    return answer.json()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("query", "path", "argument"),
    [
        ('query ($x: ID = "x") { node(id: $x) { id } }', ["node"], "id"),
        ("query ($x: ClientSortKey) { clients(sort: {by: $x}) { totalCount } }", ["clients"], "sort.by"),
        ('query ($x: ID = "b") { nodes(ids: ["a", $x]) { id } }', ["nodes"], "ids.1"),
        ('query ($x: ID = "b") { a: client(id: $x) { id } }', ["a"], "id"),
        ('query ($x: CNPJ = "16.727.230/0001-97") { clientByCnpj(cnpj: $x) { id } }', ["clientByCnpj"], "cnpj"),
        ("query ($x: Int = 1) { orderByNumber(number: $x) { id } }", ["orderByNumber"], "number"),
        (
            "query ($x: ClientStatus = ACTIVE) { clients(filter: {status: [$x]}) { totalCount } }",
            ["clients"],
            "filter.status.0",
        ),
        (
            "query ($x: OrderType = PURCHASE) { quoteOrder(input: {type: $x, items: []}) { quote { type } } }",
            ["quoteOrder"],
            "input.type",
        ),
        (
            QUOTE,
            ["quoteOrder"],
            "input.items.quantity",
        ),
        (
            ACTIVATE,
            ["activateLicense"],
            "input.additionalSeats",
        ),
        ("query ($x: Boolean = true) { viewer { role @include(if: $x) } }", ["viewer"], "if"),
        ("query ($x: Boolean = true) { viewer { role ... @skip(if: $x) { user { id } } } }", ["viewer"], "if"),
        (
            "query ($x: Boolean = true) { viewer { role ...F @include(if: $x) } } fragment F on Viewer { role }",
            ["viewer"],
            "if",
        ),
        ('query ($x: String = "Client") { __type(name: $x) { name } }', ["__type"], "name"),
    ],
)
async def test_null_into_a_non_null_argument_is_an_error_of_its_field(
    api: Api, form: str, query: str, path: list[str], argument: str
) -> None:
    body = await ask(api, query, form, x=None)

    (error,) = body["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": argument}
    assert error["path"] == path
    (location,) = error["locations"]
    assert query.splitlines()[location["line"] - 1][location["column"] - 1 :].startswith("$x")
    assert "not to be null" in error["message"]
    assert "data" in body


@pytest.mark.parametrize("form", FORMS)
async def test_null_for_a_root_fields_directive_is_an_error_of_the_request(api: Api, form: str) -> None:
    body = await ask(api, "query ($x: Boolean = true) { viewer @skip(if: $x) { role } }", form, x=None)

    (error,) = body["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "if"}
    assert error["locations"] == [{"line": 1, "column": 47}]
    assert "path" not in error


async def test_fields_beside_one_with_a_null_argument_are_answered(api: Api) -> None:
    body = await api.post('query ($x: ID = "x") { node(id: $x) { id } viewer { role } }', x=None)

    assert body["data"] == {"node": None, "viewer": {"role": "MANAGER"}}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]


async def test_an_argument_that_is_left_out_has_the_default_of_its_variable(api: Api) -> None:
    assert await api.data('query ($x: ID = "x") { node(id: $x) { id } }') == {"node": None}


@pytest.mark.parametrize(
    ("query", "argument", "literal"),
    [
        ('{ clientByCnpj(cnpj: "1") { id } }', "cnpj", '"1"'),
        ('{ clients(filter: {registeredAt: {from: "1"}}) { totalCount } }', "filter.registeredAt.from", '"1"'),
        ("{ clients(filter: {status: [ACTIVE, GONE]}) { totalCount } }", "filter.status.1", "GONE"),
        ("{ clients(first: 1.5) { totalCount } }", "first", "1.5"),
        (
            'mutation { createOrder(input: {type: PURCHASE, items: [], expectedTotal: "a"}) { order { id } } }',
            "input.expectedTotal",
            '"a"',
        ),
    ],
)
async def test_a_literal_that_does_not_fit_is_named_with_its_place(
    api: Api, query: str, argument: str, literal: str
) -> None:
    error = await api.error(query)

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": argument}
    assert error["message"].startswith(f"Argument '{argument.partition('.')[0]}' has invalid value")
    assert error["locations"] == [{"line": 1, "column": query.index(literal) + 1}]


async def test_a_default_that_does_not_fit_is_named_with_its_place(api: Api) -> None:
    query = 'query ($from: DateTime = "1") { clients(filter: {registeredAt: {from: $from}}) { totalCount } }'

    error = await api.error(query)

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "variable": "from"}
    assert error["locations"] == [{"line": 1, "column": query.index('"1"') + 1}]


async def test_an_invalid_variable_is_named_with_the_path_in_its_value(api: Api) -> None:
    query = "query ($filter: ClientFilter) { clients(filter: $filter) { totalCount } }"

    error = await api.error(query, filter={"registeredAt": {"from": "1"}})

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "variable": "filter.registeredAt.from"}
    assert error["locations"] == [{"line": 1, "column": 8}]
