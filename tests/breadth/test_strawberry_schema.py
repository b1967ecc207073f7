"""A Strawberry schema answers as with stock execution."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Generic

import pytest
import strawberry
from graphql import ExecutionResult as GraphQLResult
from graphql import GraphQLResolveInfo
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import SchemaExtension
from strawberry.types.arguments import StrawberryArgument

from breadth.strawberry import StrawberryBatchExecutor, batch_field, declared
from tests.breadth.comparison import differences
from tests.breadth.strawberry_features import Item, strawberry_schema

STOCK = strawberry_schema()
BATCHED = strawberry_schema(StrawberryBatchExecutor)

FRAGMENT = """
  fragment Whole on Book {
    __typename id label title color older guarded guardedLater loud uncovered prefixed: uncovered(prefix: "a ")
    later(by: 3) loudLater fails length longer: length(plus: 2)
    matches(only: {startsWith: "a", within: {startsWith: null}}, inColor: RED)
    guardedBatch loudBatch
    related { __typename ... on Node { id label } ... on Book { title } ... on Film { minutes } }
    sequel { id title color length related { ... on Book { length } } }
  }
"""

DOCUMENTS = {
    "generic": "{ books { total first { ...Whole } items { ...Whole } } }",
    "interface": "{ nodes { __typename id label ... on Film { minutes } ...Whole } }",
    "some of an interface": '{ nodes(ids: ["f", "3"]) { id } no: nodes(ids: []) { id } all: nodes(ids: null) { id } }',
    "union": "{ media { total first { ... on Film { id } ...Whole } items { __typename ...Whole } } }",
    "permission": "{ hidden { ...Whole } }",
    "left out": "{ told(only: {}) null: told(only: {startsWith: null, colors: [BLUE], within: {}}, color: BLUE) }",
    "mutation": 'mutation { a: rename(title: "A") { ...Whole } b: rename(title: "B") { ...Whole } }',
    "introspection": '{ __schema { types { name } } __type(name: "Book") { fields { name isDeprecated } } }',
    "invalid": "{ books { missing } }",
    "wrong": "{ told(only: {startsWith: 7}) }",
}


def context(viewer: str = "reader") -> dict[str, Any]:
    return {"viewer": viewer, "batches": []}


def different(results: Sequence[Any]) -> list[str]:
    """Return how execution by batch differs from stock execution."""
    stock, ours = (GraphQLResult(result.data, result.errors) for result in results)
    return differences(stock, ours)


async def both(document: str, viewer: str = "reader", **variables: object) -> list[Any]:
    """Return the results of stock execution and of execution by batch."""
    whole = f"{document}\n{FRAGMENT if '...Whole' in document else ''}"
    return [await schema.execute(whole, variables, context(viewer)) for schema in (STOCK, BATCHED)]


@pytest.mark.parametrize("viewer", ["reader", "stranger"])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_a_document_is_answered_equally(document: str, viewer: str) -> None:
    results = await both(document, viewer)

    assert not different(results)
    assert results[0].data or results[0].errors


@pytest.mark.parametrize(
    "only",
    [
        {},
        {"startsWith": None},
        {"startsWith": "a", "colors": ["BLUE", "RED"]},
        {"within": None},
        {"within": {"within": {}}},
        {"colors": ["GREEN"]},
        None,
    ],
)
async def test_variables_are_given_equally(only: object) -> None:
    document = """
      query ($only: Filter!, $color: Color = BLUE, $plus: Int! = 3) {
        told(only: $only, color: $color)
        books { items { matches(only: $only, inColor: $color) length(plus: $plus) uncovered } }
      }
    """

    assert not different(await both(document, only=only))


async def test_a_batch_field_is_called_once_for_a_batch() -> None:
    stock, ours = context(), context()

    for schema, given in ((STOCK, stock), (BATCHED, ours)):
        await schema.execute("{ books { items { related { __typename } } } }", context_value=given)

    assert stock["batches"] == [["1"], ["3"], ["4"]]
    assert ours["batches"] == [["1", "3", "4"]]


async def test_mutations_of_a_strawberry_schema_run_one_after_the_other() -> None:
    given = context()

    await BATCHED.execute(
        'mutation { a: rename(title: "A") { related { __typename } } b: rename(title: "B") { id } }',
        context_value=given,
    )

    assert given["batches"] == ["A", ["9"], "B"]


def test_what_needs_no_waiting_is_answered_at_once() -> None:
    document = "{ books { total items { id label title length sequel { length uncovered } } } }"

    results = [schema.execute_sync(document, context_value=context()) for schema in (STOCK, BATCHED)]

    assert not different(results)
    assert results[1].data


class Watch(SchemaExtension):
    """Adds what it saw of the operation to the result."""

    seen: list[str]

    async def on_operation(self) -> AsyncIterator[None]:
        """Wait for the operation."""
        self.seen = ["begun"]
        yield
        self.seen.append(f"ended {type(self.execution_context.result).__name__}")

    def get_results(self) -> dict[str, Any]:
        """What was seen."""
        return {"seen": self.seen}


class WatchFields(Watch):
    """Adds each field that is resolved too."""

    def resolve(
        self,
        _next: Callable[..., Any],
        root: Any,  # noqa: ANN401 — Strawberry's.
        info: GraphQLResolveInfo[Any],
        *args: str,
        **kwargs: Any,  # noqa: ANN401 — Strawberry's.
    ) -> Any:  # noqa: ANN401 — Strawberry's.
        """Let the field be resolved."""
        self.seen.append(".".join(map(str, info.path.as_list())))
        return _next(root, info, *args, **kwargs)


@pytest.mark.parametrize("extension", [Watch, WatchFields])
async def test_schema_extensions_see_the_same(extension: type[Watch]) -> None:
    document = "{ books { items { id later related { ... on Book { loud title } } guarded } } }"

    results = [
        await strawberry_schema(executor_class, [extension]).execute(document, context_value=context())
        for executor_class in (None, StrawberryBatchExecutor)
    ]

    assert not different(results)
    stock, ours = (sorted((result.extensions or {})["seen"]) for result in results)
    assert ours == stock


async def test_events_are_answered_equally() -> None:
    document = f'subscription {{ published(titles: ["a", "", "c"]) {{ ...Whole }} }} {FRAGMENT}'

    stock, ours = [await events(schema, document) for schema in (STOCK, BATCHED)]

    assert [event.data["published"]["title"] for event in ours] == ["a", "", "c"]
    assert not any(map(different, zip(stock, ours, strict=True)))


async def events(schema: strawberry.Schema, document: str) -> list[Any]:
    """The results of a subscription."""
    stream: Any = await schema.subscribe(document, context_value=context())
    return [event async for event in stream]


class Given:
    """Resolves a declared field by what it is called with."""

    reads: frozenset[str] | None = None

    @staticmethod
    def resolve(objects: Sequence[object], _info: object, /, **given: int) -> list[str]:
        """Return the arguments for each object."""
        return [str(given) for _ in objects]


@pytest.mark.parametrize("name", ["objects", "self", "given", "source", "named", "convert", "args", "kwargs"])
def test_an_argument_may_have_any_name(name: str) -> None:
    argument = StrawberryArgument(python_name=name, graphql_name=None, type_annotation=StrawberryAnnotation(int))

    @strawberry.type
    class Row:
        told: str = declared(Given(), arguments=[argument])

    @strawberry.type
    class Query:
        @strawberry.field
        def rows(self) -> list[Row]:
            """Return two rows."""
            return [Row(told=""), Row(told="")]

    for executor in (None, StrawberryBatchExecutor):
        schema = strawberry.Schema(Query, execution_context_class=executor)
        result = schema.execute_sync(f"{{ rows {{ told({name}: 3) }} }}")

        assert result.data == {"rows": [{"told": f"{{'{name}': 3}}"}] * 2}


@pytest.mark.parametrize("executor", [None, StrawberryBatchExecutor])
@pytest.mark.parametrize("returned", [list, tuple, Sequence, list[Any], object, Any])
def test_a_batch_field_of_a_generic_type_may_return_any_list(
    returned: object, executor: type[StrawberryBatchExecutor] | None
) -> None:
    def items(boxes: strawberry.Parent[Any]) -> object:
        return [box.item for box in boxes]

    items.__annotations__["return"] = returned

    @strawberry.type
    class Box(Generic[Item]):
        item: Item
        same = batch_field(items, graphql_type="Item")

    @strawberry.type
    class Pair(Generic[Item]):
        boxes: list[Box[Item]]

    @strawberry.type
    class Query:
        @strawberry.field
        def pair(self) -> Pair[int]:
            """Return two boxes."""
            return Pair(boxes=[Box(item=1), Box(item=2)])

    result = strawberry.Schema(Query, execution_context_class=executor).execute_sync("{ pair { boxes { same } } }")

    assert result.errors is None
    assert result.data == {"pair": {"boxes": [{"same": 1}, {"same": 2}]}}
