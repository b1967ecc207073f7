"""Functions of a schema that a program replaces are called as in stock execution."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    execute,
    lexicographic_sort_schema,
    parse,
)

from breadth import BatchExecutor, by_class, of_column, pure, set_batch_resolver
from breadth.batch_resolvers import is_by_class
from tests.breadth.prepared import prepared_of

ExecutorClass = type[BatchExecutor] | None

EXECUTORS = (None, BatchExecutor)
DOCUMENT = 'query ($v: String) { text number texts say(text: $v, word: "word") }'


@pytest.fixture
def shouting() -> Iterator[None]:
    """Let built-in scalars have functions of the program's, and give them their own again."""
    kept = [(scalar, dict(vars(scalar))) for scalar in (GraphQLString, GraphQLInt)]
    GraphQLString.coerce_output_value = str.upper
    GraphQLInt.coerce_output_value = lambda value: value + 1
    GraphQLString.coerce_input_value = str.upper
    GraphQLString.coerce_input_literal = lambda node, _variables=None: node.value.upper()
    yield
    for scalar, attributes in kept:
        vars(scalar).update(attributes)


def schema() -> GraphQLSchema:
    schema = build_schema(
        "type Query { text: String, number: Int!, texts: [String!], say(text: String, word: String): Int }"
    )
    query: Any = schema.type_map["Query"]
    query.fields["say"].resolve = lambda _source, _info, text, word: (
        len(f"{text}{word}") if f"{text}{word}".isupper() else 0
    )
    return schema


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("which", ["coerce_output_value", "coerce_input_value", "coerce_input_literal"])
def test_a_wrapper_of_a_built_in_function_is_called(
    which: str,
    executor: ExecutorClass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = getattr(GraphQLString, which)

    @wraps(own)
    def louder(*given: object) -> str:
        text: str = own(*given)
        return text.upper()

    monkeypatch.setattr(GraphQLString, which, louder)
    built = build_schema("type Query { say(text: String, word: String): String }")
    query: Any = built.type_map["Query"]
    query.fields["say"].resolve = lambda _source, _info, text, word: text + word
    document = parse('query ($v: String) { say(text: $v, word: "b") }')
    said = {"coerce_output_value": "AB", "coerce_input_value": "Ab", "coerce_input_literal": "aB"}
    for _ in range(3):
        result: Any = execute(built, document, variable_values={"v": "a"}, executor_class=executor)

        assert result.data == {"say": said[which]}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_built_in_scalar_may_have_the_function_of_another(
    executor: ExecutorClass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(GraphQLFloat, "coerce_output_value", GraphQLBoolean.coerce_output_value)
    built = build_schema("type Query { number: Float }")

    result: Any = execute(built, parse("{ number }"), {"number": 1.5}, executor_class=executor)

    assert result.data == {"number": True}


ROOT = {"text": "a", "number": 1, "texts": ["b"]}
LOUD = {"text": "A", "number": 2, "texts": ["B"], "say": 11}


@pytest.mark.usefixtures("shouting")
@pytest.mark.parametrize("executor", EXECUTORS)
def test_functions_of_a_built_in_scalar_may_be_replaced(executor: ExecutorClass) -> None:
    built = schema()
    for _ in range(3):
        result: Any = execute(built, parse(DOCUMENT), ROOT, variable_values={"v": "given"}, executor_class=executor)

        assert result.data == {**LOUD, "say": 10}


@pytest.mark.usefixtures("shouting")
def test_a_prepared_operation_calls_replaced_functions_of_scalars() -> None:
    prepared = prepared_of(schema(), DOCUMENT)
    for _ in range(3):
        result: Any = prepared.execute(root_value=ROOT, variable_values={"v": "given"})

        assert result.data == {**LOUD, "say": 10}


class Equal:
    """A resolver that equals every other one."""

    def __init__(self, number: int) -> None:
        """Name what it returns."""
        self.number = number

    def __eq__(self, other: object) -> bool:
        """Return whether it is equal, which it is."""
        return True

    def __hash__(self) -> int:
        """Return a number."""
        return 1

    def __call__(self, _source: object, _info: object) -> int:
        """Return the number."""
        return self.number


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_equal_resolver_is_another_one(executor: ExecutorClass) -> None:
    built = schema()
    query: Any = built.type_map["Query"]
    answers = []
    for resolver in (None, Equal(7), Equal(8)):
        query.fields["number"].resolve = resolver
        result: Any = execute(built, parse("{ number }"), ROOT, executor_class=executor)
        answers.append(result.data["number"])

    assert answers == [1, 7, 8]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_wrapper_of_a_marked_function_is_called(executor: ExecutorClass) -> None:
    def wrapper_of(marked: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(marked)
        def counting(*given: object) -> object:
            asked.append(marked)
            return marked(*given)

        return counting

    asked: list[Callable[..., Any]] = []
    coerce = of_column(int, lambda values: values)(lambda value: value)
    parse_value = pure(lambda value: value)
    is_type_of = by_class(lambda _value, _info: True)
    built = build_schema("scalar Number type Child { number: Number } type Query { children(at: Number): [Child] }")
    number, child, query = (vars(built.type_map[name]) for name in ("Number", "Child", "Query"))
    number["coerce_output_value"], number["coerce_input_value"] = wrapper_of(coerce), wrapper_of(parse_value)
    child["is_type_of"] = wrapper_of(is_type_of)
    query["fields"]["children"].resolve = lambda _source, _info, at: [{"number": at}, {"number": at}]
    for _ in range(3):
        result: Any = execute(built, parse("{ children(at: 3) { number } }"), executor_class=executor)

        assert result.data == {"children": [{"number": 3}, {"number": 3}]}
    assert Counter(asked) == {coerce: 6, is_type_of: 6, parse_value: 3}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_scalar_that_parses_literals_itself_is_asked_each_time(executor: ExecutorClass) -> None:
    asked = []

    def parse_literal(node: Any, _variables: object = None) -> int:  # noqa: ANN401
        asked.append(node)
        return len(asked)

    built = build_schema("scalar Number type Query { number(at: Number): Int }")
    number, query = (vars(built.type_map[name]) for name in ("Number", "Query"))
    number["coerce_input_value"], number["parse_literal"] = pure(lambda value: value), parse_literal
    query["fields"]["number"].resolve = lambda _source, _info, at: at

    results: list[Any] = [execute(built, parse("{ number(at: 0) }"), executor_class=executor) for _ in range(4)]

    assert [result.data for result in results] == [{"number": each} for each in (1, 2, 3, 4)]


def test_a_method_may_be_marked() -> None:
    class Kind:
        @classmethod
        @by_class
        def is_type_of(cls, _value: object, _info: object) -> bool:
            """Return whether the value is of the type."""
            return True

    assert is_by_class(Kind.is_type_of)


def children() -> GraphQLSchema:
    """Return a schema whose children have a batch resolver for their names."""
    built = build_schema("type Query { children: [Child] } type Child { name: String }")
    set_batch_resolver(name_of(built), lambda sources, _info: [f"{each['name']} of {len(sources)}" for each in sources])
    return built


def name_of(built: GraphQLSchema) -> GraphQLField:
    child: Any = built.type_map["Child"]
    field: GraphQLField = child.fields["name"]
    return field


FAMILY = {"children": [{"name": "a"}, {"name": "b", "is_secret": True}]}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_guard_around_a_batch_resolver_is_called(executor: ExecutorClass) -> None:
    built = children()
    field = name_of(built)
    inner: Any = field.resolve

    @wraps(inner)
    def guarded(source: dict[str, str], info: object) -> object:
        if "is_secret" in source:
            raise PermissionError
        return inner(source, info)

    for _ in range(2):
        field.resolve = guarded
        result: Any = execute(built, parse("{ children { name } }"), FAMILY, executor_class=executor)

        assert result.data == {"children": [{"name": "a of 1"}, {"name": None}]}
        assert [error.path for error in result.errors] == [["children", 1, "name"]]
        field.resolve = inner
        execute(built, parse("{ children { name } }"), FAMILY, executor_class=executor)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_batch_resolver_that_is_taken_away_is_not_called(executor: ExecutorClass) -> None:
    built = children()
    name_of(built).resolve = None

    result: Any = execute(built, parse("{ children { name } }"), FAMILY, executor_class=executor)

    assert result.data == {"children": [{"name": "a"}, {"name": "b"}]}


@pytest.mark.parametrize("copied", [lexicographic_sort_schema, copy.copy, copy.deepcopy])
def test_a_copied_schema_keeps_its_batch_resolvers(copied: Callable[[GraphQLSchema], GraphQLSchema]) -> None:
    result: Any = execute(copied(children()), parse("{ children { name } }"), FAMILY, executor_class=BatchExecutor)

    assert result.data == {"children": [{"name": "a of 2"}, {"name": "b of 2"}]}


def test_a_replaced_resolver_is_called_for_each_path_of_an_object() -> None:
    built = build_schema("type Child { label: String } type Row { child: Child } type Query { rows: [Row] }")
    document = parse("{ rows { child { label } } }")
    row: dict[str, Any] = {"child": None}
    root = {"rows": [row, row]}
    child: Any = built.type_map["Child"]
    execute(built, document, root, executor_class=BatchExecutor)

    child.fields["label"].resolve = lambda _source, info: str(info.path.as_list())
    row["child"] = {}

    assert execute(built, document, root, executor_class=BatchExecutor) == execute(built, document, root)
