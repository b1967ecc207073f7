"""Middleware around batch resolvers does as in stock execution, and they stay batched behind it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, MiddlewareManager, build_schema, execute, parse

from breadth import BatchExecutor, set_batch_resolver

Resolver = Callable[..., Any]
ExecutorClass = type[BatchExecutor] | None

EXECUTORS = (None, BatchExecutor)
ROOT = {"rows": [{"id": 1}, {"id": 2}, {"id": 3}]}


def schema_of(batches: list[list[int]]) -> GraphQLSchema:
    """Return a schema whose rows have a batch resolver that notes the ids of each batch."""
    schema = build_schema("type Query { rows: [Row] } type Row { id: Int, text: String }")

    def texts(rows: list[dict[str, int]], _info: object) -> list[str]:
        batches.append([row["id"] for row in rows])
        return [f"text {row['id']}" for row in rows]

    row: Any = schema.type_map["Row"]
    set_batch_resolver(row.fields["text"], texts)
    return schema


class Brackets(MiddlewareManager):
    """Puts texts into brackets, but those of resolvers that it leaves alone."""

    left_alone: object = None

    def get_field_resolver(self, field_resolver: Resolver) -> Resolver:
        """Return what puts the texts of the resolver into brackets."""
        if field_resolver is self.left_alone:
            return field_resolver
        inner: Resolver = super().get_field_resolver(field_resolver)

        def resolve(source: object, info: object, **given: object) -> object:
            value = inner(source, info, **given)
            return f"[{value}]" if isinstance(value, str) else value

        return resolve


def loud(proceed: Callable[..., Any], source: object, info: object, **given: object) -> object:
    value = proceed(source, info, **given)
    return f"{value}!" if isinstance(value, str) else value


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize(("middlewares", "text"), [((), "[text {}]"), ((loud,), "[text {}!]")])
def test_a_manager_may_wrap_resolvers_in_its_own_way(
    middlewares: tuple[Any, ...], text: str, executor: ExecutorClass
) -> None:
    manager = Brackets(*middlewares)

    result = execute(schema_of([]), parse("{ rows { text } }"), ROOT, middleware=manager, executor_class=executor)

    assert result == ExecutionResult({"rows": [{"text": text.format(number)} for number in (1, 2, 3)]}, None)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_manager_sees_the_resolver_of_the_field(executor: ExecutorClass) -> None:
    schema = schema_of([])
    row: Any = schema.type_map["Row"]
    manager = Brackets()
    manager.left_alone = row.fields["text"].resolve

    result: Any = execute(schema, parse("{ rows { text } }"), ROOT, middleware=manager, executor_class=executor)

    assert [each["text"] for each in result.data["rows"]] == ["text 1", "text 2", "text 3"]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_manager_itself_may_be_given_another_way(executor: ExecutorClass) -> None:
    manager = MiddlewareManager()
    manager.get_field_resolver = Brackets().get_field_resolver  # type: ignore[method-assign]

    result: Any = execute(schema_of([]), parse("{ rows { text } }"), ROOT, middleware=manager, executor_class=executor)

    assert [each["text"] for each in result.data["rows"]] == ["[text 1]", "[text 2]", "[text 3]"]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_manager_that_is_false_is_not_asked(executor: ExecutorClass) -> None:
    class Nothing(Brackets):
        def __len__(self) -> int:
            return 0

    result: Any = execute(
        schema_of([]), parse("{ rows { text } }"), ROOT, middleware=Nothing(), executor_class=executor
    )

    assert [each["text"] for each in result.data["rows"]] == ["text 1", "text 2", "text 3"]


def test_a_resolver_stays_batched_behind_a_manager_that_changes_nothing() -> None:
    class Loud(MiddlewareManager):
        def __init__(self) -> None:
            super().__init__(loud)

    batches: list[list[int]] = []
    schema = schema_of(batches)

    result: Any = execute(schema, parse("{ rows { text } }"), ROOT, middleware=Loud(), executor_class=BatchExecutor)

    assert [each["text"] for each in result.data["rows"]] == ["text 1!", "text 2!", "text 3!"]
    assert batches == [[1, 2, 3]]


SDL = """
  input Within { ids: [Int] }
  input Filter { size: Int }
  type Query { rows: [Row] }
  type Row { id: Int, list(ids: [Int]): String, within(only: Within): String, sized(filter: Filter): String }
"""
DOCUMENTS = [
    "{ rows { list(ids: [0]) } }",
    "{ rows { within(only: { ids: [0] }) } }",
    "{ rows { sized(filter: { size: 0 }) } }",
    "query ($ids: [Int] = [0]) { rows { list(ids: $ids) } }",
    "query ($ids: [Int] = [0]) { rows { within(only: { ids: $ids }) } }",
]


class Filter:
    """A filter, which a middleware may change and which equals no other one."""

    def __init__(self, size: int) -> None:
        """Set its size."""
        self.size = size

    def __repr__(self) -> str:
        """Return its size."""
        return f"Filter {self.size}"


@pytest.mark.parametrize("changes", [(1, 2, 3), (0, 2, 0), (0, 0, 0)])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_middleware_may_change_arguments_in_place(
    document: str, changes: tuple[int, ...], *, later: bool
) -> None:
    def change(proceed: Resolver, row: Any, info: object, **given: Any) -> object:  # noqa: ANN401
        by = changes[row["id"] - 1] if "id" in row else 0
        for value in given.values() if by else ():
            if isinstance(value, Filter):
                value.size += by
            else:
                (value["ids"] if isinstance(value, dict) else value).append(by)
        return proceed(row, info, **given)

    def told(rows: list[object], _info: object, **given: object) -> list[str]:
        return [str(given) for _ in rows]

    async def told_later(rows: list[object], _info: object, **given: object) -> list[str]:
        await asyncio.sleep(0)
        return told(rows, _info, **given)

    schema = build_schema(SDL)
    types: Any = schema.type_map
    types["Filter"].out_type = lambda values: Filter(**values)
    for name in ("list", "within", "sized"):
        set_batch_resolver(types["Row"].fields[name], told_later if later else told)

    results = []
    for executor in EXECUTORS:
        result: Any = execute(schema, parse(document), ROOT, middleware=[change], executor_class=executor)
        results.append(await result if later else result)

    assert results[1] == results[0]
    assert results[0].errors is None


def test_rows_with_equal_arguments_stay_batched_behind_a_middleware() -> None:
    batches = []

    def told(rows: list[object], _info: object, ids: list[int]) -> list[str]:
        ids.append(len(rows))
        batches.append(ids)
        return ["" for _ in rows]

    schema = build_schema(SDL)
    row: Any = schema.type_map["Row"]
    set_batch_resolver(row.fields["list"], told)

    execute(schema, parse("{ rows { list(ids: [0]) } }"), ROOT, middleware=[loud], executor_class=BatchExecutor)

    assert batches == [[0, 3]]
