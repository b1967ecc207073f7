"""Nothing that is kept for the next execution of an operation keeps an execution that failed."""

import gc
from typing import NoReturn
from weakref import ref

import pytest
from graphql import ExecutionResult, build_schema, execute, parse

from breadth import BatchExecutor
from tests.breadth.prepared import prepared_of

SCHEMA = build_schema("""
    type Query { label(size: Int, fits: Boolean): String items: [Item!] one: Item! }
    type Item { label(size: Int!): String! }
""")

TEXTS = {
    "a wrong literal": '{ label(size: "a") }',
    "a wrong literal below": '{ items { label(size: "a") } }',
    "a literal that is missing": "{ items { label } }",
    "a wrong default": 'query ($size: Int = "a") { label(size: $size) }',
    "a wrong variable": "query ($size: Int!) { label(size: $size) }",
    "a variable of no type": "query ($size: Sise) { label(size: $size) }",
    "a wrong condition": "{ label @include(if: 3) }",
    "a wrong condition below": "{ items { label(size: 1) @skip(if: 3) } }",
    "a condition of an unknown variable": "{ label @include(if: $fits) }",
    "a resolver that raises": "{ label one { label(size: 1) } }",
}


class Root:
    """Root object of one execution."""

    def __init__(self) -> None:
        self.items = [self]

    def label(self, *_: object, **__: object) -> NoReturn:
        """Raise an error."""
        raise ValueError


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_prepared_operation_keeps_nothing_of_an_execution_that_failed(text: str) -> None:
    operation = prepared_of(SCHEMA, text)
    operation.plan_ahead()
    gc.freeze()
    root = Root()
    of_root = ref(root)

    for _ in range(3):
        result = operation.execute(root_value=root, variable_values={"size": "a"})
        assert isinstance(result, ExecutionResult)
        assert result.errors
    del root, result

    gc.collect()
    assert of_root() is None


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_plan_keeps_nothing_of_an_execution_that_failed(text: str) -> None:
    gc.freeze()
    root = Root()
    of_root = ref(root)

    for _ in range(3):
        result = execute(SCHEMA, parse(text), root, variable_values={"size": "a"}, executor_class=BatchExecutor)
        assert isinstance(result, ExecutionResult)
        assert result.errors
    del root, result

    gc.collect()
    assert of_root() is None
