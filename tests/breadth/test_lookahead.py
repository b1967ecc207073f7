"""A resolver can look ahead at what is selected below its field."""

from collections.abc import Set as AbstractSet
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, build_schema, execute, parse
from graphql.execution.incremental import IncrementalExecutor

from breadth import BatchExecutor, set_batch_resolver
from breadth.lookahead import reads, selected

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


@pytest.mark.parametrize("executor", [BatchExecutor, IncrementalExecutor])
def test_names_below_are_seen_through_fragments_and_aliases(executor: type[Any]) -> None:
    document = """
    { one: first { called: name ...F } second { ... on Client { friend { name } } } }
    fragment F on Client { friend { friend { name } } }
    """

    first, second, *again = seen(document, executor)

    assert first == {"name", "friend", "friend.friend", "friend.friend.name"}
    assert second == {"friend", "friend.name"}
    assert again == [first, second]


@pytest.mark.parametrize("executor", [BatchExecutor, IncrementalExecutor])
def test_all_that_is_merged_into_a_field_is_seen(executor: type[Any]) -> None:
    (first, _) = seen("{ first { name } first { friend { name } } }", executor)

    assert first == {"name", "friend", "friend.name"}


@pytest.mark.parametrize("executor", [BatchExecutor, IncrementalExecutor])
def test_fragments_that_double_at_each_level_are_looked_into_once(executor: type[Any]) -> None:
    doubling = " ".join(f"fragment F{level} on Client {{ ...F{level + 1} ...F{level + 1} }}" for level in range(60))

    assert seen(f"{{ first {{ ...F0 }} }} {doubling} fragment F60 on Client {{ name }}", executor) == [{"name"}] * 2


@pytest.mark.parametrize("executor", [BatchExecutor, IncrementalExecutor])
def test_aliases_of_a_field_are_looked_into_together(executor: type[Any]) -> None:
    def level(name: str, below: str) -> str:
        aliases = " ".join(f"a{number}: friend {{ ...{below} }}" for number in range(200))
        return f"fragment {name} on Client {{ {aliases} }}"

    levels = f"{level('A', 'B')} {level('B', 'C')} {level('C', 'D')} fragment D on Client {{ name friend {{ name }} }}"

    first, _ = seen(f"{{ first {{ ...A }} }} {levels}", executor)

    three = "friend.friend.friend"
    assert first == {"friend", "friend.friend", three, f"{three}.name", f"{three}.friend"}


def test_look_ahead_is_four_fields_deep() -> None:
    deep = "friend { friend { friend { friend { friend { name } } } } }"

    (first, _) = seen(f"{{ first {{ {deep} }} }}", BatchExecutor)

    assert max(name.count(".") for name in first) == 3


def read(document: str, *path: str) -> AbstractSet[str] | None:
    """What is read of the objects of `first`, or of those at a path below, as its resolver sees it each time."""
    schema = build_schema(SDL)
    client: Any = schema.type_map["Client"]
    set_batch_resolver(client.fields["initials"], lambda clients, _info: ["A"] * len(clients), reads=["name"])
    set_batch_resolver(client.fields["score"], lambda clients, _info: [1] * len(clients))
    client.fields["secret"].resolve = lambda _client, _info: "s"
    found: list[AbstractSet[str] | None] = []

    def look(info: GraphQLResolveInfo[Any]) -> None:
        found.append(reads(info, *path))

    parsed = parse(document)
    for _ in range(2):
        execute(schema, parsed, {"first": look, "second": look}, executor_class=BatchExecutor)
    assert len(set(found)) == 1
    return found[0]


SDL = """
interface Named { name: String }
type Client implements Named {
  name: String, city: String, initials: String, score: Int, secret: String, friend: Client, named: Named
}
type Query { first: Client, second: Named }
"""


def test_what_is_read_of_objects_is_seen_through_fragments_and_aliases() -> None:
    document = "{ first { __typename called: name ... { ...F } } } fragment F on Client { friend { score } city }"

    assert read(document) == {"name", "city", "friend"}


def test_a_batch_resolver_says_what_it_reads() -> None:
    assert read("{ first { initials } }") == {"name"}
    assert read("{ first { initials score } }") is None


def test_what_an_ordinary_resolver_reads_is_not_known() -> None:
    assert read("{ first { name secret } }") is None


def test_what_is_read_further_down_is_seen() -> None:
    document = "{ first { friend { friend { name } } friend { friend { city } name } } }"

    assert read(document, "friend") == {"friend", "name"}
    assert read(document, "friend", "friend") == {"name", "city"}
    assert read(document, "friend", "named") == frozenset()
    assert read(document, "nothing") == frozenset()


def test_of_objects_of_several_types_anything_may_be_read() -> None:
    assert read("{ second { name } }") is None
    assert read("{ first { named { name } } }", "named") is None
