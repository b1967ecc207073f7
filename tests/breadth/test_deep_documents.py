"""Documents that nest objects deeply are answered as far as stock execution answers them."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor, set_batch_resolver

SDL = """
  interface Node { node: Node, must: Row!, list: [Node!], later: Row, batch: Row, id: Int }
  type Row implements Node { node: Node, must: Row!, list: [Node!], later: Row, batch: Row, id: Int }
  type Query { row: Row }
"""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Rows that are below themselves in several ways."""
    schema = build_schema(SDL)
    row: dict[str, Any] = {"__typename": "Row", "id": 1}
    row.update(node=row, must=row, list=[row])

    async def later(*_: object) -> dict[str, Any]:
        return row

    types: Any = schema.type_map
    types["Query"].fields["row"].resolve = lambda *_: row
    types["Row"].fields["later"].resolve = later
    set_batch_resolver(types["Row"].fields["batch"], lambda rows, _info: rows)
    return schema


def nested(name: str, depth: int) -> str:
    """Return a document without deep parts, which nests fields by fragments."""
    fragments = [f"fragment F{level} on Node {{ id {name} {{ ...F{level + 1} }} }}" for level in range(depth)]
    return "\n".join(["{ row { ...F0 } }", *fragments, f"fragment F{depth} on Node {{ id }}"])


def told(result: ExecutionResult) -> Iterator[Any]:
    """Yield the errors, and what there is at each level, which is compared without recursion."""
    yield [(error.path, error.message) for error in result.errors or ()]
    here: Any = result.data
    while here is not None:
        here = here[0] if isinstance(here, list) else here
        yield {name: value for name, value in here.items() if not isinstance(value, dict | list)}
        here = next((value for value in here.values() if isinstance(value, dict | list)), None)


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        *[(name, depth) for name in ("node", "must", "list", "later", "batch") for depth in (55, 60, 61, 62, 63)],
        ("node", 120),
        ("later", 220),
    ],
)
async def test_a_deep_document_is_answered_as_by_stock_execution(schema: GraphQLSchema, name: str, depth: int) -> None:
    answers = []
    for executor in (None, BatchExecutor):
        result: Any = execute(schema, parse(nested(name, depth)), executor_class=executor)
        answers.append(list(told(result if isinstance(result, ExecutionResult) else await result)))

    assert answers[1] == answers[0]


def test_a_wide_document_is_not_a_deep_one(schema: GraphQLSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = " ".join(f"f{number}: batch {{ id }}" for number in range(200))
    by_stock: list[str] = []
    execute_field = IncrementalExecutor.execute_field

    def noting(self: Any, *arguments: Any) -> Any:  # noqa: ANN401
        by_stock.append("field")
        return execute_field(self, *arguments)

    monkeypatch.setattr(IncrementalExecutor, "execute_field", noting)

    result: Any = execute(schema, parse(f"{{ row {{ {fields} }} }}"), executor_class=BatchExecutor)

    assert len(result.data["row"]) == 200
    assert by_stock == []


def test_fragments_in_many_levels_are_looked_at_once_for_each_level(schema: GraphQLSchema) -> None:
    twice = [f"fragment F{n} on Row {{ a: must {{ ...F{n + 1} }} b: must {{ ...F{n + 1} }} }}" for n in range(70)]
    document = "\n".join(["{ row { must { id } ...G } } fragment G on Row { id @skip(if: true) }", *twice])

    result: Any = execute(schema, parse(f"{document} fragment F70 on Row {{ id }}"), executor_class=BatchExecutor)

    assert result.data == {"row": {"must": {"id": 1}}}
