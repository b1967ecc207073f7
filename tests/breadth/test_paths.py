"""Paths of objects that occur several times are found without a search for each of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import ExecutionResult, build_schema, execute, parse
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor
from breadth.paths import Items, Paths, Repeated, Root, Shared

MANY = 8_000


class Counted(list[Any]):
    """A list that counts how often it is read from its beginning."""

    reads = 0

    def __iter__(self) -> Iterator[Any]:
        """Return the items."""
        self.reads += 1
        return super().__iter__()


def paths(place: Paths) -> list[list[Any]]:
    return [[path.key for path in place.paths(index) if path is not None] for index in range(MANY)]


def test_the_column_is_searched_once_for_all_objects() -> None:
    distinct = [object() for _ in range(MANY)]
    column = Counted([*distinct, *distinct])

    found = paths(Shared(Items(Root(), [0], nullable=True), column, distinct))

    assert found == [[index, MANY + index] for index in range(MANY)]
    assert column.reads == 1


def test_the_rows_of_a_table_are_searched_once_for_all_objects() -> None:
    indices = Counted([*range(MANY), *range(MANY)])

    found = paths(Repeated(Items(Root(), [0], nullable=True), indices, MANY))

    assert found == [[index, MANY + index] for index in range(MANY)]
    assert indices.reads == 1


@pytest.mark.parametrize("count", [1, 50])
def test_each_path_of_an_object_that_fails_has_its_error(count: int) -> None:
    schema = build_schema("type Row { must: Int! } type Query { rows: [Row] }")
    rows: list[dict[str, Any]] = [{"must": None} for _ in range(count)]
    document = parse("{ rows { must } }")

    stock, ours = (
        execute(schema, document, {"rows": [*rows, *rows]}, executor_class=executor_class)
        for executor_class in (IncrementalExecutor, BatchExecutor)
    )

    assert isinstance(stock, ExecutionResult)
    assert isinstance(ours, ExecutionResult)
    assert ours.data == stock.data
    assert sorted(map(str, ours.errors or ())) == sorted(map(str, stock.errors or ()))
