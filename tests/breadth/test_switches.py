"""Variables of @skip and @include are taken as in stock execution, also in documents that are not valid."""

from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor
from tests.breadth.comparison import differences

SDL = "scalar Any type Row { a: String, b: String } type Query { a: String, b: String, rows: [Row] }"
ROOT = {"a": "a", "b": "b", "rows": [{"a": "1"}, {"a": "2"}]}


class Unhashable(dict[str, int]):
    """A value that counts as false, and whose hash raises."""

    def __bool__(self) -> bool:
        """Return false."""
        return False

    def __hash__(self) -> int:  # type: ignore[override]  # The class of all dicts says that they have none.
        """Raise."""
        message = "no hash"
        raise ValueError(message)


def answer(schema: GraphQLSchema, text: str, variables: dict[str, Any], executor: Any = None) -> ExecutionResult:  # noqa: ANN401
    result = execute(schema, parse(text), ROOT, variable_values=variables, executor_class=executor)
    assert isinstance(result, ExecutionResult)
    return result


VALUES: list[dict[str, Any]] = [{}, {"x": None}, {}, {"x": True}, {"x": False}, {"x": None}]
ODD: list[dict[str, Any]] = [
    {"x": {"a": 1}},
    {"x": {}},
    {"x": []},
    {"x": [1]},
    {"x": 1},
    {"x": 0},
    {"x": "a"},
    {"x": ""},
    {"x": Unhashable()},
]


@pytest.mark.parametrize("switch", ["@skip(if: $x)", "@include(if: $x)"])
@pytest.mark.parametrize(
    "beginning", ["$x: Boolean", "$x: Boolean = true", "$x: Boolean = null", "$x: Any", "$x: Any = {a: 1}", "$y: Any"]
)
@pytest.mark.parametrize("document", ["a SWITCH b", "rows { a SWITCH b } a", "... SWITCH { a } b"])
def test_each_value_of_a_switch_is_taken_as_in_stock_execution(switch: str, beginning: str, document: str) -> None:
    schema = build_schema(SDL)
    text = f"query ({beginning}) {{ {document.replace('SWITCH', switch)} }}"
    for variables in VALUES + ODD * ("Any" in beginning):
        ours = answer(schema, text, variables, BatchExecutor)

        assert differences(answer(schema, text, variables), ours) == []
