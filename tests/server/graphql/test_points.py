"""Points of operations: the SDL's directives say them, and a request may cost only so many."""

import math
import re
from pathlib import Path
from random import Random

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_introspection_query, get_named_type, parse, print_ast
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import workloads
from db.activations import ActivationSortKey
from db.clients import ClientSortKey
from domain.clients import ClientStatus
from domain.costs import POINTS_MAX
from schema import schema, weights
from schema.root import GRAPHQL_SCHEMA
from server.graphql.documents import prepare
from server.graphql.operation_facts import Operation
from server.graphql.trusted_documents import inspected
from tests.docs.pages import blocks
from tests.server.graphql import generated_documents
from tests.server.graphql.sdl_costs import SdlCosts
from tests.server.graphql.test_costs import cost

SDL = SdlCosts(schema.as_str())
SCREENS = [
    query
    for file in ("screens.ts", "vendor-screens.ts")
    for query in re.findall(
        r"query: `([^`]+)`",
        (Path(__file__).parents[3] / "server" / "graphiql" / "src" / file).read_text(encoding="utf-8"),
    )
]
DEAR = "{ clients(first: 100) { nodes { activations(first: 100) { nodes { client { id } product { id } } } } } }"


def by_sdl(text: str, variables: dict[str, object]) -> int:
    return max(1, math.ceil(SDL.points(parse(text), variables)))


def points(text: str, **variables: object) -> int:
    return cost(text).points(variables)


def operations(text: str) -> list[Operation]:
    document = prepare(GRAPHQL_SCHEMA, text)
    assert document.errors == ()
    return list(document.operations.values())


@given(st.integers(min_value=0))
@settings(max_examples=300, deadline=None)
def test_the_directives_of_the_sdl_say_what_documents_cost(seed: int) -> None:
    made = generated_documents.document(GRAPHQL_SCHEMA, Random(seed))  # noqa: S311 — the same document each time.

    counted = cost(made.text)

    assert counted.points(made.variables) == by_sdl(made.text, made.variables)
    assert counted.points_least <= counted.points(made.variables) <= counted.points_most


@given(st.integers(min_value=0), st.lists(st.integers(-1, 200) | st.none(), min_size=2, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_price_is_the_same_whatever_was_asked_for_before(seed: int, numbers: list[int | None]) -> None:
    made = generated_documents.document(GRAPHQL_SCHEMA, Random(seed))  # noqa: S311 — the same document each time.
    counted = cost(made.text)

    for number in numbers * 2:
        variables = {name: number if type(value) is int else value for name, value in made.variables.items()}
        assert counted.price(variables) == cost(made.text).price(variables)


def test_a_price_depends_on_no_word_of_a_text() -> None:
    text = "query ($t: String) { clients(first: 20, filter: {search: $t}) { nodes { id } } }"
    counted = cost(text)

    found = [counted.points({"t": value}) for value in (None, "a", "b", None)]

    assert found == [cost(text).points({"t": value}) for value in (None, "a", "b", None)]
    assert found[0] < found[1] == found[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 3),
        ("{ clients { nodes { id } } }", 2 + 4 + 1),
        ("{ clients(first: 100) { nodes { id name city state } } }", 2 + 4 + 2),
        ("{ clients(first: 100) { totalCount } }", 2 + 4 + 12),
        ('{ clients(filter: {search: "ana"}) { pageInfo { endCursor } } }', 2 + 4 + 60 + 1),
        ("{ clients(filter: {search: null}) { pageInfo { endCursor } } }", 2 + 4 + 1),
        ("{ clients(first: 100) { nodes { activations(first: 10) { nodes { product { id } } } } } }", 2 + 4 + 10 + 33),
        ("{ priceTables(first: 10) { nodes { items { orderType } } } }", 2 + 2 + 14),
        ("{ priceTables(first: 10) { nodes { items { tiers { bonusQuantity } } } } }", 2 + 2 + 14 + 26),
        ("{ priceTables(first: 1) { nodes { versions { items { tiers { bonusQuantity } } } } } }", 2 + 2 + 14 + 27),
        ('{ priceTableDiff(priceTableId: "x") { change } }', 2 + 4 + 1),
        ("{ products { id code name } }", 2 + 2 + 1),
        (workloads.CREATE_ORDER, 16),
        ("{ activations(first: 100) { totalCount } }", 2 + 1.5 + 120 + 0.5),
        ("{ events(first: 100) { totalCount } }", 2 + 2 + 1),
        ("{ events(filter: {}) { totalCount } }", 2 + 2 + 1 + 40),
        ("{ events(filter: null) { totalCount } }", 2 + 2 + 1),
        ("{ events(filter: {}) { nodes { id } } }", 2 + 2 + 1),
        ('{ events(filter: {actorId: "x"}) { totalCount } }', 2 + 2 + 1 + 40 + 2 * 10),
        ("{ clients { nodes { activations { totalCount } } } }", 2 + 4 + 8),
        ("{ clients { totalCountIsExact } }", 2 + 4 + 12),
        ("{ clients { total: totalCount totalCountIsExact } }", 2 + 4 + 12 + 1),
        ("{ events { ...A } } fragment A on EventConnection { totalCountIsExact totalCount }", 2 + 2 + 1),
        ("{ clients { nodes { activations { totalCountIsExact } } } }", 2 + 4 + 8),
        ("{ orders(first: 100) { nodes { items { product { id } } } } }", 2 + 2 + 10 + 33),
        ("mutation { activateLicenses(input: {items: [{}, {}]}) { results { status } } }", 20 + 4 + 1),
        ("mutation { draftPriceTable(input: {prices: [{}, {}, {}]}) { version { number } } }", 15 + 3 + 1),
        ("mutation { draftPriceTable(input: {prices: {tiers: [{}, {}, {}, {}]}}) { version { number } } }", 15 + 1 + 1),
        ('mutation { signIn(input: {email: "a", password: "b"}) { token } }', 1_001),
    ],
)
def test_what_a_field_costs_depends_on_what_it_reads(text: str, expected: int) -> None:
    assert points(text) == expected == by_sdl(text, {})


def test_a_request_can_verify_three_chains_and_not_four() -> None:
    chains = [f"a{each}: auditChain {{ checked }}" for each in range(4)]

    assert points(" ".join(["{", *chains[:3], "}"])) <= POINTS_MAX < points(" ".join(["{", *chains, "}"]))


def test_a_sentence_costs_more_than_a_stored_value() -> None:
    text = "{ events(first: 100) { nodes { %s } } }"

    assert points(text % "message cursor hash typeLabel") - points(text % "number type") >= 14


def test_a_filter_in_a_variable_costs_what_it_has() -> None:
    text = "query ($filter: ClientFilter, $name: String) { clients(filter: $filter) { nodes { id } } %s }"
    text %= "activations(filter: {clientName: $name}) { nodes { id } }"

    assert points(text, filter=None, name=None) == points(text) == 8
    assert points(text, filter={"search": "x"}, name=None) == 68
    assert points(text, filter={"search": "x", "city": "y"}, name="x") == 178


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("clients(sort: {by: LAST_ACTIVATED_AT}, filter: {hasActiveActivations: false})", 46),
        ("clients(sort: {by: CNPJ, direction: DESC})", 36),
        ("clients(sort: {by: CITY})", 6),
        ("clients(filter: {status: [ACTIVE, CANCELLED]})", 36),
        ("clients(filter: {status: CANCELLED})", 36),
        ("clients(filter: {status: ACTIVE})", 6),
        ("clients(filter: {status: [ACTIVE]})", 6),
        ("clients(filter: {status: null}, sort: null)", 6),
        ('activations(filter: {productId: "x", status: []})', 203.5),
        ("activations(filter: {status: []}, sort: {by: CLIENT_NAME})", 3.5),
        ("clients(filter: {status: []})", 6),
        ("activations(filter: {status: ACTIVE})", 8.5),
        ("activations(filter: {status: [CANCELLED]})", 123.5),
        ("activations(filter: {status: [ACTIVE, CANCELLED]})", 123.5),
        ("events(filter: {types: [STOCK_LOW, CLIENT_UPDATED]})", 284),
        ("orders(filter: {totalWithSetupFee: {}, status: PENDING})", 83.5),
    ],
)
def test_what_reads_all_rows_costs_points(arguments: str, expected: float) -> None:
    text = f"{{ {arguments} {{ pageInfo {{ hasNextPage }} }} }}"

    assert points(text) == by_sdl(text, {}) == math.ceil(expected + 1 * 0.003)


@pytest.mark.parametrize("by", ["CNPJ", ClientSortKey.CNPJ])
def test_an_order_in_a_variable_costs_what_its_value_does(by: object) -> None:
    whole = "query ($sort: ClientSort) { clients(sort: $sort) { nodes { id } } }"
    inner = "query ($by: ClientSortKey!) { clients(sort: {by: $by}) { nodes { id } } }"

    assert points(whole, sort={"by": by}) == points(inner, by=by) == cost(whole).points_most == 37
    assert points(whole, sort={}) == points(whole, sort=None) == points(inner, by="NAME") == 7


@pytest.mark.parametrize("default", [["ACTIVE"], [ClientStatus.ACTIVE]])
def test_a_filter_in_a_variable_has_its_defaults_for_nothing(default: object) -> None:
    text = "query ($filter: ClientFilter) { clients(filter: $filter) { nodes { id } } }"

    assert points(text, filter={"search": "x", "status": default}) == points(text, filter={"search": "x"}) == 67
    assert points(text, filter={"search": "x", "status": [ClientStatus.CANCELLED]}) == 97


@pytest.mark.parametrize("by", ["ACTIVATED_AT", "CLIENT_NAME"])
def test_a_filter_by_no_values_costs_nothing(by: str) -> None:
    text = "query ($filter: ActivationFilter) { activations(filter: $filter, sort: {by: KEY}) { nodes { id } } }"
    text = text.replace("KEY", by)
    inner = text.replace("$filter: ActivationFilter", "$in: [ActivationStatus!]").replace("$filter", "{status: $in}")

    assert points(text, filter={"status": []}) == points(inner, **{"in": []}) == points(text, filter=None) == 4
    assert by_sdl(text, {"filter": {"status": []}}) == by_sdl(inner, {"in": []}) == 4


def test_the_status_of_a_partners_rows_costs_points() -> None:
    text = "query ($status: ActivationStatus) { viewer { partner { %s { nodes { id } } } } }"
    given = text % "activations(status: $status)"

    assert points(text % "activations(status: CANCELLED)") == points(given, status="CANCELLED") == 54
    assert points(given, status=None) == by_sdl(given, {"status": None}) == 4
    assert by_sdl(given, {"status": "CANCELLED"}) == cost(given).points_most == 54


def test_the_filter_of_a_subscription_costs_nothing() -> None:
    text = "subscription { events(filter: {types: [STOCK_LOW]}) { cursor } }"

    assert points(text) == by_sdl(text, {}) == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('filter: {updatedSince: "2026-01-01T00:00:00Z"}, sort: {by: UPDATED_AT}', 0),
        ('filter: {updatedSince: "2026-01-01T00:00:00Z"}, sort: {by: CLIENT_NAME}', 500),
        ('filter: {updatedSince: "2026-01-01T00:00:00Z"}', 380),
        ('filter: {updatedSince: "2026-01-01T00:00:00Z"}, sort: {direction: ASC}', 380),
        ('filter: {updatedSince: "2026-01-01T00:00:00Z"}, sort: null', 380),
        ("filter: {updatedSince: null, activatedAt: {}}, sort: {by: UPDATED_AT}", 380),
        ('filter: {activatedById: "x", activatedAt: {}}, sort: {by: CLIENT_NAME}', 1_000),
        ("filter: null, sort: {by: CLIENT_NAME}", 0),
    ],
)
def test_a_filter_costs_points_in_orders_without_its_index(arguments: str, expected: int) -> None:
    text = f"{{ activations({arguments}) {{ pageInfo {{ hasNextPage }} }} }}"

    assert points(text) == by_sdl(text, {}) == 4 + expected


def test_filters_and_orders_in_variables_cost_what_they_have() -> None:
    since = "2026-01-01T00:00:00Z"
    whole = (
        "query ($f: ActivationFilter, $s: ActivationSort) { activations(filter: $f, sort: $s) { totalCountIsExact } }"
    )
    inner = (
        "query ($since: DateTime, $by: ActivationSortKey! = UPDATED_AT) { activations(filter: {updatedSince: $since}, "
        "sort: {by: $by}) { totalCountIsExact } }"
    )

    assert points(whole, f={"updatedSince": since}, s={"by": "CLIENT_NAME"}) == 124 + 2 * 500
    assert points(whole, f={"updatedSince": since}) == 124 + 2 * 380
    assert points(whole, f={"updatedSince": since}, s={"by": ActivationSortKey.UPDATED_AT}) == 124
    assert points(inner, since=since, by="CLIENT_NAME") == cost(inner).points_most == 124 + 2 * 500
    assert points(inner, since=None, by="CLIENT_NAME") == points(inner, since=since) - 2 * 380 == 124


def test_a_filter_in_a_variable_costs_a_count_where_all_are_kept() -> None:
    text = "query ($f: EventFilter) { events(filter: $f) { totalCount } }"
    most = cost(text).points_most

    assert [points(text, f=value) for value in (None, {}, {"actorId": "x"})] == [5, 45, 65]
    assert [by_sdl(text, {"f": value}) for value in (None, {}, {"actorId": "x"})] == [5, 45, 65]
    assert most >= 65


def test_a_filter_counts_twice_with_the_total() -> None:
    text = '{ clients(filter: {search: "x"}) { ...F } } fragment F on ClientConnection { %s pageInfo { hasNextPage } }'

    assert points(text % "") == 7 + 60
    assert points(text % "count: totalCount") == by_sdl(text % "count: totalCount", {}) == 7 + 12 + 2 * 60


def test_a_field_that_another_one_is_read_with_keeps_bounds() -> None:
    text = "query ($no: Boolean!) { clients { a: totalCountIsExact b: totalCountIsExact totalCount @skip(if: $no) } }"
    counted = cost(text)

    assert [points(text, no=value) for value in (False, True)] == [19, 30]
    assert counted.points_least <= 19
    assert counted.points_most >= 30


def test_thirty_lists_that_read_all_rows_are_too_much() -> None:
    of_product = 'activations(first: 1, filter: {productId: "x"}) { nodes { id } }'
    lists = [f"a{each}: {of_product}" for each in range(30)]

    assert points(" ".join(["{", *lists, "}"])) > POINTS_MAX


def test_of_two_sizes_the_larger_one_counts() -> None:
    text = "{ clients(first: 1, last: 100) { nodes { partner { id } } } }"

    assert points(text) == by_sdl(text, {}) == 10


def test_every_directive_has_a_weight_of_the_table() -> None:
    for of_type in SDL.schema.type_map.values():
        if isinstance(of_type, GraphQLObjectType) and not of_type.name.startswith("__"):
            for name, field in of_type.fields.items():
                assert _weight(field) == weights.of_field(of_type, name, field), f"{of_type}.{name}"


def _weight(field: GraphQLField) -> str:
    found = re.search(r'@cost\(weight: "([\d.]+)"\)', _directives(field))
    if found is not None:
        return found[1]
    return weights.ONE if hasattr(get_named_type(field.type), "fields") else weights.SCALAR


def _directives(field: GraphQLField) -> str:
    assert field.ast_node is not None
    return " ".join(map(print_ast, field.ast_node.directives or ()))


def test_every_entry_of_the_tables_names_something() -> None:
    types = GRAPHQL_SCHEMA.type_map
    fields = {f"{of}.{name}" for of, each in types.items() for name in getattr(each, "fields", {})}
    values = {f"{of}.{name}" for of, each in types.items() for name in getattr(each, "values", {})}
    anywhere = {f"*.{each.partition('.')[2]}" for each in fields}

    assert set(weights.WEIGHTS) <= fields | anywhere
    assert {each.rpartition(".")[0] for each in weights.ARGUMENT_WEIGHTS} <= fields
    assert set(weights.INPUT_WEIGHTS) <= fields
    assert set(weights.VALUE_WEIGHTS) <= values
    assert set(weights.ORDER_WEIGHTS) <= fields
    orders = {
        f"{name.partition('Filter')[0]}SortKey.{key}" for name, keys in weights.ORDER_WEIGHTS.items() for key in keys
    }
    assert orders <= values


@pytest.mark.parametrize("text", [block.text for block in blocks("graphql")])
def test_each_document_of_the_documentation_is_affordable(text: str) -> None:
    assert max(each.points_most for each in operations(text)) <= POINTS_MAX / 2


@pytest.mark.parametrize("text", [*SCREENS, get_introspection_query(), workloads.CLIENTS_WITH_ACTIVATIONS])
def test_each_tab_of_graphiql_is_affordable(text: str) -> None:
    assert max(each.points_most for each in operations(text)) <= POINTS_MAX


def test_there_are_tabs() -> None:
    assert len(SCREENS) > 20


def test_a_page_of_pages_with_two_relations_is_affordable() -> None:
    assert points(DEAR) <= POINTS_MAX / 2


def test_a_document_that_always_costs_too_much_can_not_be_registered() -> None:
    assert inspected(DEAR).complaints == []

    (complaint,) = inspected(DEAR, points_max=600).complaints

    assert "676 points" in complaint


def test_switches_make_the_plan_of_a_large_document_cost_something() -> None:
    values = " ".join(f"a{number}: name" for number in range(96))
    switched = f"query ($on: Boolean!) {{ %s }} fragment F on Client {{ {values} id @include(if: $on) }}"
    roots = [f'c{number}: client(id: "x") {{ ...F }}' for number in range(19)]
    small, large = switched % roots[0], switched % " ".join(roots)

    assert points(small, on=True) == by_sdl(small, {"on": True}) == 4
    # 19 objects with 97 values each, of which a hundred fields are free.
    assert points(large, on=True) == by_sdl(large, {"on": True}) == math.ceil(2 + 19 * (1 + 97 * 0.003) + 176.2)
    assert points(large.replace("@include(if: $on)", ""), on=True) == math.ceil(2 + 19 * (1 + 97 * 0.003))
