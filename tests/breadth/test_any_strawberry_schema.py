"""Strawberry schemas that use whatever Strawberry allows are executed as Strawberry does it."""

# The names are those of the schema.
# ruff: noqa: D101, D102
# `strawberry.field(...)` with arguments returns Any over a function.
# mypy: disallow-untyped-decorators=False

from typing import Annotated, Any

import pytest
import strawberry
from graphql import (
    ExecutionResult,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    extend_schema,
    lexicographic_sort_schema,
    parse,
)
from graphql.execution import Executor
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from breadth.strawberry import StrawberryBatchExecutor, batch_field

ExecutorClass = type[Executor[Any]]

EXECUTORS: list[ExecutorClass] = [StrawberryGraphQLCoreExecutionContext, StrawberryBatchExecutor]
both = pytest.mark.parametrize("executor_class", EXECUTORS)

BATCHES: list[int] = []


class Shouting(StrawberryField):
    """A field that answers in upper case."""

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        return str(super().get_result(source, info, args, kwargs)).upper()


def _labels(parents: strawberry.Parent[list["Item"]], source: str = "", objects: str = "") -> list[str]:
    BATCHES.append(len(parents))
    return [f"{parent.name}{source}{objects}" for parent in parents]


def _label_of(self_: Annotated[str, strawberry.argument(name="self")]) -> str:
    return self_


@strawberry.type
class Item:
    name: str
    labels: str = batch_field(graphql_type=str)(_labels)
    given: str = batch_field(resolver=_labels, graphql_type=str, name="named", description="Labels.", reads=["name"])
    loud: Any = Shouting(type_annotation=StrawberryAnnotation(str))

    @strawberry.field
    def said(self, source: str, objects: str = "", given: str = "", args: str = "", kwargs: str = "") -> str:
        return f"{self.name}: {source}{objects}{given}{args}{kwargs}"

    @strawberry.field
    def informed(self, info_: Annotated[str, strawberry.argument(name="info")]) -> str:
        return info_


@strawberry.type
class Query:
    of_self: str = strawberry.field(resolver=_label_of)
    very_loud: Any = Shouting(type_annotation=StrawberryAnnotation(str))

    @strawberry.field
    def items(self) -> list[Item]:
        return [Item(name="a", loud="a"), Item(name="b", loud="b")]


SCHEMA: GraphQLSchema = strawberry.Schema(Query)._schema  # noqa: SLF001 — Strawberry shows it under no other name.
DERIVED = {
    "as it is": SCHEMA,
    "sorted": lexicographic_sort_schema(SCHEMA),
    "extended": extend_schema(SCHEMA, parse("extend type Item { more: String }")),
}


def answer(document: str, executor_class: ExecutorClass, schema: GraphQLSchema = SCHEMA) -> ExecutionResult:
    result = execute(schema, parse(document), Root(), executor_class=executor_class)
    assert isinstance(result, ExecutionResult)
    return result


class Root:
    """The root object, with an attribute for the field without a resolver."""

    very_loud = "loud"


@both
@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{ items { said(source: "x", objects: "y", given: "z", args: "1", kwargs: "2") } }', "a: xyz12"),
        ('{ items { said: labels(source: "x", objects: "y") } }', "axy"),
        ("{ items { said: loud } }", "A"),
    ],
)
def test_arguments_may_have_any_name(document: str, expected: str, executor_class: ExecutorClass) -> None:
    result = answer(document, executor_class)

    assert result.errors is None
    assert result.data is not None
    assert result.data["items"][0]["said"] == expected


@both
def test_an_argument_may_be_called_self(executor_class: ExecutorClass) -> None:
    assert answer('{ ofSelf(self: "x") }', executor_class).data == {"ofSelf": "x"}


def test_an_argument_may_even_be_called_info() -> None:
    result = answer('{ items { informed(info: "x") } }', StrawberryBatchExecutor)

    assert result.data == {"items": [{"informed": "x"}, {"informed": "x"}]}


@both
def test_a_get_result_of_a_field_class_is_called(executor_class: ExecutorClass) -> None:
    result = answer("{ veryLoud items { loud name } }", executor_class)

    assert result.data == {
        "veryLoud": "LOUD",
        "items": [{"loud": "A", "name": "a"}, {"loud": "B", "name": "b"}],
    }


@both
@pytest.mark.parametrize("derived", DERIVED)
def test_schemas_that_are_derived_by_graphql_core_are_executed(derived: str, executor_class: ExecutorClass) -> None:
    result = answer('{ items { name labels(source: "x") said(source: "y") } }', executor_class, DERIVED[derived])

    assert result == ExecutionResult(
        {"items": [{"name": "a", "labels": "ax", "said": "a: y"}, {"name": "b", "labels": "bx", "said": "b: y"}]}, None
    )


@both
def test_a_batch_field_takes_its_resolver_as_strawberry_fields_do(executor_class: ExecutorClass) -> None:
    result = answer('{ items { named(source: "x") } }', executor_class)

    assert result.data == {"items": [{"named": "ax"}, {"named": "bx"}]}
    item = SCHEMA.type_map["Item"]
    assert isinstance(item, GraphQLObjectType)
    assert item.fields["named"].description == "Labels."


@pytest.mark.parametrize("derived", DERIVED)
def test_batch_resolvers_of_derived_schemas_are_called_once(derived: str) -> None:
    BATCHES.clear()

    answer("{ items { labels } }", StrawberryBatchExecutor, DERIVED[derived])

    assert BATCHES == [2]


@both
def test_a_resolver_that_was_replaced_in_the_schema_is_called(executor_class: ExecutorClass) -> None:
    schema = strawberry.Schema(Query)._schema  # noqa: SLF001 — Strawberry shows it under no other name.
    name: Any = schema.type_map["Item"]
    document = parse("{ items { name } }")
    execute(schema, document, executor_class=executor_class)
    name.fields["name"].resolve = lambda _source, _info: "replaced"

    result: Any = execute(schema, document, executor_class=executor_class)

    assert result.data == {"items": [{"name": "replaced"}] * 2}
