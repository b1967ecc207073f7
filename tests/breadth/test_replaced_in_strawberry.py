"""What a program puts in the place of Strawberry's resolvers is called as in stock execution."""

# `strawberry.field(...)` with arguments over a function, returns Any.
# mypy: disallow-untyped-decorators=False

from collections.abc import Callable, Sequence
from copy import copy
from functools import wraps
from typing import Any

import pytest
import strawberry
from strawberry.types.fields.resolver import StrawberryResolver

from breadth.strawberry import StrawberryBatchExecutor, batch_field, declared

ExecutorClass = type[StrawberryBatchExecutor] | None

EXECUTORS = (None, StrawberryBatchExecutor)
NAMES = ["attribute", "called", "awaited", "batched", "told"]


class Told:
    """Resolves a declared field."""

    reads: frozenset[str] | None = None

    @staticmethod
    def resolve(objects: Sequence[object], _info: object) -> list[str]:
        """Return a text for each object."""
        return ["told" for _ in objects]


class Louder(StrawberryResolver[Any]):
    """Calls its function in a way of its own."""

    def __call__(self, *args: str, **kwargs: object) -> Any:  # noqa: ANN401 — Strawberry's.
        """Return what the function returns, in capitals."""
        return super().__call__(*args, **kwargs).upper()


@strawberry.type
class Row:
    """A row with a field of each kind."""

    attribute: str = "attribute"
    told: str = declared(Told())

    @strawberry.field
    def called(self) -> str:
        """Return a text."""
        return "called"

    @strawberry.field
    async def awaited(self) -> str:
        """Return a text."""
        return "awaited"

    @batch_field(graphql_type=str)
    @staticmethod
    def batched(rows: strawberry.Parent[Sequence["Row"]]) -> list[str]:
        """Return a text for each row."""
        return ["batched" for _ in rows]

    @batch_field(graphql_type=int)
    @staticmethod
    def together(rows: strawberry.Parent[Sequence["Row"]]) -> list[int]:
        """Return for each row how many there are in the batch."""
        return [len(rows) for _ in rows]

    @strawberry.field
    def loud(self) -> str:
        """Return a text, which a test makes louder."""
        return "loud"


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def rows(self) -> list[Row | None]:
        """Return two rows."""
        return [Row(told=""), Row(told="")]


def schema_of(executor: ExecutorClass) -> tuple[strawberry.Schema, dict[str, Any]]:
    """Return a schema, and the fields of its rows in graphql-core."""
    schema = strawberry.Schema(Query, execution_context_class=executor)
    row: Any = schema._schema.type_map["Row"]  # noqa: SLF001 — it has no public name.
    return schema, row.fields


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", NAMES)
async def test_a_guard_around_a_resolver_of_strawberrys_is_called(name: str, executor: ExecutorClass) -> None:
    schema, fields = schema_of(executor)
    inner: Callable[..., Any] = fields[name].resolve
    rows = []

    @wraps(inner)
    def guarded(row: Row, info: object, **given: object) -> object:
        rows.append(row)
        if len(rows) > 1:
            raise PermissionError
        return inner(row, info, **given)

    fields[name].resolve = guarded
    result = await schema.execute(f"{{ rows {{ {name} }} }}")

    assert result.data == {"rows": [{name: name}, None]}
    assert [error.path for error in result.errors or ()] == [["rows", 1, name]]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
async def test_a_field_may_have_the_resolver_of_another_one(other: str, name: str, executor: ExecutorClass) -> None:
    schema, fields = schema_of(executor)
    fields[name].resolve = fields[other].resolve

    result = await schema.execute(f"{{ rows {{ {name} }} }}")

    assert result.data == {"rows": [{name: other}, {name: other}]}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", NAMES)
async def test_a_field_may_have_a_result_of_its_own(
    name: str,
    executor: ExecutorClass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema, fields = schema_of(executor)
    field = fields[name].extensions["strawberry-definition"]
    monkeypatch.setattr(field, "get_result", lambda *_, **__: "own", raising=False)

    result = await schema.execute(f"{{ rows {{ {name} }} }}")

    assert result.data == {"rows": [{name: "own"}, {name: "own"}]}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_resolver_may_call_its_function_in_its_own_way(
    executor: ExecutorClass,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema, fields = schema_of(executor)
    field = fields["loud"].extensions["strawberry-definition"]
    monkeypatch.setattr(field, "base_resolver", Louder(field.base_resolver.wrapped_func))

    result = schema.execute_sync("{ rows { loud } }")

    assert result.data == {"rows": [{"loud": "LOUD"}, {"loud": "LOUD"}]}


def test_a_field_whose_definition_was_copied_stays_batched() -> None:
    schema, fields = schema_of(StrawberryBatchExecutor)
    extensions = fields["together"].extensions
    extensions["strawberry-definition"] = copy(extensions["strawberry-definition"])

    result = schema.execute_sync("{ rows { together } }")

    assert result.data == {"rows": [{"together": 2}, {"together": 2}]}
