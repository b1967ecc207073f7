"""An operation is planned by the request that first needs it, or ahead of all of them."""

import copy
import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import ref

import pytest
from graphql import ExecutionResult, GraphQLSchema, OperationDefinitionNode, build_schema, execute, parse, validate

import breadth
from breadth import BatchExecutor, Prepared

SDL = """
  interface Named { name: String }
  type Child implements Named { name: String, child: Child, children: [[Child!]!] }
  type Query { child: Child, named: Named }
"""
DEEP = "{ child { name children { name children { child { name } } } } }"
CHILD: dict[str, Any] = {"name": "a", "child": {"name": "b"}, "children": []}
ROOT = {"child": CHILD | {"children": [[CHILD | {"children": [[CHILD]]}]]}, "named": CHILD | {"__typename": "Child"}}


def prepared(document: str) -> Prepared:
    parsed = parse(document)
    (operation,) = (node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
    return Prepared(build_schema(SDL), parsed, operation)


@contextmanager
def collected() -> Iterator[list[str]]:
    """The calls of graphql-core that collect fields, which is the beginning of every plan."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name in {"collect_fields", "collect_subfields"}:
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def collected_by(operation: Prepared, **variables: object) -> list[str]:
    with collected() as calls:
        result = operation.execute(root_value=ROOT, variable_values=variables)
    assert isinstance(result, ExecutionResult)
    assert result.errors is None
    return calls


def test_the_first_request_plans_for_those_after_it() -> None:
    operation = prepared(DEEP)

    assert len(collected_by(operation)) == 5
    assert collected_by(operation) == []


def test_what_is_planned_ahead_is_not_planned_by_a_request() -> None:
    operation = prepared(DEEP)

    operation.plan_ahead()

    assert collected_by(operation) == []


@pytest.mark.parametrize(
    "document",
    [
        "query ($on: Boolean!) { child { name @include(if: $on) } }",
        "query ($on: Boolean!) { named { ... @skip(if: $on) { name } } }",
    ],
)
def test_what_a_variable_decides_is_planned_for_its_value(document: str) -> None:
    operation = prepared(document)

    operation.plan_ahead()

    assert collected_by(operation, on=True)
    assert collected_by(operation, on=True) == []


def test_objects_of_an_interface_are_planned_when_their_type_is_known() -> None:
    operation = prepared("{ named { name } }")

    operation.plan_ahead()

    assert collected_by(operation) == ["collect_subfields"]


def test_a_replaced_serialization_of_a_scalar_is_used() -> None:
    schema = build_schema("scalar Label type Query { label: Label }")
    label: Any = schema.type_map["Label"]
    label.coerce_output_value = str.upper
    first = answer(schema, "{ label }")
    label.coerce_output_value = str.title

    second = answer(schema, "{ label } # another text")

    assert [first, second] == [{"label": "NAME"}, {"label": "Name"}]


def test_what_is_known_of_a_schema_is_garbage_together_with_it() -> None:
    # The collection does not look through what earlier tests made.
    gc.freeze()
    schema = build_schema("type Query { label: String }")
    operation = next(node for node in parse("{ label }").definitions if isinstance(node, OperationDefinitionNode))
    Prepared(schema, parse("{ label }"), operation).execute(root_value={"label": "name"})
    dropped = ref(schema)
    del schema

    gc.collect()

    assert dropped() is None


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_schema_that_was_executed_may_be_copied(copied: Callable[[GraphQLSchema], GraphQLSchema]) -> None:
    schema = build_schema("scalar Label type Query { label: Label }")
    for _ in range(3):
        assert answer(schema, "{ label }") == {"label": "name"}

        schema = copied(schema)


def test_a_schema_that_was_executed_may_be_pickled() -> None:
    # In a process without Strawberry, whose introspection can't be pickled.
    code = """
import pickle
from graphql import build_schema, execute, parse
from breadth import BatchExecutor
schema = build_schema("scalar Label type Query { label: Label }")
for _ in range(3):
    result = execute(schema, parse("{ label }"), {"label": "name"}, executor_class=BatchExecutor)
    assert result.data == {"label": "name"}
    pickled = pickle.dumps(schema)
    assert b"breadth." not in pickled
    schema = pickle.loads(pickled)
"""
    subprocess.run([sys.executable, "-c", code], cwd=Path(breadth.__file__).parents[1], check=True)


def answer(schema: GraphQLSchema, document: str) -> Any:  # noqa: ANN401 — the data.
    result = execute(schema, parse(document), {"label": "name"}, executor_class=BatchExecutor)
    assert isinstance(result, ExecutionResult)
    return result.data


DOUBLING = 14
DOUBLED = "{ ns { ...F0 } }" + "".join(
    f" fragment F{depth} on N {{ a {{ ...F{depth + 1} }} b {{ ...F{depth + 1} }} }}" for depth in range(DOUBLING)
)
"""Fragments by which the number of paths doubles at each level."""


@pytest.mark.parametrize("nodes", [[], [{}], [None, {}], [{}, {}], [{}] * 2, [{"a": {}}] * 2, [{"a": {}, "b": {}}, {}]])
def test_what_does_not_occur_in_a_response_is_not_planned(nodes: list[Any]) -> None:
    schema = build_schema("type N { a: N, b: N, v: Int } type Query { ns: [N] }")
    document = parse(DOUBLED + f" fragment F{DOUBLING} on N {{ v }}")

    with collected() as calls:
        ours = execute(schema, document, {"ns": nodes}, executor_class=BatchExecutor)

    assert ours == execute(schema, document, {"ns": nodes})
    assert len(calls) <= 4


def test_paths_that_fragments_double_are_planned_ahead_once() -> None:
    document = parse(DOUBLED + f" fragment F{DOUBLING} on N {{ v }}")
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    schema = build_schema("type N { a: N, b: N, v: Int } type Query { ns: [N] }")

    with collected() as calls:
        Prepared(schema, document, operation).plan_ahead()

    assert len(calls) <= 3 * DOUBLING


def merged(depth: int) -> str:
    """Return a document in which each of the paths, whose number doubles at each level, has other nodes."""
    fragments = [
        f" fragment S{state}_{level} on N {{ a {{ {' '.join(f'...S{to}_{level + 1}' for to in to_a)} }} "
        f"b {{ ...S{to_a[0]}_{level + 1} }} }}"
        for level in range(depth)
        for state, to_a in enumerate([(0, 1), *((state + 1,) for state in range(1, level + 1))])
    ]
    last = "".join(f" fragment S{state}_{depth} on N {{ v }}" for state in range(depth + 1))
    return "{ ns { ...S0_0 } }" + "".join(fragments) + last


def test_only_a_part_of_paths_with_other_nodes_is_planned_ahead() -> None:
    schema = build_schema("type N { a: N, b: N, v: Int } type Query { ns: [N] }")
    document = parse(merged(12))
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))

    with collected() as calls:
        Prepared(schema, document, operation).plan_ahead()

    assert validate(schema, document) == []
    assert len(calls) <= 1_000


@pytest.mark.parametrize("beginning", ["{ ts { t { ...F0 } } }", "{ ts { ... on T { v: __typename t { ...F0 } } } }"])
def test_a_chain_of_fragments_is_not_followed_for_nulls(beginning: str) -> None:
    chain = "".join(f" fragment F{number} on T {{ ...F{number + 1} }}" for number in range(1_500))
    schema = build_schema("type T { t: T, v: Int } type Query { ts: [T] }")
    document = parse(f"{beginning}{chain} fragment F1500 on T {{ v }}")
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    root: dict[str, Any] = {"ts": [{}] * 2}
    prepared = Prepared(schema, document, operation)

    prepared.plan_ahead()

    stock = execute(schema, document, root)
    assert stock.errors is None  # type: ignore[union-attr]  # It is a result: nothing is awaited.
    assert execute(schema, document, root, executor_class=BatchExecutor) == stock
    assert prepared.execute(root_value=root) == stock
