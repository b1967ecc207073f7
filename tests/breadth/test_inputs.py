"""Inputs of every kind reach a Strawberry resolver as they do in stock execution."""

from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse
from graphql.execution.incremental import IncrementalExecutor
from strawberry import relay

from breadth import BatchExecutor


@strawberry.enum
class Size(Enum):
    """An enum whose values are not its names."""

    SMALL = "s"
    LARGE = "l"


@strawberry.input
class Box:
    """An input that may hold others of its type."""

    size: Size
    tags: list[str]
    weight: float | None = strawberry.UNSET
    note: str | None = None
    sizes: list[Size | None] = strawberry.field(default_factory=lambda: [Size.SMALL])
    within: "Box | None" = None
    boxes: "list[Box | None] | None" = None
    label: strawberry.Maybe[str | None]
    owner: relay.GlobalID | None = None


@strawberry.type
class Query:
    """Returns what came."""

    @strawberry.field
    def one(self, box: Box) -> str:
        """One box."""
        return repr(box)

    @strawberry.field
    def many(self, boxes: list[list[Box]] | None = None, sizes: list[Size] | None = None) -> str:
        """Lists of lists, and of an enum."""
        return repr((boxes, sizes))

    @strawberry.field
    def by(self, owner: relay.GlobalID) -> str:
        """An id that Strawberry reads."""
        return repr(owner)


SCHEMA = strawberry.Schema(Query)._schema  # noqa: SLF001 — Strawberry shows its graphql-core schema under no other name.
OWNER = relay.to_base64("Person", "7")
BOXES: list[dict[str, Any]] = [
    {"size": "SMALL", "tags": []},
    {"size": "LARGE", "tags": ["a"], "weight": 1, "note": None, "sizes": ["LARGE", None], "label": None},
    {"size": "LARGE", "tags": ["a", "b"], "weight": None, "label": "x", "owner": OWNER, "boxes": None},
    {
        "size": "SMALL",
        "tags": ["deep"],
        "within": {"size": "LARGE", "tags": [], "within": {"size": "SMALL", "tags": [], "boxes": [None]}},
        "boxes": [{"size": "SMALL", "tags": ["x"], "label": "y"}, None],
    },
]


def answers(document: str, variables: dict[str, Any]) -> list[ExecutionResult]:
    """What both kinds of execution answer, the first time and again."""
    parsed = parse(document)
    found = [
        execute(SCHEMA, parsed, variable_values=variables, executor_class=executor)
        for executor in (IncrementalExecutor, BatchExecutor, BatchExecutor)
    ]
    return [each for each in found if isinstance(each, ExecutionResult)]


@pytest.mark.parametrize("box", BOXES)
def test_an_input_object_is_what_it_is_in_stock_execution(box: dict[str, Any]) -> None:
    stock, first, again = answers("query ($box: Box!) { one(box: $box) }", {"box": box})

    assert stock.errors is None
    assert first == again == stock


def test_lists_of_inputs_are_what_they_are_in_stock_execution() -> None:
    document = "query ($boxes: [[Box!]!], $sizes: [Size!]) { many(boxes: $boxes, sizes: $sizes) none: many }"

    given: list[dict[str, Any]] = [{}, {"boxes": None, "sizes": []}, {"boxes": [BOXES, []], "sizes": ["LARGE"]}]
    for variables in given:
        stock, first, again = answers(document, variables)
        assert stock.errors is None
        assert first == again == stock


def test_an_id_that_can_not_be_read_is_the_same_error() -> None:
    stock, ours, _ = answers('{ by(owner: "nothing") }', {})

    assert stock.errors is not None
    assert [error.message for error in ours.errors or ()] == [error.message for error in stock.errors]
