"""The examples of the GraphQL specification, in the order of its section on execution."""

from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor

HEROES = """
  interface Character {{ id: ID!, name: {name} }}
  type Human implements Character {{ id: ID!, name: {name}, friends: {friends}, height: Float }}
  type Droid implements Character {{ id: ID!, name: {name}, primaryFunction: String }}
  union Found = Human | Droid
  type Query {{ hero(episode: Episode = JEDI): Human, heroes: [Character!], search: [Found] }}
  enum Episode {{ EMPIRE JEDI }}
"""

FRIENDS: list[dict[str, Any]] = [
    {"__typename": "Human", "id": "1000", "name": "Luke Skywalker"},
    {"__typename": "Human", "id": "1002", "name": None},
    {"__typename": "Human", "id": "1003", "name": "Leia Organa"},
]
R2D2: dict[str, Any] = {"__typename": "Droid", "id": "2001", "name": "R2-D2", "primaryFunction": "Astromech"}
HERO: dict[str, Any] = {"__typename": "Human", "id": "2002", "name": "Han", "friends": FRIENDS, "height": 1.8}

NULL_NAME = "Cannot return null for non-nullable field Human.name."


def heroes(*, name: str = "String", friends: str = "[Human]") -> GraphQLSchema:
    return build_schema(HEROES.format(name=name, friends=friends))


def answer(schema: GraphQLSchema, document: str, root: object, **variables: Any) -> ExecutionResult:  # noqa: ANN401
    result = execute(schema, parse(document), root, variable_values=variables, executor_class=BatchExecutor)
    assert isinstance(result, ExecutionResult)
    return result


def names(*given: object) -> list[Any]:
    return [None if name is None else {"name": name} for name in given]


@pytest.mark.parametrize(
    ("name", "friends", "data"),
    [
        (
            "String",
            "[Human]",
            {"hero": {"friends": [{"name": "Luke Skywalker"}, {"name": None}, {"name": "Leia Organa"}]}},
        ),
        ("String!", "[Human]", {"hero": {"friends": names("Luke Skywalker", None, "Leia Organa")}}),
        ("String!", "[Human]!", {"hero": {"friends": names("Luke Skywalker", None, "Leia Organa")}}),
        ("String!", "[Human!]", {"hero": {"friends": None}}),
        ("String!", "[Human!]!", {"hero": None}),
    ],
)
def test_null_takes_the_place_of_the_nearest_parent_that_may_be_null(name: str, friends: str, data: object) -> None:
    result = answer(heroes(name=name, friends=friends), "{ hero { friends { name } } }", {"hero": HERO})

    assert result.data == data
    if name == "String!":
        assert [error.formatted for error in result.errors or ()] == [
            {"message": NULL_NAME, "locations": [{"line": 1, "column": 20}], "path": ["hero", "friends", 1, "name"]}
        ]


def test_all_the_data_is_null_where_nothing_above_an_error_may_be() -> None:
    schema = build_schema("type Query { a: A! } type A { b: [B!]! } type B { c: Int! }")

    result = answer(schema, "{ a { b { c } } }", {"a": {"b": [{"c": 1}, {}]}})

    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["a", "b", 1, "c"]]


def test_each_null_has_one_error() -> None:
    schema = build_schema("type Query { a: A, b: A } type A { c: Int!, d: Int! }")

    result = answer(schema, "{ a { c d } b { c d } }", {"a": {}, "b": {}})

    assert result.data == {"a": None, "b": None}
    assert [(error.path or [])[0] for error in result.errors or ()] == ["a", "b"]


def test_errors_below_an_object_that_becomes_null_are_in_the_response() -> None:
    schema = build_schema("type Query { a: A } type A { b: [Int], c: Int! }")

    result = answer(schema, "{ a { b c } }", {"a": {"b": ["no", "never"]}})

    assert result.data == {"a": None}
    assert [error.path for error in result.errors or ()] == [["a", "b", 0], ["a", "b", 1], ["a", "c"]]


@pytest.mark.parametrize(
    ("of_type", "given", "data", "path"),
    [
        ("[[Int]]", [[1, "a"], [2]], [[1, None], [2]], ["f", 0, 1]),
        ("[[Int!]]", [[1, "a"], [2]], [None, [2]], ["f", 0, 1]),
        ("[[Int!]!]", [[2], [1, "a"]], None, ["f", 1, 1]),
        ("[[Int]!]", [[2], None], None, ["f", 1]),
        ("[[Int]!]", [[2], 7], None, ["f", 1]),
        ("[Int]", 7, None, ["f"]),
        ("[Int]", "text", None, ["f"]),
        ("[Int]", {"a": 1}, None, ["f"]),
        ("[Int!]", (1, None), None, ["f", 1]),
        ("Int", 2**31, None, ["f"]),
        ("Int", 1.5, None, ["f"]),
        ("Float", float("nan"), None, ["f"]),
        ("Boolean", "true", None, ["f"]),
        ("ID", 1.5, None, ["f"]),
        ("String", [], None, ["f"]),
        ("[Int]", [ValueError("no"), 1], [None, 1], ["f", 0]),
    ],
)
def test_lists_and_scalars_that_are_wrong_are_null_in_their_place(
    of_type: str, given: object, data: object, path: list[object]
) -> None:
    result = answer(build_schema(f"type Query {{ f: {of_type} }}"), "{ f }", {"f": given})

    assert result.data == {"f": data}
    assert [error.path for error in result.errors or ()] == [path]


@pytest.mark.parametrize(
    ("of_type", "given", "data"),
    [
        ("Int", True, 1),
        ("Int", 3.0, 3),
        ("Int", "4", 4),
        ("Float", 3, 3.0),
        ("Float", "1.5", 1.5),
        ("String", 7, "7"),
        ("String", True, "true"),
        ("Boolean", 7, True),
        ("ID", 7, "7"),
        ("[Int]", range(3), [0, 1, 2]),
        ("[Int]", {1}, [1]),
        ("[[Int]]", [(), None, iter([1])], [[], None, [1]]),
    ],
)
def test_values_are_coerced_to_their_type(of_type: str, given: object, data: object) -> None:
    result = answer(build_schema(f"type Query {{ f: {of_type} }}"), "{ f }", {"f": given})

    assert result == ExecutionResult({"f": data}, None)
    assert result.data is not None
    assert type(result.data["f"]) is type(data)


def test_selections_of_one_response_key_are_merged_in_their_order() -> None:
    document = """
      { hero { ...Who name } ... { other: hero { id } hero { height friends { id } } } ...Again }
      fragment Who on Character { id ... on Human { friends { name } } }
      fragment Again on Query { hero { id height again: id } }
    """

    result = answer(heroes(), document, {"hero": HERO})

    assert list(result.data or {}) == ["hero", "other"]
    assert result.data is not None
    assert list(result.data["hero"].items()) == [
        ("id", "2002"),
        ("friends", [{"name": friend["name"], "id": friend["id"]} for friend in FRIENDS]),
        ("name", "Han"),
        ("height", 1.8),
        ("again", "2002"),
    ]


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("include", [False, True])
def test_a_field_stays_where_it_is_included_and_not_skipped(*, skip: bool, include: bool) -> None:
    document = """
      query ($skip: Boolean!, $include: Boolean!) {
        both: __typename @skip(if: $skip) @include(if: $include)
        skipped: __typename @skip(if: $skip)
        included: __typename @include(if: $include)
        ... @skip(if: $skip) { inline: __typename }
        ...Named @include(if: $include)
        never: __typename @skip(if: true)
        always: __typename @include(if: true)
      }
      fragment Named on Query { named: __typename }
    """

    result = answer(heroes(), document, None, skip=skip, include=include)

    assert set(result.data or ()) == {
        *(["both"] if include and not skip else []),
        *(["skipped", "inline"] if not skip else []),
        *(["included", "named"] if include else []),
        "always",
    }


def test_a_selection_of_which_everything_is_skipped_is_an_empty_object() -> None:
    result = answer(heroes(), "{ hero { id @skip(if: true) ... on Droid { id } } }", {"hero": HERO})

    assert result == ExecutionResult({"hero": {}}, None)


def test_fragments_apply_to_the_types_they_name() -> None:
    document = """
      {
        heroes { __typename name ... on Human { height } ...OnDroid ... on Character { id } ... on Found { found: id } }
        search { ... on Droid { primaryFunction } ... on Character { name } }
      }
      fragment OnDroid on Droid { primaryFunction }
    """

    result = answer(heroes(), document, {"heroes": [HERO, R2D2], "search": [R2D2, None, HERO]})

    assert result.data == {
        "heroes": [
            {"__typename": "Human", "name": "Han", "height": 1.8, "id": "2002", "found": "2002"},
            {"__typename": "Droid", "name": "R2-D2", "primaryFunction": "Astromech", "id": "2001", "found": "2001"},
        ],
        "search": [{"primaryFunction": "Astromech", "name": "R2-D2"}, None, {"name": "Han"}],
    }


def test_an_object_of_no_known_type_is_an_error_of_its_place() -> None:
    ghost, unnamed = {"__typename": "Ghost"}, {"name": "?"}

    result = answer(heroes(), "{ search { __typename } }", {"search": [ghost, R2D2, unnamed]})

    assert result.data == {"search": [None, {"__typename": "Droid"}, None]}
    assert [error.path for error in result.errors or ()] == [["search", 0], ["search", 2]]


def test_introspection_is_answered() -> None:
    document = '{ __schema { queryType { name } } __type(name: "Found") { kind possibleTypes { name } } __typename }'

    result = answer(heroes(), document, None)

    assert result.data == {
        "__schema": {"queryType": {"name": "Query"}},
        "__type": {"kind": "UNION", "possibleTypes": [{"name": "Human"}, {"name": "Droid"}]},
        "__typename": "Query",
    }
