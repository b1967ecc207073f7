"""Cost of introspection: it counts what the schema has, whatever type a request names."""

import math

import pytest
from graphql import get_introspection_query, graphql_sync

from schema import weights
from schema.root import GRAPHQL_SCHEMA
from server.graphql.costs import Cost
from server.graphql.introspection_costs import VALUES_MAX
from tests.api import Json
from tests.server.graphql.test_costs import cost

TOOLS = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
)
REFERENCE = "type { kind name ofType { kind name ofType { kind name } } }"
FIELDS = f"fields(includeDeprecated: true) {{ name description {REFERENCE} args {{ name {REFERENCE} }} }}"
OBJECTS = frozenset({"fields", "inputFields", "interfaces", "enumValues", "possibleTypes", "ofType"})
"""Fields that are null of many types."""


def introspected(selected: str, *, named: str) -> Cost:
    return cost(f'{{ __type(name: "{named}") {{ {selected} }} }}')


def answered(value: Json) -> tuple[int, int]:
    """Return the number of objects and values of an answer."""
    if isinstance(value, list):
        found = [answered(each) for each in value]
    elif isinstance(value, dict):
        found = [answered(each) for name, each in value.items() if each is not None or name not in OBJECTS]
    else:
        return 0, 1
    return sum(each[0] for each in found) + isinstance(value, dict), sum(each[1] for each in found)


@pytest.mark.parametrize(
    "text",
    [
        TOOLS,
        "{ __schema { description directives { name locations args { name } } subscriptionType { name } } }",
        f"{{ __schema {{ queryType {{ {FIELDS} }} mutationType {{ ...F }} }} }} fragment F on __Type {{ {FIELDS} }}",
        f'{{ __type(name: "Node") {{ possibleTypes {{ name interfaces {{ __typename }} {FIELDS} }} }} }}',
        f'{{ a: __type(name: "Client") {{ {FIELDS} }} b: __type(name: "EventType") {{ enumValues {{ name }} }} }}',
        '{ __type(name: "Nothing") { name fields { name } } }',
    ],
)
def test_introspection_counts_what_the_schema_has(text: str) -> None:
    data = graphql_sync(GRAPHQL_SCHEMA, text).data

    objects, values = answered(data)

    if data == {"__type": None}:
        assert cost(text).most == (0, 0)
    else:
        # The root is none of the objects that are counted.
        assert cost(text).most == (objects - 1, values)


def test_each_object_and_value_of_introspection_costs_points() -> None:
    aliases = " ".join(f"a{number}: kind" for number in range(100))
    types = len(GRAPHQL_SCHEMA.type_map)

    points = cost(f"{{ __schema {{ types {{ {aliases} t: description }} }} }}").points_most

    assert points == math.ceil(2 + 2 * 0.02 + 0.03 + types * (0.03 + 100 * 0.02 + 0.03))


def test_introspection_by_tools_costs_what_it_takes() -> None:
    values = cost(TOOLS).most.values

    assert values * float(weights.INTROSPECTED) < cost(TOOLS).points_most < 1_000


def test_large_types_cost_more_than_small_ones() -> None:
    small, large = (introspected(FIELDS, named=name).points_most for name in ("PageInfo", "Mutation"))

    assert small < 10
    assert large > 5 * small


@pytest.mark.parametrize(
    "selected",
    [
        FIELDS,
        "possibleTypes { fields { name } }",
        "enumValues { name }",
        f"inputFields {{ name {REFERENCE} }}",
        "fields { type { ofType { fields { name } } } }",
        "fields { args { type { ofType { inputFields { name } } } } }",
        "interfaces { possibleTypes { name } }",
    ],
)
def test_a_type_named_by_a_variable_costs_as_the_largest(selected: str) -> None:
    by_variable = cost(f"query ($name: String!) {{ __type(name: $name) {{ {selected} }} }}")

    assert not by_variable.varies
    assert by_variable.points_most == max(
        introspected(selected, named=name).points_most for name in GRAPHQL_SCHEMA.type_map
    )


def test_too_much_introspection_is_refused() -> None:
    many = " ".join(f"a{number}: name" for number in range(90))

    complaint = cost(
        f"{{ __schema {{ types {{ fields {{ type {{ {many} }} t: type {{ {many} }} }} }} }} }}"
    ).complaint()

    assert complaint is not None
    assert complaint.extensions == {"maxValues": VALUES_MAX}


def test_what_is_switched_off_of_introspection_costs_nothing() -> None:
    text = "query ($on: Boolean!) { __schema { types { name fields @include(if: $on) { name } } } }"

    assert cost(text).points({"on": False}) == cost("{ __schema { types { name } } }").points_most
    assert cost(text).points({"on": True}) == cost("{ __schema { types { name fields { name } } } }").points_most
