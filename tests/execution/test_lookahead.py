"""A resolver can see what is asked for below its field."""

from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, build_schema, execute, parse
from graphql.execution.incremental import IncrementalExecutor

from schema.execution import LevelExecutor
from schema.execution.lookahead import selected

SCHEMA = build_schema("""
interface Named { name: String }
type Client implements Named { name: String, friend: Client }
type Query { first: Client, second: Named }
""")


def seen(document: str, executor: type[Any]) -> list[set[str]]:
    """What each of the fields of the query saw below it, twice over."""
    found = []

    def look(_info: GraphQLResolveInfo[Any], **_: object) -> None:
        found.append(set(selected(_info)))

    for _ in range(2):
        result = execute(SCHEMA, parse(document), {"first": look, "second": look}, executor_class=executor)
        assert result == ExecutionResult(dict.fromkeys(result.data), None)  # type: ignore[union-attr, arg-type]
    return found


@pytest.mark.parametrize("executor", [LevelExecutor, IncrementalExecutor])
def test_names_below_are_seen_through_fragments_and_aliases(executor: type[Any]) -> None:
    document = """
    { one: first { called: name ...F } second { ... on Client { friend { name } } } }
    fragment F on Client { friend { friend { name } } }
    """

    first, second, *again = seen(document, executor)

    assert first == {"name", "friend", "friend.friend", "friend.friend.name"}
    assert second == {"friend", "friend.name"}
    assert again == [first, second]


@pytest.mark.parametrize("executor", [LevelExecutor, IncrementalExecutor])
def test_all_that_is_merged_into_a_field_is_seen(executor: type[Any]) -> None:
    (first, _) = seen("{ first { name } first { friend { name } } }", executor)

    assert first == {"name", "friend", "friend.name"}


def test_nobody_looks_further_than_four_levels() -> None:
    deep = "friend { friend { friend { friend { friend { name } } } } }"

    (first, _) = seen(f"{{ first {{ {deep} }} }}", LevelExecutor)

    assert max(name.count(".") for name in first) == 3
