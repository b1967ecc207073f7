"""Errors that are known before all around them becomes null are in the response, as in stock execution."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor
from breadth.paths import CAUSES_MAX
from tests.breadth.comparison import differences

SDL = """
  interface Any { b: String! }
  type Row implements Any { b: String!, c: String, rows: [Row], hard: [Row!] }
  type Query { rows: [Row], any: [Any], lists: [[Row]], row: Row, last: String!, numbers: [Int!], texts: [Int] }
"""


async def hanging(seconds: float = 5) -> object:
    await asyncio.sleep(seconds)
    return "late"


async def failing(message: str, seconds: float = 0) -> object:
    await asyncio.sleep(seconds)
    raise ValueError(message)


async def failing_last(seconds: float) -> object:
    # However slow the machine is, what fails at once has failed before.
    for _ in range(30):
        await asyncio.sleep(0)
    return await failing("last", seconds)


async def later(value: object) -> object:
    await asyncio.sleep(0)
    return value


def schema() -> GraphQLSchema:
    built = build_schema(SDL)
    built.type_map["Any"].resolve_type = lambda *_: "Row"  # type: ignore[attr-defined]  # It is an interface.
    return built


async def both(text: str, root: Callable[[], object]) -> list[ExecutionResult]:
    """Return the answers of stock execution and of ours, each to a root of its own."""

    async def answer(executor: Any) -> ExecutionResult:  # noqa: ANN401 — a class of executors, or None.
        result: Any = execute(schema(), parse(text), root(), executor_class=executor)
        return result if isinstance(result, ExecutionResult) else await result

    return [*await asyncio.gather(answer(None), answer(BatchExecutor))]


KNOWN: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "raised": ("{ rows { b } last }", lambda: {"rows": [{"b": hanging()}, {"b": failing("b")}]}),
    "null": ("{ rows { b } last }", lambda: {"rows": [{"b": hanging()}, {"b": None}]}),
    "null later": ("{ rows { b } last }", lambda: {"rows": [{"b": hanging()}, {"b": later(None)}]}),
    "beside": ("{ rows { b c } last }", lambda: {"rows": [{"b": None, "c": "c"}, {"b": "b", "c": hanging()}]}),
    "type": ("{ any { b } last }", lambda: {"any": [{"b": hanging()}, {"b": failing("b")}]}),
    "lists": ("{ lists { b } last }", lambda: {"lists": [[{"b": hanging()}], [{"b": failing("b")}]]}),
    "below": ("{ row { rows { b } c } last }", lambda: {"row": {"rows": [{"b": failing("b")}], "c": hanging()}}),
    "items": ("{ texts last }", lambda: {"texts": [later("no number"), hanging()]}),
    "object": ("{ rows { b } last }", lambda: {"rows": [later({"b": failing("b")}), hanging()]}),
    "list below": (
        "{ rows { hard { b } } last }",
        lambda: {"rows": [{"hard": [{"b": None}]}, {"hard": [{"b": hanging()}]}]},
    ),
}


@pytest.mark.parametrize("seconds", [0.02, 0.12])
@pytest.mark.parametrize("case", KNOWN)
async def test_an_error_is_kept_if_all_around_it_becomes_null(case: str, seconds: float) -> None:
    document, root = KNOWN[case]

    stock, ours = await both(document, lambda: root() | {"last": failing_last(seconds)})

    assert len(stock.errors or ()) == 2
    assert differences(stock, ours) == []


def broken_off(*values: Callable[[], object]) -> Callable[[], Iterator[object]]:
    """Return a generator function that raises after the values."""

    def generator() -> Iterator[object]:
        for value in values:
            yield value()
        message = "of the generator"
        raise ValueError(message)

    return generator


@pytest.mark.parametrize(
    ("document", "values"),
    [
        ("{ numbers }", (lambda: later(1), lambda: "x")),
        ("{ texts }", (lambda: later(1), lambda: "x")),
        ("{ texts }", (lambda: "x", lambda: later("y"), lambda: "z")),
        ("{ rows { b } }", (lambda: {"b": None}, lambda: later({"b": None}))),
        ("{ rows { b c } }", (lambda: {"b": None, "c": lambda _: later("c")}, lambda: later({"b": "b"}))),
        ("{ row { hard { b } } }", (lambda: later({"b": "b"}), lambda: {"b": None})),
        ("{ lists { b } }", (lambda: [{"b": None}], lambda: later([{"b": None}]))),
        ("{ rows { b } }", (lambda: {"b": None}, lambda: {"b": hanging()})),
        ("{ rows { b } }", (lambda: {"b": None}, lambda: {"b": later("b")})),
        ("{ rows { rows { b } } }", (lambda: {"rows": [{"b": None}]}, lambda: {"rows": hanging()})),
        ("{ lists { b } }", (lambda: [{"b": None}, {"b": hanging()}], list)),
    ],
)
async def test_errors_beside_what_is_awaited_in_a_broken_list_are_kept(document: str, values: Any) -> None:  # noqa: ANN401
    generator = broken_off(*values)
    name = document.split()[1]

    stock, ours = await both(document, lambda: {name: {"hard": generator()} if name == "row" else generator()})

    assert stock.errors
    assert differences(stock, ours) == []


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_an_error_is_kept_without_a_loop() -> None:
    rows = [{"b": None, "c": "c"}, {"b": "b", "c": later("c")}]

    ours = execute(schema(), parse("{ rows { b c } last }"), {"rows": rows, "last": None}, executor_class=BatchExecutor)

    assert isinstance(ours, ExecutionResult)
    assert sorted(str(error.path) for error in ours.errors or ()) == ["['last']", "['rows', 0, 'b']"]


async def test_no_more_errors_than_of_one_null_are_kept() -> None:
    _stock, ours = await both(
        "{ rows { b } last }",
        lambda: {"rows": [{"b": hanging()}, *[{"b": None}] * 3 * CAUSES_MAX], "last": failing("last", 0.07)},
    )

    assert len(ours.errors or ()) == CAUSES_MAX + 1
