"""Lists that a batch resolver keeps, and changes after it returned them, are used as they were returned."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema
from graphql.execution.values import VariableValues

from breadth import set_batch_resolver
from breadth.parts import OBJECTS_AT_ONCE
from tests.breadth.prepared import prepared_of
from tests.breadth.row_batches import Columns

SDL = """
  interface Any { label: String }
  type Row implements Any { name: String, row: Row, rows: [Row], any: Any, label: String, wait: String }
  type Query { rows: [Row] }
"""
NO_VARIABLES = VariableValues({}, {})
WAITING = {"name": "name", "row": "row { label wait }", "rows": "rows { label }", "any": "any { label }"}


async def pause() -> None:
    await asyncio.sleep(0)


def shortened(values: list[object]) -> None:
    values.pop()


def overwritten(values: list[object]) -> None:
    values[:] = reversed(values)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("pausing", [None, pause])
@pytest.mark.parametrize("change", [shortened, overwritten, list.clear])
@pytest.mark.parametrize("field", WAITING)
async def test_a_list_that_a_resolver_changes_later_is_used_as_returned(
    field: str, change: Callable[[list[object]], None], pausing: Callable[[], Awaitable[None]] | None, *, later: bool
) -> None:
    schema = build_schema(SDL)
    row: Any = schema.type_map["Row"]
    schema.type_map["Any"].resolve_type = lambda *_: pause_with("Row")  # type: ignore[attr-defined]  # It is an interface.
    kept: list[list[object]] = []

    def values(rows: list[dict[str, str]], _info: object) -> list[object]:
        found: list[object] = [
            each["label"] if field == "name" else [each] if field == "rows" else each for each in rows
        ]
        kept.append(found)
        return found

    async def values_later(rows: list[dict[str, str]], info: object) -> list[object]:
        await asyncio.sleep(0)
        return values(rows, info)

    async def wait(rows: list[dict[str, str]], _info: object) -> list[str]:
        await asyncio.sleep(0.01)
        for each in kept:
            change(each)
        return ["waited"] * len(rows)

    set_batch_resolver(row.fields[field], values_later if later else values)
    set_batch_resolver(row.fields["wait"], wait)
    one, two = {"label": "1"}, {"label": "2"}
    rows = [one, two, one] * (1 + OBJECTS_AT_ONCE * (pausing is not None))
    operation = prepared_of(schema, f"{{ rows {{ {WAITING[field]} wait }} }}")

    for _ in range(3):
        kept.clear()
        result: Any = operation.execute_with(NO_VARIABLES, root_value={"rows": rows}, pause=pausing)
        answer = await result

        assert answer.errors is None
        assert [labels(each, field) for each in answer.data["rows"]] == [each["label"] for each in rows]


async def pause_with(value: object) -> object:
    await pause()
    return value


def labels(row: dict[str, Any], field: str) -> object:
    """Return the label that is in the field."""
    value = row[field]
    value = value[0] if field == "rows" else value
    return value if field == "name" else value["label"]


class Short(Columns):
    """A table, one column of which is too short."""

    def column(self, name: str) -> Any:  # noqa: ANN401 — a list, or another row batch.
        """Leave the last value out."""
        values = super().column(name)
        return values[:-1] if name == "name" else values


def test_a_column_that_is_too_short_is_an_error_each_time() -> None:
    operation = prepared_of(build_schema(SDL), "{ rows { label name } }")
    table = Short([{"name": name, "label": name} for name in "abc"])

    for _ in range(3):
        result = operation.execute(root_value={"rows": table})

        assert isinstance(result, ExecutionResult)
        assert result.data == {"rows": None}
        assert [error.path for error in result.errors or ()] == [["rows"]]
