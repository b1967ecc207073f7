"""Objects that repeat, in a list or a row batch, are answered as in stock execution."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor, set_batch_resolver
from tests.breadth.row_batches import Columns, DictionaryEncoded

SDL = """
  type Row { name: String!, late: String!, slow: String, row: Row }
  type Query { rows: [Row!] }
"""
ROWS = [{"name": "a"}, {"name": None}, {"name": "c"}]


class Polite(BatchExecutor):
    """An executor with pauses."""

    async def pause(self) -> None:
        """Pause."""
        await asyncio.sleep(0)


class Encoded(DictionaryEncoded):
    """Rows of a dictionary, of which some entries may not occur."""

    def __init__(self, dictionary: Any, indices: Sequence[int]) -> None:  # noqa: ANN401 — a list, or a row batch.
        """Take both."""
        super().__init__([dictionary[index] for index in indices])
        self.dictionary, self.indices = dictionary, list(indices)


@pytest.fixture
def schema() -> GraphQLSchema:
    """Schema with fields that are awaited, one of which fails for a row without a name."""
    schema = build_schema(SDL)
    row: Any = schema.type_map["Row"]

    async def late(rows: Sequence[dict[str, Any]], _info: object) -> list[object]:
        await asyncio.sleep(0)
        return [each["name"] or ValueError("no name") for each in rows]

    async def slow(rows: Sequence[dict[str, Any]], _info: object) -> list[object]:
        await asyncio.sleep(0.12)
        return [each["name"] for each in rows]

    set_batch_resolver(row.fields["late"], late)
    set_batch_resolver(row.fields["slow"], slow)
    set_batch_resolver(row.fields["row"], lambda rows, _info: list(rows))
    return schema


async def answer(schema: GraphQLSchema, text: str, root: object, executor: Any = None) -> ExecutionResult:  # noqa: ANN401
    result = execute(schema, parse(text), root, executor_class=executor)
    return result if isinstance(result, ExecutionResult) else await result


@pytest.mark.parametrize("executor", [BatchExecutor, Polite])
@pytest.mark.parametrize("batch", [list, Columns])
@pytest.mark.parametrize("document", ["{ name slow }", "{ slow late }", "{ row { name slow } }"])
@pytest.mark.parametrize("indices", [[0, 2, 0], [0] * 600])
async def test_an_entry_without_a_row_has_no_effect(
    schema: GraphQLSchema,
    executor: Any,  # noqa: ANN401 — a class of executors.
    batch: Any,  # noqa: ANN401 — a class of lists.
    document: str,
    indices: list[int],
) -> None:
    rows = Encoded(batch(ROWS), indices)

    stock, ours = await asyncio.gather(
        answer(schema, f"{{ rows {document} }}", {"rows": rows.objects}),
        answer(schema, f"{{ rows {document} }}", {"rows": rows}, executor),
    )

    assert ours == stock
    assert ours.errors is None


async def test_an_entry_with_a_row_makes_the_list_null(schema: GraphQLSchema) -> None:
    rows = Encoded(ROWS, [0, 1, 0, 1])

    ours = await answer(schema, "{ rows { name slow } }", {"rows": rows}, BatchExecutor)

    assert ours.data == {"rows": None}
    assert [error.path for error in ours.errors or ()] == [["rows", 1, "name"], ["rows", 3, "name"]]


class Counting:
    """An object whose method returns another number each time, and whose property counts how often it is read."""

    def __init__(self, below: "Counting | None" = None) -> None:
        """Begin at 0."""
        self.numbers, self.reads, self.below = itertools.count(), 0, below

    def number(self, _info: object) -> int:
        """Return the next number."""
        return next(self.numbers)

    def path(self, info: GraphQLResolveInfo[Any]) -> str:
        """Return the path."""
        return str(info.path.as_list())

    @property
    def plain(self) -> str:
        """A text."""
        self.reads += 1
        return "plain"

    @property
    def letters(self) -> Iterator[str]:
        """Letters, each of which is given once."""
        return iter("ab")


COUNTING = """
  interface Any { path: String! }
  type Counting implements Any {
    number: Int, path: String!, plain: String, letters: [String!], below: Counting, batch: Counting, any: Any
  }
  type Query { rows: [Counting] }
"""


@pytest.mark.parametrize(
    "twice", [lambda each: [each, Counting(), each], lambda each: Encoded([each, each], [0, 1, 0])]
)
@pytest.mark.parametrize("executor", [BatchExecutor, Polite])
@pytest.mark.parametrize(
    "document",
    [
        "{ number }",
        "{ plain path }",
        "{ below { path plain } }",
        "{ batch { path } }",
        "{ letters path }",
        "{ letters below { plain } }",
        "{ below { batch { number } } }",
    ],
)
async def test_a_method_is_called_for_each_path_of_an_object(twice: Any, executor: Any, document: str) -> None:  # noqa: ANN401
    schema = build_schema(COUNTING)
    counting: Any = schema.type_map["Counting"]
    set_batch_resolver(counting.fields["batch"], lambda rows, _info: [each.below or each for each in rows])

    stock, ours = [
        await answer(schema, f"{{ rows {document} }}", {"rows": rows if kind else [*rows]}, kind)
        for kind in (None, executor)
        for rows in [twice(Counting(Counting()))]
    ]

    assert ours == stock


def test_a_property_is_read_once_of_an_object_that_repeats() -> None:
    schema = build_schema(COUNTING)
    one, two = Counting(), Counting()
    for document in ("{ rows { plain } }", "{ rows { plain number } }", "{ rows { plain below { plain } } }"):
        execute(schema, parse(document), {"rows": [one, two, one, one]}, executor_class=BatchExecutor)

    assert (one.reads, two.reads) == (3, 3)


def test_a_wrong_argument_of_an_attribute_is_an_error_of_each_path() -> None:
    schema = build_schema("type Row { name(as: Int!): String } type Query { rows: [Row] }")
    row = {"name": "a"}
    root = {"rows": [row, row]}
    document = parse("query ($as: Int) { rows { name(as: $as) } }")

    ours = execute(schema, document, root, executor_class=BatchExecutor)

    assert ours == execute(schema, document, root)
