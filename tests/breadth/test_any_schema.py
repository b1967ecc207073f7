"""Schemas that differ from what one would expect of a schema are executed as graphql-core does it."""

import asyncio
import gc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from enum import Enum
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLEnumType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    NameNode,
    Visitor,
    build_schema,
    execute,
    parse,
    visit,
)
from graphql.execution import Executor
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor, Prepared, pure, set_batch_resolver

Info = GraphQLResolveInfo[Any]
ExecutorClass = type[Executor[Any]]

EXECUTORS: list[ExecutorClass] = [IncrementalExecutor, BatchExecutor]
both = pytest.mark.parametrize("executor_class", EXECUTORS)


def fields_of(schema: GraphQLSchema, name: str = "Query") -> dict[str, Any]:
    of_type = schema.type_map[name]
    assert isinstance(of_type, GraphQLObjectType)
    return dict(of_type.fields)


def answer(schema: GraphQLSchema, document: str, root: object = None, **named: Any) -> ExecutionResult:  # noqa: ANN401
    result = execute(schema, parse(document), root, **{"executor_class": BatchExecutor, **named})
    assert isinstance(result, ExecutionResult)
    return result


class Unit(Enum):
    """An enum, whose members a scalar may serialize as it likes."""

    SMALL = 1
    LARGE = 2


LANGUAGE = ContextVar("LANGUAGE", default="en")


@both
def test_a_scalar_that_serializes_by_a_context_variable_is_called_each_time(
    executor_class: ExecutorClass,
) -> None:
    schema = build_schema("scalar Label type Query { label: Label }")
    label = schema.type_map["Label"]
    assert isinstance(label, GraphQLScalarType)
    label.coerce_output_value = lambda unit: f"{unit.name}-{LANGUAGE.get()}"
    document = parse("{ label }")

    answers = []
    for language in ("en", "pt"):
        LANGUAGE.set(language)
        answers.append(execute(schema, document, {"label": Unit.SMALL}, executor_class=executor_class))
    LANGUAGE.set("en")

    assert [each.data for each in answers] == [{"label": "SMALL-en"}, {"label": "SMALL-pt"}]  # type: ignore[union-attr]


@both
def test_a_dict_that_a_scalar_serializes_an_enum_to_is_not_shared(executor_class: ExecutorClass) -> None:
    schema = build_schema("scalar Label type Query { label: Label }")
    label = schema.type_map["Label"]
    assert isinstance(label, GraphQLScalarType)
    label.coerce_output_value = lambda unit: {"name": unit.name}
    document = parse("{ label }")

    first: Any = execute(schema, document, {"label": Unit.SMALL}, executor_class=executor_class)
    first.data["label"]["name"] = "changed"
    second: Any = execute(schema, document, {"label": Unit.SMALL}, executor_class=executor_class)

    assert second.data == {"label": {"name": "SMALL"}}


def parsed(schema: GraphQLSchema, parse_value: Callable[[Any], object], times: int = 2) -> list[object]:
    """What the resolver gets of a literal, for each of several executions of one document."""
    scalar = schema.type_map["Moment"]
    assert isinstance(scalar, GraphQLScalarType)
    scalar.coerce_input_value = parse_value
    given: list[object] = []
    fields_of(schema)["at"].resolve = lambda _source, _info, moment: given.append(moment)
    document = parse('{ at(moment: "now") }')
    for _ in range(times):
        execute(schema, document, executor_class=BatchExecutor)
    return given


MOMENT = "scalar Moment type Query { at(moment: Moment): Int }"


def test_a_literal_of_a_scalar_is_parsed_for_each_execution() -> None:
    numbers = iter(range(9))

    assert parsed(build_schema(MOMENT), lambda _value: next(numbers)) == [0, 1]


def test_a_literal_of_a_pure_scalar_is_kept_with_the_plan() -> None:
    calls: list[object] = []

    @pure
    def parse_value(value: object) -> object:
        calls.append(value)
        return value

    assert parsed(build_schema(MOMENT), parse_value, times=9) == ["now"] * 9
    assert len(calls) == 2


class Counting:
    """An object that counts how often each attribute is read."""

    def __init__(self, **values: object) -> None:
        """Name the values."""
        self._values = values
        self.reads: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — any value.
        """Return the value, or raise it."""
        if name.startswith("_"):
            raise AttributeError(name)
        self.reads[name] += 1
        value = self._values[name]
        if isinstance(value, Exception):
            raise value
        return value


OBJECTS = "type Query { rows: [Row] } type Row { a: Int, b: String, must: Int!, row: Row, list: [Int] }"


@both
@pytest.mark.parametrize(
    "values", [(1, 2), (1, "no"), (1, None), (1, ValueError("no")), (ValueError(), AttributeError())]
)
def test_an_attribute_is_read_once_for_each_object(executor_class: ExecutorClass, values: tuple[object, ...]) -> None:
    rows = [Counting(a=value, b="b", list=[value], must=value) for value in values]

    for document in ("{ rows { a } }", "{ rows { b } }", "{ rows { list } }", "{ rows { must } }"):
        answer(build_schema(OBJECTS), document, {"rows": rows}, executor_class=executor_class)

    assert [row.reads for row in rows] == [{"a": 1, "b": 1, "list": 1, "must": 1}] * 2


class Stops:
    """An object of which reading an attribute looks like the end of an iteration."""

    @property
    def a(self) -> int:
        """Stop."""
        raise StopIteration


@both
def test_an_attribute_that_stops_an_iteration_is_an_error_of_its_object(executor_class: ExecutorClass) -> None:
    rows = [{"a": 1}, Stops(), Counting(a=3), Stops()]

    result = answer(build_schema(OBJECTS), "{ rows { a } }", {"rows": rows[1:]}, executor_class=executor_class)
    mixed = answer(build_schema(OBJECTS), "{ rows { a } }", {"rows": rows}, executor_class=executor_class)

    assert result.data == {"rows": [{"a": None}, {"a": 3}, {"a": None}]}
    assert mixed.data == {"rows": [{"a": 1}, {"a": None}, {"a": 3}, {"a": None}]}
    assert len(result.errors or ()) == 2


class Lazy:
    """An object whose attributes are coroutines, each made when it is read."""

    def __init__(self) -> None:
        """Begin with none."""
        self.begun = 0

    @property
    async def a(self) -> int:
        """Give a number later."""
        self.begun += 1
        await asyncio.sleep(0)
        return 1

    @property
    def list(self) -> Iterator[Any]:
        """Give two coroutines, and raise."""
        yield self.a
        yield self.a
        message = "no more"
        raise ValueError(message)


@both
@pytest.mark.parametrize("document", ["{ rows { a } }", "{ rows { list } }", "{ rows { a list must } }"])
async def test_a_property_that_is_a_coroutine_is_awaited_once(executor_class: ExecutorClass, document: str) -> None:
    # The collection does not look through what earlier tests made.
    gc.freeze()
    rows = [Lazy(), Lazy()]

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result = execute(build_schema(OBJECTS), parse(document), {"rows": rows}, executor_class=executor_class)
        if not isinstance(result, ExecutionResult):
            await result
        await asyncio.sleep(0.01)
        gc.collect()

    assert not [each for each in warned if "never awaited" in str(each.message)]
    if "list" not in document:
        assert [row.begun for row in rows] == [1, 1]


@both
def test_errors_of_nullable_and_non_null_fields_are_both_in_the_response(executor_class: ExecutorClass) -> None:
    rows = [Counting(a=ValueError("a"), must=ValueError("must"))]

    result = answer(build_schema(OBJECTS), "{ rows { a must } }", {"rows": rows}, executor_class=executor_class)

    assert result.data == {"rows": [None]}
    assert [error.path for error in result.errors or ()] == [["rows", 0, "a"], ["rows", 0, "must"]]


def test_the_nodes_of_a_field_cannot_be_changed_for_others() -> None:
    schema = build_schema("type Query { a: Int, b: Int }")

    def spoil(_source: object, info: Info) -> int:
        info.field_nodes.clear()
        return 1

    def spoil_all(_sources: object, info: Info) -> list[int]:
        info.field_nodes.append(info.field_nodes[0])
        return [1]

    fields_of(schema)["a"].resolve = spoil
    set_batch_resolver(fields_of(schema)["b"], spoil_all)
    document = parse("{ a b }")

    answers = [execute(schema, document, executor_class=BatchExecutor) for _ in range(2)]

    assert [[error.locations for error in each.errors] for each in answers] == [[[(1, 3)], [(1, 5)]]] * 2  # type: ignore[union-attr]


@both
def test_a_resolver_that_was_replaced_after_planning_is_used(executor_class: ExecutorClass) -> None:
    schema = build_schema("type Query { a: Int, row: Row } type Row { a: Int }")
    document = parse("{ a row { a } }")
    root = {"a": 1, "row": {"a": 1}}

    def execution() -> Any:  # noqa: ANN401 — the data.
        result = execute(schema, document, root, executor_class=executor_class)
        assert isinstance(result, ExecutionResult)
        return result.data

    before = execution()
    fields_of(schema, "Row")["a"].resolve = lambda _source, _info: 2
    after = execution()
    fields_of(schema)["a"].resolve = lambda _source, _info: 2
    last = execution()

    assert [before, after, last] == [
        {"a": 1, "row": {"a": 1}},
        {"a": 1, "row": {"a": 2}},
        {"a": 2, "row": {"a": 2}},
    ]


def test_a_batch_resolver_that_was_replaced_after_planning_is_used() -> None:
    schema = build_schema("type Query { a: Int }")
    set_batch_resolver(fields_of(schema)["a"], lambda sources, _info: [1 for _ in sources])
    document = parse("{ a }")
    execute(schema, document, executor_class=BatchExecutor)
    set_batch_resolver(fields_of(schema)["a"], lambda sources, _info: [2 for _ in sources])

    result: Any = execute(schema, document, executor_class=BatchExecutor)

    assert result.data == {"a": 2}


@pytest.mark.parametrize("name", ["execute_field", "execute_fields", "complete_value", "complete_leaf_value"])
def test_a_method_that_would_not_be_called_cannot_be_overridden(name: str) -> None:
    own = type("Own", (BatchExecutor,), {name: lambda *_arguments, **_named: None})

    with pytest.raises(TypeError, match=f"Own.{name} would not be called"):
        execute(build_schema("type Query { a: Int }"), parse("{ a }"), executor_class=own)


def test_methods_that_are_called_can_be_overridden() -> None:
    class Own(BatchExecutor):
        """Gives every resolver another info."""

        def build_resolve_info(self, *arguments: Any) -> Any:  # noqa: ANN401 — graphql-core's own.
            """Return a text."""
            return f"info of {arguments[1][0].name.value}"

    schema = build_schema("type Query { a: String }")
    fields_of(schema)["a"].resolve = lambda _source, info: info

    assert answer(schema, "{ a }", executor_class=Own).data == {"a": "info of a"}


def test_an_equal_text_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = build_schema("type Query { a: Int }")
    planned: list[str] = []
    get_field = schema.get_field

    def noted(of_type: GraphQLObjectType, name: str) -> Any:  # noqa: ANN401 — a field.
        planned.append(name)
        return get_field(of_type, name)

    monkeypatch.setattr(schema, "get_field", noted)

    for _ in range(3):
        execute(schema, parse("{ a }"), {"a": 1}, executor_class=BatchExecutor)

    assert planned == ["a"]


class Renaming(Visitor):
    """Asks for `b` where the document asks for `a`."""

    def enter_name(self, node: NameNode, *_: object) -> NameNode:
        """Rename the field."""
        return NameNode(value="b", loc=node.loc)


def test_a_document_that_was_changed_after_parsing_is_another_one() -> None:
    schema = build_schema("type Query { a: Int, b: Int }")
    root = {"a": 1, "b": 2}
    answer(schema, "{ a }", root)
    changed = visit(parse("{ a }"), Renaming())

    result: Any = execute(schema, changed, root, executor_class=BatchExecutor)

    assert result.data == {"b": 2}


def test_an_enum_is_remembered_by_its_members_only() -> None:
    built = build_schema("enum Unit { SMALL LARGE } type Query { units: [Unit] }")
    enum = built.type_map["Unit"]
    assert isinstance(enum, GraphQLEnumType)
    for name, value in enum.values.items():
        value.value = Unit[name]
    document = parse("{ units }")
    answers = [
        execute(built, document, {"units": units}, executor_class=BatchExecutor)
        for units in ([Unit.SMALL], [Unit.LARGE, Unit.SMALL, None])
    ]

    assert [each.data for each in answers] == [{"units": ["SMALL"]}, {"units": ["LARGE", "SMALL", None]}]  # type: ignore[union-attr]


def test_a_prepared_operation_notices_a_replaced_resolver() -> None:
    schema = build_schema("type Query { a: Int }")
    document: Any = parse("{ a }")
    prepared = Prepared(schema, document, document.definitions[0])
    prepared.plan_ahead()
    fields_of(schema)["a"].resolve = lambda _source, _info: 7

    result: Any = prepared.execute(root_value={"a": 1})

    assert result.data == {"a": 7}
