"""Errors of a document or its variables do not repeat the caller's values."""

import pytest

from tests.api import Api

pytestmark = pytest.mark.edge

SECRET = "hunter2"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }"
CREATE = "mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }"
TOKEN = "mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }"


async def check(caller: Api, query: str, **variables: object) -> None:
    """Assert that the request fails as the caller's error, and that no error repeats the secret or its digits."""
    body = await caller.post(query, **variables)
    assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}
    assert SECRET not in str(body)
    assert "7654321" not in str(body)


@pytest.mark.parametrize(
    "given",
    [
        {"email": "a@b.example", "password": 7654321},
        {"email": "a@b.example", "password": 7654321.5},
        {"email": "a@b.example", "password": {"value": SECRET}},
        {"email": "a@b.example", "password": [SECRET]},
        {"email": {"deep": [{"er": SECRET}]}, "password": SECRET},
        {"email": None, "password": SECRET},
        {"password": SECRET},
        {"email": "a@b.example", "password": SECRET, "code": SECRET},
        {"email": "a@b.example", "password": SECRET, "pasword": {"a": SECRET}},
        [SECRET],
        SECRET,
        7654321,
    ],
)
async def test_the_error_of_an_invalid_variable_does_not_repeat_it(api: Api, given: object) -> None:
    await check(api, SIGN_IN, input=given)


@pytest.mark.parametrize(
    "given",
    [
        {"type": SECRET, "items": []},
        {"type": 7654321, "items": []},
        {"type": "PURCHAS hunter2", "items": []},
        {"type": "it's, found: hunter2\n does not exist in 'A' enum", "items": []},
        {"type": "PURCHASE", "items": [], "idempotencykey": SECRET},
        {"type": "PURCHASE", "items": [], "note": {"Value ": SECRET}},
        {"type": "PURCHASE", "items": [{"productId": "a", "quantity": SECRET}]},
        {"type": "PURCHASE", "items": [{"productId": "a", "quantity": 76543210000000}]},
        {"type": "PURCHASE", "items": [{"productId": {"a": SECRET}, "quantity": 1}]},
        {"type": "PURCHASE", "items": [{"productId": "a", "quantity": 1, "unitPrice": SECRET}]},
        {"type": "PURCHASE", "items": SECRET},
        {"type": "PURCHASE", "items": [], "expectedTotal": SECRET},
        {"type": "PURCHASE", "items": [], "expectedTotal": 7654321.5},
        {"type": "PURCHASE", "items": [], "note": {"found: ": SECRET}},
        {"type": "PURCHASE", "items": [], "note": ["a: b; found: ", SECRET]},
    ],
)
async def test_a_nested_variable_is_not_repeated(api: Api, given: object) -> None:
    await check(api, CREATE, input=given)


@pytest.mark.parametrize("expires_at", [SECRET, 7654321, {"a": SECRET}, "2026-11-24T12:00:00", [SECRET]])
async def test_a_moment_that_is_none_is_not_repeated(api: Api, expires_at: object) -> None:
    await check(api, TOKEN, input={"name": "a", "permissions": ["ORDERS_READ"], "expiresAt": expires_at})


@pytest.mark.parametrize(
    "literal",
    [
        '{email: "a@b.example", password: 7654321}',
        '{email: "a@b.example", password: 7654321.5}',
        '{email: "a@b.example", password: {value: "hunter2"}}',
        '{email: "a@b.example", password: ["hunter2"]}',
        '{email: "a@b.example", password: hunter2}',
        '{email: null, password: "hunter2"}',
        '{password: "hunter2"}',
        '{email: "a@b.example", password: "hunter2", code: "hunter2"}',
        '{email: "a@b.example", password: "hunter2", pasword: "hunter2"}',
        '{email: "a@b.example", password: {a: """\nfirst\n  hunter2\n"""}}',
        '["hunter2"]',
        '"hunter2"',
        "7654321",
    ],
)
async def test_the_error_of_an_invalid_literal_does_not_repeat_it(api: Api, literal: str) -> None:
    await check(api, f"mutation {{ signIn(input: {literal}) {{ token }} }}")


@pytest.mark.parametrize(
    "arguments",
    [
        'cnpj: "hunter2"',
        "cnpj: 7654321",
        'cnpj: {a: "hunter2"}',
    ],
)
async def test_a_cnpj_that_is_none_is_not_repeated(api: Api, arguments: str) -> None:
    await check(api, f"{{ clientByCnpj({arguments}) {{ id }} }}")


async def test_a_default_of_a_variable_is_not_repeated(api: Api) -> None:
    await check(api, 'query ($a: Int = "hunter2") { viewer { role } __typename @skip(if: $a) }')


@pytest.mark.parametrize(
    "query",
    [
        '{ viewer "hunter2" }',
        '{ viewer """a\nhunter2""" }',
        "{ viewer 7654321 }",
        '{ viewer(a: "hunter2',
        "{ viewer(a: 7654321x) }",
    ],
)
async def test_a_text_that_is_no_document_is_not_repeated(anonymous: Api, query: str) -> None:
    await check(anonymous, query)


ONE_OF = [
    "{}",
    "{clients: null}",
    "{clients: {}, orders: null}",
    "{clients: {}, orders: {}}",
    "{clients: {}, orders: $orders}",
    "{orders: $orders}",
]


@pytest.mark.parametrize("given", ONE_OF)
async def test_an_input_without_exactly_one_of_its_fields_is_named(api: Api, given: str) -> None:
    query = f"mutation {{ createExport(input: {{list: {given}}}) {{ userErrors {{ code }} }} }}"
    if "$" in given:
        query = query.replace("mutation", "mutation ($orders: OrderExport)")

    error = await api.error(query)

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": error["extensions"]["argument"]}
    assert error["extensions"]["argument"].startswith("input.list")


@pytest.mark.parametrize("given", [{}, {"clients": None}, {"clients": {}, "orders": None}])
async def test_a_variable_without_exactly_one_of_its_fields_is_named(api: Api, given: object) -> None:
    query = "mutation ($input: CreateExportInput!) { createExport(input: $input) { userErrors { code } } }"

    error = await api.error(query, input={"list": given})

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["variable"].startswith("input.list")


async def test_the_rest_of_the_message_says_what_would_be_right(anonymous: Api, api: Api) -> None:
    given = {"email": "a@b.example", "password": SECRET, "pasword": SECRET}

    unknown = await api.error(SIGN_IN, input=given)
    enum = await api.error(CREATE, input={"type": "PURCHAS", "items": []})
    syntax = await anonymous.error('{ viewer "hunter2" }')

    assert unknown["message"].endswith("not to include unknown field 'pasword'. Did you mean 'password'?")
    assert enum["message"].endswith(
        "The value does not exist in 'OrderType' enum. Did you mean the enum value 'PURCHASE'?"
    )
    assert syntax["message"] == "Syntax Error: Expected Name, found String."


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("{}", 2),
        ("{ viewer { } }", 12),
        ("mutation {}", 11),
        ("subscription { events { } }", 25),
        ("{ viewer { role ... { } } }", 23),
        ("{ viewer { role } } fragment F on Viewer { }", 44),
    ],
)
async def test_a_selection_of_nothing_is_a_syntax_error(api: Api, text: str, column: int) -> None:
    error = await api.error(text)

    assert error["message"] == "Syntax Error: Expected Name, found '}'."
    assert error["locations"] == [{"line": 1, "column": column}]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
