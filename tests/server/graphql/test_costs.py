"""Cost of operations: lists multiply, and are counted before execution."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_introspection_query,
    get_nullable_type,
    is_introspection_type,
    is_list_type,
    parse,
    print_ast,
)

from benchmarks import workloads
from domain.access import Permission
from resolvers import documents
from schema import list_sizes, schema, weights
from schema.root import GRAPHQL_SCHEMA
from server.app import create_app
from server.graphql.cost_prices import OBJECTS_MAX, VALUES_MAX, Figures
from server.graphql.cost_terms import SATURATED
from server.graphql.costs import Cost
from server.graphql.documents import prepare
from server.graphql.trusted_documents import inspected
from server.settings import Settings
from tests import cnpjs
from tests.api import Api, Json
from tests.factories import new_product

MULTIPLIED = """query Multiplied($id: ID!) { client(id: $id) { ...A } }
    fragment A on Client { activations(first: 100) { nodes { client { activations(first: 100) { nodes {
        client { activations(first: 100) { nodes { client { id name } } } } } } } } } }"""
TWO_LISTS = "query ($n: Int) { clients(first: $n) { nodes { activations(first: $n) { nodes { id } } } } }"
THREE_LISTS = """query ($n: Int) { clients(first: $n) { nodes { activations(first: $n) { nodes {
    client { activations(first: $n) { nodes { id } } } } } } } }"""


def figures(text: str, **variables: object) -> Figures:
    """Return the figures of an operation, with coerced variables."""
    return cost(text).of(variables)


def cost(text: str) -> Cost:
    definitions = parse(text).definitions
    (operation,) = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    return Cost(GRAPHQL_SCHEMA, operation, fragments)


@pytest.mark.parametrize(
    ("text", "objects", "values"),
    [
        ("{ __typename }", 0, 1),
        ("{ viewer { role user { name email } } }", 2, 3),
        ("{ clients { nodes { id } } }", 1 + 25, 25),
        ("{ clients(first: 3) { nodes { id name } } }", 1 + 3, 6),
        ("{ clients(last: 3) { nodes { id } } }", 1 + 3, 3),
        ("{ clients(first: null, last: 3) { nodes { id } } }", 1 + 3, 3),
        ("{ clients(first: 0) { nodes { id } totalCount } }", 1, 1),
        ("{ clients(first: 3) { nodes { id } edges { cursor node { id } } } }", 1 + 3 + 3 + 3, 9),
        ("{ clients(first: 3) { pageInfo { endCursor } nodes { activations(first: 2) { nodes { id } } } } }", 14, 7),
        ("{ a: clients(first: 3) { nodes { id } } b: clients(first: 2) { nodes { id } } }", 7, 5),
        ('{ nodes(ids: ["a", "b"]) { id } }', 2, 2),
        ('{ nodes(ids: "a") { id } }', 1, 1),
        ("{ viewer { permissions } }", 1, len(Permission)),
        ("{ orders(first: 2) { nodes { items { quantity } } } }", 1 + 2 * 51, 100),
    ],
)
def test_the_objects_and_values_of_an_answer_are_counted(text: str, objects: int, values: int) -> None:
    assert figures(text) == (objects, values)


@pytest.mark.parametrize(("first", "counted"), [(-1, 0), (0, 0), (40, 40), (100, 100), (101, 100), (10**30, 100)])
def test_a_page_counts_for_no_more_than_it_can_have(first: int, counted: int) -> None:
    assert figures(f"{{ clients(first: {first}) {{ nodes {{ id }} }} }}").values == counted
    assert figures("query ($n: Int) { clients(first: $n) { nodes { id } } }", n=first).values == counted


@pytest.mark.parametrize(("variables", "counted"), [({}, 25), ({"f": None}, 25), ({"f": 7}, 7), ({"l": 9}, 9)])
def test_a_page_whose_size_is_left_out_counts_for_25(variables: dict[str, object], counted: int) -> None:
    text = "query ($f: Int, $l: Int) { clients(first: $f, last: $l) { nodes { id } } }"

    assert figures(text, **variables).values == counted


@pytest.mark.parametrize(
    "spread",
    [
        "nodes { id name } nodes { name id }",
        "nodes { ...N ...N } ...C ...C",
        "nodes { id } ... on ClientConnection { nodes { ...N ... { id } } }",
    ],
)
def test_fields_that_are_merged_count_once(spread: str) -> None:
    text = f"""{{ clients(first: 10) {{ {spread} }} clients(first: 10) {{ ...C }} }}
        fragment N on Client {{ id name }} fragment C on ClientConnection {{ nodes {{ ...N }} }}"""

    assert figures(text) == (11, 20)


def test_many_components_may_select_the_same_lists() -> None:
    names = [f"F{number}" for number in range(30)]
    lists = "clients(first: 100) { nodes { id activations(first: 100) { nodes { id } } } }"
    fragments = [f"fragment {name} on Query {{ {lists} }}" for name in names]

    assert figures(" ".join(["{", *(f"...{name}" for name in names), "}", *fragments])) == (10_201, 10_100)


def test_of_an_interface_the_dearest_type_counts() -> None:
    cheap, dear = "...on Product { name code id }", "...on Client { activations(first: 9) { nodes { id } } }"

    assert figures(f'{{ node(id: "a") {{ {cheap} {dear} }} }}') == (1 + 1 + 9, 9)
    assert figures(f'{{ node(id: "a") {{ {cheap} ...on Node {{ ...on Client {{ name }} }} }} }}') == (1, 3)


@pytest.mark.parametrize(
    ("switched", "counted"),
    [
        ("activations @include(if: false)", 10),
        ("activations @skip(if: true)", 10),
        ("activations @include(if: true)", 10 + 260),
        ("activations @include(if: $on)", 10 + 260),
        ("activations @include(if: $off)", 10),
        ("activations @skip(if: $on)", 10),
        ("activations @skip(if: $off) @include(if: $on)", 10 + 260),
    ],
)
def test_what_is_switched_off_does_not_count(switched: str, counted: int) -> None:
    below = "{ nodes { id } }"
    whole = f"clients(first: 10) {{ nodes {{ id {switched} {below} }} }}"

    assert figures(f"query ($on: Boolean!, $off: Boolean!) {{ {whole} }}", on=True, off=False).objects == 1 + counted


def test_fragments_that_are_switched_off_do_not_count() -> None:
    text = """query ($more: Boolean!) { clients(first: 10) { nodes { id ...A @include(if: $more)
        ... @skip(if: $more) { name } } } } fragment A on Client { activations { nodes { id } } }"""

    assert figures(text, more=False) == (11, 20)
    assert figures(text, more=True) == (11 + 260, 260)


def test_no_variables_can_change_what_is_certain() -> None:
    assert cost(MULTIPLIED).least == cost(MULTIPLIED).most == figures(MULTIPLIED)
    assert cost(TWO_LISTS).most == (10_201, 10_000)
    assert cost(TWO_LISTS).least == (1, 0)
    assert cost("query ($x: Boolean!) { clients { nodes { id @skip(if: $x) } } }").least == (26, 0)


def test_however_far_lists_multiply_they_are_counted_at_once() -> None:
    links = [
        f"fragment F{n} on Activation {{ client {{ activations(first: 100) {{ nodes {{ ...F{n + 1} }} "
        f"edges {{ node {{ ...F{n + 1} }} }} }} }} }}"
        for n in range(12)
    ]
    text = " ".join(["{ activations { nodes { ...F0 } } }", *links, "fragment F12 on Activation { id }"])

    assert cost(text).most == (SATURATED, SATURATED)
    assert "objects" in str(cost(text).most.complaint())


@pytest.mark.parametrize(
    "text",
    [
        get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True, specified_by_url=True),
        workloads.ACTIVATIONS,
        workloads.CLIENTS_WITH_ACTIVATIONS,
        workloads.CREATE_ORDER,
        "{ clients(first: 100) { nodes { activations(first: 100) { nodes { id client { id } product { id } } } } } }",
        "{ orders(first: 100) { nodes { items { product { name } } createdBy { name } } } }",
    ],
)
def test_what_honest_clients_ask_is_never_too_much(text: str) -> None:
    assert cost(text).most.complaint() is None


def test_every_list_of_the_schema_has_a_size() -> None:
    listed = {(parent.name, name) for parent, name in _lists() if not weights.is_connection(parent)}

    by_argument = {tuple(each.split(".")) for each in list_sizes.ARGUMENT_SIZES}
    assert {each for each in listed - by_argument if list_sizes.stated(*each) is None} == set()
    assert {each for each in list_sizes.LIST_SIZES if not _fits(each, listed)} == set()


def _lists(of_schema: GraphQLSchema = GRAPHQL_SCHEMA) -> Iterator[tuple[GraphQLObjectType, str]]:
    for each in of_schema.type_map.values():
        if isinstance(each, GraphQLObjectType) and not is_introspection_type(each):
            for name, field in each.fields.items():
                if is_list_type(get_nullable_type(field.type)):
                    yield each, name


def _fits(entry: str, listed: set[tuple[str, str]]) -> bool:
    parent, name = entry.split(".")
    return any(name == field and parent in {"*", of} for of, field in listed)


def test_the_sdl_says_the_largest_size_of_each_list() -> None:
    sizes = re.compile(r"@listSize\(assumedSize: (\d+)\)(?: @largestSize\(entries: (\d+)\))?")

    for parent, name in _lists(build_schema(schema.as_str())):
        stated, node = list_sizes.stated(parent.name, name), parent.fields[name].ast_node
        if stated is not None and node is not None:
            found = sizes.search(" ".join(map(print_ast, node.directives or ())))
            assert found is not None, f"{parent}.{name}"
            assert int(found[2] or found[1]) == stated, f"{parent}.{name}"


async def test_multiplied_lists_are_refused_with_the_figures(api: Api, client: str) -> None:
    body = await api.post(MULTIPLIED, id=client)

    (error,) = body["errors"]
    assert "data" not in body
    assert error["extensions"] == {"code": "COST_EXCEEDED", "objects": 2_030_302, "maxObjects": OBJECTS_MAX}
    assert "2,030,302" in error["message"]
    assert error["locations"] == [{"line": 1, "column": 1}]


async def test_sizes_in_variables_are_counted_by_their_values(api: Api, client: str) -> None:
    assert (await api.data(THREE_LISTS, n=30))["clients"]["nodes"][0]["activations"]["nodes"] == []

    error = await api.error(THREE_LISTS, n=100)

    assert error["extensions"] == {"code": "COST_EXCEEDED", "objects": 1_030_201, "maxObjects": OBJECTS_MAX}
    assert client


async def test_objects_by_fields_are_counted_too(api: Api) -> None:
    leaves = " ".join(f"a{number}: name" for number in range(101))

    error = await api.error(TWO_LISTS.replace("nodes { id }", f"nodes {{ client {{ {leaves} }} }}"), n=100)

    assert error["extensions"] == {"code": "COST_EXCEEDED", "values": 1_010_000, "maxValues": VALUES_MAX}


async def test_what_a_mutation_answers_is_counted_before_it_is_done(api: Api) -> None:
    cancelled = "mutation ($id: ID!) { cancelClient(input: {clientId: $id}) { client { ...A } } }"
    cancelled += MULTIPLIED[MULTIPLIED.index("fragment A") :]
    client = await api.client()

    error = await api.error(cancelled, id=client)

    assert error["extensions"]["code"] == "COST_EXCEEDED"
    query = "query ($id: ID!) { client(id: $id) { status } }"
    assert (await api.data(query, id=client))["client"] == {"status": "ACTIVE"}


def test_a_document_that_is_always_too_much_can_not_be_registered() -> None:
    (complaint,) = inspected(MULTIPLIED).complaints

    assert "2,030,302 objects" in complaint
    assert inspected(THREE_LISTS).complaints == []


async def test_a_registered_document_is_counted_with_its_variables(api: Api) -> None:
    await documents.register(api.portal, {"x-test:three-lists": THREE_LISTS})
    headers = {"Authorization": f"Bearer {api.token}"}

    async def ask(size: int) -> Json:
        given = {"documentId": "x-test:three-lists", "variables": {"n": size}}
        return (await api.http.post("/graphql", json=given, headers=headers)).json()

    assert await ask(10) == {"data": {"clients": {"nodes": []}}}
    assert (await ask(100))["errors"][0]["extensions"]["objects"] == 1_030_201


def test_all_operations_of_a_document_are_limited_together() -> None:
    fields = "fragment F on Query { " + " ".join(f"a{number}: __typename" for number in range(1_000)) + " }"
    operations = " ".join(f"query Q{number} {{ ...F }}" for number in range(6))

    (error,) = prepare(GRAPHQL_SCHEMA, f"{operations} {fields}").errors

    assert "at most 5000 fields" in error.message


async def test_an_answer_has_no_more_objects_than_were_counted(api: Api) -> None:
    product = await new_product(api.portal, api.partner_id)
    await api.buy(product, 9)
    for _ in range(3):
        client = await api.client()
        for _ in range(3):
            await api.activation(client, product)
    text = """{ clients(first: 3) { nodes { id
        activations(first: 3) { nodes { id product { name } } edges { cursor } } } pageInfo { endCursor } } }"""

    assert _counted(await api.data(text)) == figures(text)


def _counted(value: Json) -> tuple[int, int]:
    """Return the number of objects and values below one of an answer."""
    if isinstance(value, list):
        found = [_counted(each) for each in value]
        return sum(objects for objects, _ in found) + len(found), sum(values for _, values in found)
    objects, values = 0, 0
    for each in value.values():
        if isinstance(each, dict | list):
            below = _counted(each)
            objects, values = objects + below[0] + isinstance(each, dict), values + below[1]
        else:
            values += 1
    return objects, values


@pytest.fixture
async def narrow(api: Api) -> AsyncIterator[Api]:
    """Caller of a portal whose answers may have at most 2 KB."""
    transport = httpx.ASGITransport(create_app(api.portal, Settings(max_answer_bytes=2_000)))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        yield replace(api, http=http)


async def test_an_answer_that_is_too_long_is_refused_with_the_figures(narrow: Api) -> None:
    many = " ".join(f"a{number}: role" for number in range(200))

    body = await narrow.post(f"{{ viewer {{ {many} }} }}")

    (error,) = body["errors"]
    assert list(body) == ["errors"]
    assert error["extensions"]["code"] == "COST_EXCEEDED"
    assert error["extensions"]["bytes"] > error["extensions"]["maxBytes"] == 2_000


async def test_a_mutation_whose_answer_is_too_long_says_that_it_was_done(narrow: Api, api: Api) -> None:
    client = await api.client()
    many = " ".join(f"a{number}: name" for number in range(200))

    body = await narrow.post(
        f"mutation ($id: ID!) {{ cancelClient(input: {{clientId: $id}}) {{ client {{ {many} }} }} }}", id=client
    )

    (error,) = body["errors"]
    assert body["data"] is None
    assert error["extensions"]["code"] == "COST_EXCEEDED"
    assert error["message"].startswith("The mutation was executed")
    query = "query ($id: ID!) { client(id: $id) { status } }"
    assert (await api.data(query, id=client))["client"] == {"status": "CANCELLED"}


@pytest.mark.parametrize("of", ["dry run", "dry run of an import", "refusal"])
async def test_a_mutation_that_changed_nothing_says_so_above_its_length(narrow: Api, api: Api, of: str) -> None:
    client = await api.client()
    many = " ".join(f"a{number}: __typename" for number in range(200))
    sheet = f"cnpj;nome\\n{cnpjs.another()};Padaria"
    mutation = {
        "dry run": f'cancelClient(input: {{clientId: "{client}", dryRun: true}})',
        "dry run of an import": f'importClients(input: {{content: "{sheet}", dryRun: true}})',
        "refusal": 'cancelClient(input: {clientId: "none"})',
    }[of]

    body = await narrow.post(f"mutation {{ {mutation} {{ {many} }} }}")

    (error,) = body["errors"]
    assert body["data"] is None
    assert error["message"].startswith("Nothing was changed. The answer has at least")
    assert error["message"].endswith("or ask for shorter lists.")
