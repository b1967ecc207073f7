"""Answers of types and exceptions that no one expects are errors of one object, as in stock execution."""

import asyncio
from collections import UserDict
from collections.abc import Callable

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor
from breadth.strawberry import StrawberryBatchExecutor
from tests.breadth.comparison import differences

EXECUTORS = (None, BatchExecutor)

SDL = """
  interface Node { id: Int }
  type Row implements Node { id: Int, say: String }
  type Query { node: Node, nodes: [Node], rows: [Row], must: [Node!] }
"""
DOCUMENT = "{ node { id } nodes { id } rows { id } must { id } }"
ROWS = [{"id": 1}, {"id": 2}, {"id": 3}]
ROOT = {"node": ROWS[0], "nodes": ROWS, "rows": ROWS, "must": ROWS}


class Unclear:
    """Neither true nor false."""

    def __bool__(self) -> bool:
        """Raise."""
        message = "unclear"
        raise ValueError(message)


async def both(schema: GraphQLSchema, text: str, root: object) -> list[ExecutionResult]:
    answers = []
    for executor in EXECUTORS:
        result = execute(schema, parse(text), root, executor_class=executor)
        answers.append(result if isinstance(result, ExecutionResult) else await result)
    return answers


def second(odd: Callable[[], object], usual: object) -> Callable[..., object]:
    """Return a function that gives something odd for the second row."""
    return lambda value, *_: odd() if value["id"] == 2 else usual


async def later(value: object) -> object:
    await asyncio.sleep(0)
    if isinstance(value, RuntimeError):
        raise value
    return value


ODD: list[Callable[[], object]] = [
    lambda: ValueError("returned"),
    Unclear,
    lambda: None,
    lambda: later(ValueError("returned")),
    lambda: later(RuntimeError("raised")),
    lambda: later(Unclear()),
]


@pytest.mark.parametrize("odd", ODD)
async def test_an_odd_answer_of_a_type_is_of_its_object(odd: Callable[[], object]) -> None:
    for name, function, usual in (("Row", "is_type_of", True), ("Node", "resolve_type", "Row")):
        schema = build_schema(SDL)
        schema.type_map["Node"].resolve_type = lambda *_: "Row"  # type: ignore[attr-defined]
        setattr(schema.type_map[name], function, second(odd, usual))

        stock, ours = await both(schema, DOCUMENT, ROOT)

        assert differences(stock, ours) == []


class Unawaitable:
    """An awaitable whose `__await__` returns no iterator of awaiting."""

    def __init__(self, begin: Callable[[], object]) -> None:
        """Take what makes what it returns."""
        self.begin = begin

    def __await__(self) -> object:
        """Return it."""
        return self.begin()


class Uncallable:
    """An awaitable whose `__await__` can't be called."""

    __await__ = None


UNAWAITABLE: list[Callable[[], object]] = [
    lambda: Unawaitable(lambda: 5),
    lambda: Unawaitable(lambda: None),
    lambda: Unawaitable(lambda: [1]),
    lambda: Unawaitable(lambda: later("what a coroutine gives")),
    Uncallable,
]


@pytest.mark.filterwarnings("ignore:coroutine 'later' was never awaited:RuntimeWarning")
@pytest.mark.parametrize("odd", UNAWAITABLE)
@pytest.mark.parametrize("count", [1, 2])
async def test_what_can_not_be_awaited_is_an_error_of_its_object(odd: Callable[[], object], count: int) -> None:
    schema = build_schema(SDL)
    root = {"rows": [{"say": "a"}, *[{"say": odd()} for _ in range(count)], *[odd() for _ in range(count)]]}

    stock, ours = await both(schema, "{ rows { say } }", root)

    assert len(stock.errors or ()) == 2 * count
    assert differences(stock, ours) == []


class WordlessError(Exception):
    """An exception without a text."""

    def __init__(self, error: Exception | None = None) -> None:
        """Name what is raised in place of the text."""
        super().__init__()
        self.error = error

    def __str__(self) -> str:
        """Raise."""
        raise self.error or self


async def test_an_exception_without_a_text_is_of_its_object_alone() -> None:
    rows = [{"say": "a"}, {"say": WordlessError()}, {"say": WordlessError(KeyError("no text"))}, {"say": "b"}]

    ours = execute(build_schema(SDL), parse("{ rows { say } }"), {"rows": rows}, executor_class=BatchExecutor)

    assert isinstance(ours, ExecutionResult)
    assert ours.data == {"rows": [{"say": "a"}, {"say": None}, {"say": None}, {"say": "b"}]}
    assert [(error.path, error.message) for error in ours.errors or ()] == [
        (["rows", 1, "say"], "WordlessError without a text."),
        (["rows", 2, "say"], "'no text'"),
    ]


class Ended:
    """An object whose attribute ends an iteration, if it has a number for that."""

    def __init__(self, number: int | None = None) -> None:
        """Set the number that the error says."""
        self.number = number

    @property
    def say(self) -> str:
        """Raise StopIteration if there is a number, as `next` of an iterator that is used up does."""
        if self.number is not None:
            raise StopIteration(self.number)
        return "said"


class EndedMapping(Ended, UserDict[str, str]):
    """The same with items in place of attributes."""

    def get(self, *_: object) -> str:
        """Return the value of any key."""
        return self.say


ENDS = [(None, 1), (1, None), (1, 2, None, 3), (None, 1, 2)]


@pytest.mark.parametrize("numbers", ENDS)
@pytest.mark.parametrize("kind", [Ended, EndedMapping])
async def test_an_attribute_that_ends_an_iteration_keeps_its_message(
    kind: type[Ended], numbers: tuple[int | None, ...]
) -> None:
    rows = [kind(number) for number in numbers]

    stock, ours = await both(build_schema(SDL), "{ rows { say } }", {"rows": rows})

    assert not differences(stock, ours)
    assert {error.message for error in ours.errors or ()} == {str(number) for number in numbers if number}


@pytest.mark.parametrize("numbers", ENDS)
def test_an_attribute_in_strawberry_keeps_its_message_too(numbers: tuple[int | None, ...]) -> None:
    @strawberry.type
    class Row:
        say: str | None

    @strawberry.type
    class Query:
        @strawberry.field
        def rows(self) -> list[Row]:
            """Return rows of another class."""
            return [Ended(number) for number in numbers]  # type: ignore[misc]

    stock, ours = (
        strawberry.Schema(Query, execution_context_class=executor).execute_sync("{ rows { say } }")
        for executor in (None, StrawberryBatchExecutor)
    )

    assert not differences(ExecutionResult(stock.data, stock.errors), ExecutionResult(ours.data, ours.errors))
    assert {error.message for error in ours.errors or ()} == {str(number) for number in numbers if number}


def test_an_iteration_that_ends_only_once_is_an_error_nevertheless() -> None:
    class Once(Ended):
        @property
        def say(self) -> str:
            number, self.number = self.number, None
            if number is not None:
                raise StopIteration
            return "said"

    stock, ours = [
        execute(build_schema(SDL), parse("{ rows { say } }"), {"rows": [Once(1), Once()]}, executor_class=executor)
        for executor in EXECUTORS
    ]

    assert stock == ours
