"""Batches: how often resolvers are called, with what, and how often the loop runs."""

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    execute,
    parse,
)

from breadth import BatchExecutor, set_batch_resolver, wait_for
from breadth.batch_resolvers import BatchResolver, waits_for_seconds
from tests.breadth.row_batches import Columns, DictionaryEncoded

Info = GraphQLResolveInfo[Any]

SDL = """
  interface Named { name: String }
  type Person implements Named { name: String, age: Int!, double(by: Int = 2): Int, friends: [Person!], best: Person }
  type Robot implements Named { name: String, double(by: Int = 2): Int }
  type Query { people: [Person], rows: [[Person]], anyone: [Named!], person: Person, must: [Person!]! }
"""


class Calls:
    """A batch resolver that records the batches it is called with."""

    def __init__(self, answer: Callable[[Any], Any] = lambda _source: None) -> None:
        """Name what it answers for each object."""
        self._answer = answer
        self.batches: list[list[Any]] = []
        self.infos: list[Info] = []
        self.given: list[dict[str, Any]] = []

    def __call__(self, sources: list[Any], info: Info, **given: Any) -> list[Any]:  # noqa: ANN401 — of any type.
        """One value for each object."""
        self.batches.append(list(sources))
        self.infos.append(info)
        self.given.append(given)
        return [self._answer(source) for source in sources]


def schema_with(**resolvers: BatchResolver) -> GraphQLSchema:
    """The schema, with batch resolvers for fields of people and, if they have them, robots."""
    schema = build_schema(SDL)
    for name, resolver in resolvers.items():
        for of_type in ("Person", "Robot"):
            found = schema.type_map[of_type]
            assert isinstance(found, GraphQLObjectType)
            if name in found.fields:
                set_batch_resolver(found.fields[name], resolver)
    return schema


def at_once(schema: GraphQLSchema, document: str, root: object, **variables: Any) -> ExecutionResult:  # noqa: ANN401
    """The result, which needs no waiting."""
    result = execute(schema, parse(document), root, variable_values=variables, executor_class=BatchExecutor)
    assert isinstance(result, ExecutionResult)
    return result


def people(*names: str) -> list[dict[str, Any]]:
    return [{"__typename": "Person", "name": name, "age": index} for index, name in enumerate(names)]


def test_a_batch_resolver_is_called_once_with_all_objects_of_the_batch() -> None:
    double = Calls(lambda person: person["age"] * 2)

    result = at_once(schema_with(double=double), "{ people { double } }", {"people": people("a", "b", "c")})

    assert result.data == {"people": [{"double": 0}, {"double": 2}, {"double": 4}]}
    assert double.batches == [people("a", "b", "c")]


def test_lists_of_lists_are_one_batch() -> None:
    a, b, c = people("a", "b", "c")
    double = Calls()

    at_once(schema_with(double=double), "{ rows { double } }", {"rows": [[a], [], None, [b, None, c]]})

    assert double.batches == [[a, b, c]]


def test_the_children_of_all_parents_are_one_batch() -> None:
    a, b, c, d = people("a", "b", "c", "d")
    double = Calls()
    friends = {"a": [c], "b": [c, d]}
    schema = schema_with(double=double, friends=Calls(lambda person: friends[person["name"]]))

    at_once(schema, "{ people { friends { friends: double } } }", {"people": [a, b]})

    assert [each for batch in double.batches for each in batch] in ([c, c, d], [c, d])
    assert len(double.batches) == 1


def test_merged_fragments_are_one_field() -> None:
    double = Calls(lambda person: person["age"])
    document = """
      { people { double ...F ... on Named { ... on Person { double } } } people { ...F } }
      fragment F on Person { double name }
    """

    result = at_once(schema_with(double=double), document, {"people": people("a", "b")})

    assert result.data == {"people": [{"double": 0, "name": "a"}, {"double": 1, "name": "b"}]}
    assert double.batches == [people("a", "b")]


def test_each_alias_is_a_field_with_arguments_of_its_own() -> None:
    double = Calls()

    at_once(
        schema_with(double=double),
        "query ($by: Int) { people { double a: double(by: 3) b: double(by: $by) } }",
        {"people": people("a", "b")},
        by=7,
    )

    assert double.given == [{"by": 2}, {"by": 3}, {"by": 7}]


def test_the_objects_of_an_interface_are_a_batch_for_each_type() -> None:
    double = Calls(lambda source: len(source["name"]))
    robots = [{"__typename": "Robot", "name": name} for name in ("r2d2", "k9")]
    a, b = people("a", "b")
    document = "{ anyone { ... on Person { double } ... on Robot { double } } }"

    result = at_once(schema_with(double=double), document, {"anyone": [a, robots[0], b, robots[1]]})

    assert double.batches == [[a, b], robots]
    assert result.data == {"anyone": [{"double": 1}, {"double": 4}, {"double": 1}, {"double": 2}]}


def test_the_info_of_a_batch_knows_the_request() -> None:
    double = Calls()
    schema = schema_with(double=double)
    document = parse("query Asked($by: Int) { people { twice: double(by: $by) } }")
    root = {"people": people("a", "b")}

    execute(schema, document, root, "context", {"by": 4}, executor_class=BatchExecutor)

    (info,) = double.infos
    assert (info.context, info.field_name, info.parent_type.name) == ("context", "double", "Person")
    assert info.variable_values.coerced == {"by": 4}
    assert info.operation.name is not None
    assert info.operation.name.value == "Asked"
    assert info.root_value is root
    assert info.path.key == "twice"


@pytest.mark.parametrize(
    "root",
    [
        {"people": [], "must": [], "rows": [[], None]},
        {"people": [None, None], "must": [], "rows": [[None], []]},
        {"people": Columns([]), "must": [], "rows": [DictionaryEncoded([])]},
    ],
)
def test_a_batch_without_objects_is_not_resolved(root: dict[str, Any]) -> None:
    double, friends = Calls(), Calls(lambda _person: [])
    schema = schema_with(double=double, friends=friends)
    document = "{ people { double } must { friends { double } } rows { friends { double } } }"

    result = at_once(schema, document, root)

    stock = execute(schema, parse(document), {name: [*map(listed, values)] for name, values in root.items()})
    assert result == stock
    assert double.batches == friends.batches == []


def listed(value: Any) -> Any:  # noqa: ANN401 — a row batch, or any other value.
    return list(value) if isinstance(value, Columns) else value


def test_a_batch_of_refused_objects_is_not_resolved() -> None:
    double = Calls()
    schema = schema_with(double=double)
    person: Any = schema.type_map["Person"]
    person.is_type_of = lambda *_: False

    result = at_once(schema, "{ people { double } }", {"people": people("a", "b")})

    assert result.data == {"people": [None, None]}
    assert double.batches == []


def test_ordinary_resolvers_are_called_once_for_each_object() -> None:
    schema = build_schema(SDL)
    asked = []

    def name(person: dict[str, Any], info: Info) -> str:
        asked.append(info.path.as_list())
        return str(person["name"])

    schema.type_map["Person"].fields["name"].resolve = name  # type: ignore[attr-defined]
    a, b = people("a", "b")

    at_once(schema, "{ people { name } person { name } }", {"people": [a, b, a], "person": a})

    assert asked == [["people", 0, "name"], ["people", 1, "name"], ["people", 2, "name"], ["person", "name"]]


def test_an_error_in_a_place_is_the_error_of_that_place() -> None:
    double = Calls(lambda person: ValueError(f"not {person['name']}") if person["age"] % 2 else person["age"])

    result = at_once(schema_with(double=double), "{ people { double } }", {"people": people("a", "b", "c", "d")})

    assert result.data == {"people": [{"double": 0}, {"double": None}, {"double": 2}, {"double": None}]}
    assert [(error.message, error.path) for error in result.errors or ()] == [
        ("not b", ["people", 1, "double"]),
        ("not d", ["people", 3, "double"]),
    ]


def test_an_error_that_is_raised_is_the_error_of_every_place() -> None:
    def double(_sources: list[Any], _info: Info, *, by: int) -> list[Any]:
        message = f"not by {by}"
        raise ValueError(message)

    result = at_once(schema_with(double=double), "{ people { double } }", {"people": people("a", "b")})

    assert result.data == {"people": [{"double": None}, {"double": None}]}
    assert [(error.message, error.path) for error in result.errors or ()] == [
        ("not by 2", ["people", 0, "double"]),
        ("not by 2", ["people", 1, "double"]),
    ]


@pytest.mark.parametrize("values", [[], [1], [1, 2, 3], None, 7, "ab", {1: 2, 3: 4}])
@pytest.mark.parametrize("later", [False, True])
async def test_a_wrong_number_of_values_is_an_error_of_every_place(values: Any, *, later: bool) -> None:  # noqa: ANN401
    async def double_later(_sources: list[Any], _info: Info, **_given: object) -> Any:  # noqa: ANN401 — wrong.
        return values

    resolver = double_later if later else lambda *_given, **_named: values
    schema = schema_with(double=resolver)
    result: Any = execute(
        schema, parse("{ people { double } }"), {"people": people("a", "b")}, executor_class=BatchExecutor
    )

    if later:
        result = await result

    assert result.data == {"people": [{"double": None}, {"double": None}]}
    assert [error.path for error in result.errors] == [["people", 0, "double"], ["people", 1, "double"]]


@pytest.mark.parametrize("executor", [None, BatchExecutor])
def test_fields_with_the_same_extensions_have_batch_resolvers_of_their_own(
    executor: type[BatchExecutor] | None,
) -> None:
    shared = {"team": "x"}
    first, second = (GraphQLField(GraphQLString, extensions=shared) for _ in range(2))
    set_batch_resolver(first, lambda sources, _info: ["batch"] * len(sources))
    wait_for(first, 0)
    schema = GraphQLSchema(GraphQLObjectType("Query", {"first": first, "second": second}))

    result = execute(schema, parse("{ first second }"), {"second": "own"}, executor_class=executor)

    assert result == ExecutionResult({"first": "batch", "second": "own"}, None)
    assert shared == {"team": "x"}
    assert waits_for_seconds(first) == 0 != waits_for_seconds(second)


async def passing(proceed: Callable[..., Any], source: object, info: Info, **given: object) -> object:
    """Return the value as a middleware that waits for it."""
    value = proceed(source, info, **given)
    return await value if isawaitable(value) else value


@pytest.mark.parametrize("executor", [None, BatchExecutor])
@pytest.mark.parametrize("middleware", [None, [passing]])
@pytest.mark.parametrize("later", [False, True])
async def test_the_values_of_a_batch_may_be_awaitable(
    middleware: list[Any] | None, executor: type[BatchExecutor] | None, *, later: bool
) -> None:
    async def double(person: dict[str, Any], by: int) -> int:
        if person["age"] == 1:
            message = "Not that one."
            raise ValueError(message)
        return int(person["age"]) * by

    def doubles(people: list[dict[str, Any]], _info: Info, by: int) -> list[Any]:
        return [double(person, by) if person["age"] else 0 for person in people]

    async def doubles_later(people: list[dict[str, Any]], info: Info, by: int) -> list[Any]:
        return doubles(people, info, by)

    schema = schema_with(double=doubles_later if later else doubles)
    root = {"people": people("a", "b", "c")}

    result: Any = execute(schema, parse("{ people { double } }"), root, middleware=middleware, executor_class=executor)
    answered = await result

    assert answered.data == {"people": [{"double": 0}, {"double": None}, {"double": 4}]}
    assert [(error.message, error.path) for error in answered.errors] == [("Not that one.", ["people", 1, "double"])]


def test_each_place_keeps_its_own_error_where_equal_children_share_their_work() -> None:
    a, b = people("a", "b")
    best = {"name": "best", "age": None}
    double = Calls(lambda _person: ValueError("no"))
    schema = schema_with(best=Calls(lambda _person: best), double=double)

    result = at_once(
        schema, "{ people { best { age } } must { best { name double } } }", {"people": [a, b], "must": [b]}
    )

    assert result.data == {
        "people": [{"best": None}, {"best": None}],
        "must": [{"best": {"name": "best", "double": None}}],
    }
    assert [error.path for error in result.errors or ()] == [
        ["people", 0, "best", "age"],
        ["people", 1, "best", "age"],
        ["must", 0, "best", "double"],
    ]


def test_an_error_below_a_shared_object_has_each_of_its_paths() -> None:
    shared = {"name": "shared"}
    schema = schema_with(
        best=Calls(lambda _person: shared), friends=Calls(lambda _person: [shared, shared]), double=Calls(ValueError)
    )

    result = at_once(schema, "{ people { friends { best { double } } } }", {"people": people("a", "b")})

    assert sorted(str(error.path) for error in result.errors or ()) == [
        str(["people", person, "friends", friend, "best", "double"]) for person in (0, 1) for friend in (0, 1)
    ]


class Untouched(Columns):
    """A table of which no object is ever taken."""

    def __getitem__(self, index: Any, /) -> Any:  # noqa: ANN401 — as a list.
        """Refuse."""
        raise AssertionError(index)


def test_a_table_is_read_a_column_at_a_time() -> None:
    table = Untouched(people("a", "b"))

    result = at_once(schema_with(), "{ people { name age } }", {"people": table})

    assert result.data == {"people": [{"name": "a", "age": 0}, {"name": "b", "age": 1}]}
    assert table.read == ["name", "age"]


def test_lists_that_are_row_batches_are_one_batch() -> None:
    a, b, c = people("a", "b", "c")
    double = Calls(lambda person: person["age"])

    result = at_once(schema_with(double=double), "{ rows { double } }", {"rows": [Columns([a]), [], Columns([b, c])]})

    assert result.data == {"rows": [[{"double": 0}], [], [{"double": 1}, {"double": 2}]]}
    assert double.batches == [[a, b, c]]


def test_an_object_that_repeats_in_a_row_batch_is_completed_once() -> None:
    a, b = people("a", "b")
    double = Calls(lambda person: person["age"])

    result = at_once(schema_with(double=double), "{ people { double } }", {"people": DictionaryEncoded([a, b, a, a])})

    assert result.data == {"people": [{"double": 0}, {"double": 1}, {"double": 0}, {"double": 0}]}
    assert double.batches == [[a, b]]


def test_an_error_in_an_object_that_repeats_has_each_path() -> None:
    a, b = people("a", "b")
    b["age"] = None

    result = at_once(schema_with(), "{ people { age } }", {"people": DictionaryEncoded([b, a, b])})

    assert result.data == {"people": [None, {"age": 0}, None]}
    assert [error.path for error in result.errors or ()] == [["people", 0, "age"], ["people", 2, "age"]]


def test_a_table_of_nothing_is_an_empty_list() -> None:
    result = at_once(
        schema_with(), "{ people { name } rows { name } }", {"people": Untouched([]), "rows": [Untouched([])]}
    )

    assert result == ExecutionResult({"people": [], "rows": [[]]}, None)
