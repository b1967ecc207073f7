"""Limits of texts and lists, which are checked before anything else."""

from typing import Any

import pytest
from graphql import get_named_type, get_nullable_type, is_list_type

from schema import lengths
from schema.lengths import InputValue
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import OPERATION_NAME_MAX, prepare
from tests.api import Api, Json

INPUT_VALUES = {value.coordinate: value for value in lengths.input_values(GRAPHQL_SCHEMA)}


def _takes_text_or_list(value: InputValue) -> bool:
    of_type = value.definition.type
    return get_named_type(of_type).name in {"String", "ID"} or is_list_type(get_nullable_type(of_type))


TEXTS_AND_LISTS = [value for value in INPUT_VALUES.values() if _takes_text_or_list(value)]


def _says_its_limit(value: InputValue) -> bool:
    limit = lengths.of(value.coordinate, value.definition.type)
    of_business = lengths.business(value.coordinate)
    is_list = is_list_type(get_nullable_type(value.definition.type))
    most = of_business or (limit.entries if is_list else limit.characters)
    return f"{most:,} " in (value.definition.description or "")


def test_every_text_and_list_says_its_limit() -> None:
    assert TEXTS_AND_LISTS
    assert [value.coordinate for value in TEXTS_AND_LISTS if not _says_its_limit(value)] == []


def test_no_text_has_a_general_limit_by_oversight() -> None:
    of_texts = [value.coordinate for value in TEXTS_AND_LISTS if get_named_type(value.definition.type).name == "String"]

    forgotten = [each for each in of_texts if lengths.stated(each) is None and lengths.business(each) is None]

    assert of_texts
    assert forgotten == [], "Add them to LENGTHS or BUSINESS of schema/lengths.py."


def test_no_limit_is_of_what_the_schema_has_not() -> None:
    stated = {*lengths.LENGTHS, *lengths.ENTRIES, *lengths.BUSINESS}

    exact = {each for each in stated if not each.startswith("*")}
    assert exact - set(INPUT_VALUES) == set()
    assert {each for each in stated - exact if not any(value.endswith(each[1:]) for value in INPUT_VALUES)} == set()


async def refused(api: Api, query: str, **variables: object) -> Json:
    """Return the only error of a request that exceeds a limit."""
    body = await api.post(query, **variables)
    assert "data" not in body
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    return error


@pytest.mark.edge
async def test_a_too_long_list_is_refused_once_for_all_its_uses(api: Api) -> None:
    aliases = " ".join(f"a{number}: nodes(ids: $i) {{ id }}" for number in range(300))

    error = await refused(api, f"query ($i: [ID!]!) {{ {aliases} }}", i=["a"] * 45_000)

    assert error["message"] == "“$i” can have at most 100 entries, not 45,000."
    assert error["locations"] == [{"line": 1, "column": 8}]
    facts = {"variable": "i", "argument": "ids", "maxEntries": 100, "entries": 45_000}
    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}


@pytest.mark.edge
async def test_a_too_long_value_is_refused_alike_in_known_and_new_documents(api: Api, other_api: Api) -> None:
    query = "query ($i: ID!) { known: client(id: $i) { id } }"
    first = await refused(other_api, query, i="a" * 129)
    await api.post(query, i="a")

    assert await refused(other_api, query, i="a" * 129) == first


@pytest.mark.edge
async def test_an_object_of_too_many_fields_is_refused_with_one_error(api: Api) -> None:
    fields = ", ".join(f"unknown{number}: 1" for number in range(900))

    error = await refused(api, f"{{ quoteOrder(input: {{{fields}}}) {{ quote {{ type }} }} }}")

    facts = {"argument": "input", "maxFields": 250, "fields": 900}
    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}


@pytest.mark.edge
async def test_a_too_long_id_is_refused_once_for_all_its_uses(api: Api) -> None:
    aliases = " ".join(f"a{number}: node(id: $i) {{ id }}" for number in range(300))

    error = await refused(api, f"query ($i: ID!) {{ {aliases} }}", i="a" * 100_001)

    facts = {"variable": "i", "argument": "id", "maxLength": 128, "length": 100_001}
    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}


@pytest.mark.edge
@pytest.mark.parametrize(
    ("query", "variables", "facts"),
    [
        (
            "query ($f: ActivationFilter) { activations(filter: $f) { totalCount } }",
            {"f": {"status": ["ACTIVE"] * 251}},
            {"variable": "f.status", "argument": "filter.status", "maxEntries": 250, "entries": 251},
        ),
        (
            "query ($f: ActivationFilter) { activations(filter: $f) { totalCount } }",
            {"f": {"clientName": "a" * 201}},
            {"variable": "f.clientName", "argument": "filter.clientName", "maxLength": 200, "length": 201},
        ),
        (
            "query ($n: String) { activations(filter: {clientName: $n}) { totalCount } }",
            {"n": "a" * 201},
            {"variable": "n", "argument": "filter.clientName", "maxLength": 200, "length": 201},
        ),
        (
            "query ($n: String) { a: clients(after: $n) { totalCount } clients(filter: {name: $n}) { totalCount } }",
            {"n": "a" * 201},
            {"variable": "n", "argument": "filter.name", "maxLength": 200, "length": 201},
        ),
        (
            "query ($i: [ID!]!) { nodes(ids: $i) { id } }",
            {"i": ["a", "b" * 129]},
            {"variable": "i.1", "argument": "ids.1", "maxLength": 128, "length": 129},
        ),
        (
            "query ($i: QuoteOrderInput!) { quoteOrder(input: $i) { quote { type } } }",
            {"i": {"type": "PURCHASE", "items": [{"productId": "a", "quantity": 1}] * 1_500}},
            {"variable": "i.items", "argument": "input.items", "maxEntries": 250, "entries": 1_500},
        ),
        (
            "query ($i: QuoteOrderInput!) { quoteOrder(input: $i) { quote { type } } }",
            {"i": {f"a{number}": 1 for number in range(1_000)}},
            {"variable": "i", "argument": "input", "maxFields": 250, "fields": 1_000},
        ),
        (
            "query ($c: CNPJ!) { clientByCnpj(cnpj: $c) { id } }",
            {"c": "1" * 101},
            {"variable": "c", "argument": "cnpj", "maxLength": 100, "length": 101},
        ),
        (
            "query ($a: String) { clients(after: $a) { totalCount } }",
            {"a": "a" * 10_001},
            {"variable": "a", "argument": "after", "maxLength": 10_000, "length": 10_001},
        ),
        (
            "query ($a: String!) { __type(name: $a) { name } }",
            {"a": "a" * 10_001},
            {"variable": "a", "maxLength": 10_000, "length": 10_001},
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_a_variable_that_is_too_long_is_refused(
    api: Api, query: str, variables: dict[str, Any], facts: dict[str, Any]
) -> None:
    error = await refused(api, query, **variables)

    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}
    assert f"“${facts['variable']}” can have at most" in error["message"]


@pytest.mark.edge
@pytest.mark.parametrize(
    ("query", "literal", "facts"),
    [
        ("{{ node(id: {}) {{ id }} }}", f'"{"a" * 129}"', {"argument": "id", "maxLength": 128, "length": 129}),
        ("{{ node(id: {}) {{ id }} }}", "1" * 129, {"argument": "id", "maxLength": 128, "length": 129}),
        (
            "{{ nodes(ids: {}) {{ id }} }}",
            f"[{'1 ' * 101}]",
            {"argument": "ids", "maxEntries": 100, "entries": 101},
        ),
        (
            "{{ clients(filter: {{name: {}}}) {{ totalCount }} }}",
            f'"{"a" * 201}"',
            {"argument": "filter.name", "maxLength": 200, "length": 201},
        ),
        (
            "{{ clients(filter: {{status: {}}}) {{ totalCount }} }}",
            f"[{'ACTIVE ' * 251}]",
            {"argument": "filter.status", "maxEntries": 250, "entries": 251},
        ),
        (
            "query ($i: [ID!]! = {}) {{ nodes(ids: $i) {{ id }} }}",
            f"[{'1 ' * 101}]",
            {"variable": "i", "maxEntries": 100, "entries": 101},
        ),
        (
            "{{ ...F }} fragment F on Query {{ client(id: {}) {{ id }} }}",
            f'"{"a" * 129}"',
            {"argument": "id", "maxLength": 128, "length": 129},
        ),
    ],
)
async def test_a_literal_that_is_too_long_is_refused(api: Api, query: str, literal: str, facts: dict[str, Any]) -> None:
    text = query.format(literal)

    error = await refused(api, text)

    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}
    assert error["locations"] == [{"line": 1, "column": text.index(literal) + 1}]


@pytest.mark.edge
async def test_many_literals_that_are_too_long_are_one_error(api: Api) -> None:
    aliases = " ".join(f'a{number}: node(id: "{"a" * 200}") {{ id }}' for number in range(190))

    error = await refused(api, f"{{ {aliases} }}")

    assert error["extensions"]["maxLength"] == 128


@pytest.mark.edge
async def test_a_literal_that_is_too_long_anywhere_is_refused_before_validation(api: Api) -> None:
    error = await refused(api, f'{{ nothing(of: "{"a" * 10_001}") }}')

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "maxLength": 10_000, "length": 10_001}
    assert error["locations"] == [{"line": 1, "column": 15}]


async def test_what_is_as_long_as_it_may_be_is_taken(api: Api) -> None:
    query = """query ($i: [ID!]!, $id: ID!, $name: String) {
        nodes(ids: $i) { id } client(id: $id) { id } clients(filter: {name: $name}) { totalCount } }"""

    data = await api.data(query, i=["a"] * 100, id="a" * 128, name="a" * 200)

    assert data["nodes"] == [None] * 100


IMPORT = "importClients(input: {%s, dryRun: true}) { invalidCount }"


@pytest.mark.edge
@pytest.mark.parametrize(
    "query",
    [
        f"mutation ($c: String!) {{ {IMPORT % 'content: $c'} }}",
        f'mutation ($c: String! = "CNPJ") {{ {IMPORT % "content: $c"} }}',
        f"mutation ($c: String!) {{ ...F }} fragment F on Mutation {{ {IMPORT % 'content: $c'} }}",
    ],
)
async def test_a_variable_may_be_as_long_as_its_places_say(api: Api, query: str) -> None:
    content = "CNPJ;Nome\n" + "1;Padaria\n" * 1_500

    error = await refused(api, query, c="a" * 2_000_001)

    assert len(content) > lengths.TEXT_MAX
    assert (await api.data(query, c=content))["importClients"]["invalidCount"] == 1_500
    assert error["extensions"]["maxLength"] == 2_000_000


@pytest.mark.edge
async def test_of_the_places_of_a_variable_the_tightest_limits_it(api: Api) -> None:
    query = f"mutation ($c: String!) {{ {IMPORT % 'content: $c, idempotencyKey: $c'} }}"

    error = await refused(api, query, c="a" * 10_001)

    facts = {"variable": "c", "argument": "input.idempotencyKey", "maxLength": 10_000, "length": 10_001}
    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}


async def test_variables_that_the_operation_has_not_are_ignored(api: Api) -> None:
    unknown: dict[str, object] = {f"u{number}": "a" * 1_000 for number in range(500)}

    assert await api.data("query ($i: ID!) { client(id: $i) { id } }", i="a", **unknown) == {"client": None}


async def test_order_items_past_the_limit_are_one_refusal(api: Api, product: str) -> None:
    given = {"type": "PURCHASE", "items": [{"productId": product, "quantity": 0}] * 51}

    for name in ("createOrder", "quoteOrder"):
        kind = "mutation" if name == "createOrder" else "query"
        query = f"{kind} ($i: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $i) {{ userErrors {{ path }} }} }}"
        assert (await api.data(query, i=given))[name]["userErrors"] == [{"path": ["items"]}]


@pytest.mark.parametrize("length", [2_001, 10_000])
async def test_a_note_past_the_limit_of_the_business_is_a_refusal(api: Api, client: str, length: int) -> None:
    assert await api.codes("cancelClient", {"clientId": client, "reason": "a" * length}) == ["INVALID_INPUT"]


@pytest.mark.edge
async def test_a_note_past_every_limit_is_refused_before_anything_is_done(api: Api, client: str) -> None:
    query = "mutation ($i: CancelClientInput!) { cancelClient(input: $i) { client { id } } }"

    error = await refused(api, query, i={"clientId": client, "reason": "a" * 10_001})

    assert error["extensions"]["variable"] == "i.reason"


@pytest.mark.edge
async def test_a_document_that_is_too_long_is_refused_before_it_is_parsed(api: Api) -> None:
    text = "{ __typename }" + "}" * 100_000

    error = await refused(api, text)

    facts = {"argument": "query", "maxLength": 100_000, "length": len(text)}
    assert error["extensions"] == {"code": "BAD_USER_INPUT", **facts}
    assert [each.message for each in prepare(GRAPHQL_SCHEMA, text).errors] == [error["message"]]


@pytest.mark.edge
async def test_an_operation_name_that_is_too_long_is_refused(api: Api) -> None:
    name = "a" * (OPERATION_NAME_MAX + 1)
    headers = {"Authorization": f"Bearer {api.token}"}

    answer = await api.http.post(
        "/graphql", json={"query": f"query {name} {{ __typename }}", "operationName": name}, headers=headers
    )

    facts = {"argument": "operationName", "maxLength": OPERATION_NAME_MAX, "length": len(name)}
    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", **facts}


NESTED = 100_000


@pytest.mark.edge
@pytest.mark.parametrize(
    "body",
    [
        "[" * NESTED,
        '{"query": ' + "[" * NESTED,
        '{"query": "{ __typename }", "variables": {"a": ' + "[" * NESTED + "]" * NESTED + "}}",
        '{"query": "{ __typename }", "variables": {"a": "\\ud800", "b": ' + "[" * NESTED + "]" * NESTED + "}}",
        '{"query": "query ($a: [ID!]!) { nodes(ids: $a) { id } }", "variables": {"a": ' + "[" * 900 + "]" * 900 + "}}",
        '{"query": "query ($a: DateTime) { clients(filter: {registeredAt: {from: $a}}) { totalCount } }", '
        '"variables": {"a": ' + "[" * 900 + "]" * 900 + "}}",
        '{"query": "{ nodes(ids: ' + "[" * 1_900 + "]" * 1_900 + ') { id } }"}',
        '{"query": "' + "{a" * 1_900 + "}" * 1_900 + '"}',
        '{"query": "' + "{...on Query" * 900 + "{__typename}" + "}" * 900 + '"}',
    ],
    ids=range(9),
)
async def test_nothing_is_nested_too_deeply_to_be_refused(api: Api, body: str) -> None:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}

    answer = await api.http.post("/graphql", content=body, headers=headers)

    codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
    assert codes <= {"BAD_USER_INPUT", "COST_EXCEEDED"}
    assert answer.status_code in {200, 400}
