"""The info of a field, and the nodes in it, may be copied as in stock execution."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, build_schema, execute, parse

from breadth import BatchExecutor, set_batch_resolver

Info = GraphQLResolveInfo[Any]


def pickled(value: object) -> Any:  # noqa: ANN401 — the same again.
    return pickle.loads(pickle.dumps(value))  # noqa: S301 — it was made here.


def schema_of(say: Callable[[Info], object], *, batched: bool) -> GraphQLSchema:
    """Return a schema whose rows have what the function says of the info."""
    schema = build_schema("type Query { rows: [Row] } type Row { say: String }")
    row: Any = schema.type_map["Row"]
    if batched:
        set_batch_resolver(row.fields["say"], lambda rows, info: [say(info)] * len(rows))
    else:
        row.fields["say"].resolve = lambda _row, info: say(info)
    return schema


@pytest.mark.parametrize("executor", [None, BatchExecutor])
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled, list])
def test_the_nodes_of_a_field_may_be_copied_and_changed(
    copied: Callable[[object], Any], executor: type[BatchExecutor] | None, *, batched: bool
) -> None:
    def say(info: Info) -> str:
        nodes = copied(info.field_nodes)
        nodes.append(nodes[0])
        assert nodes == [*info.field_nodes, *info.field_nodes]
        return f"{len(nodes)}"

    result = execute(
        schema_of(say, batched=batched), parse("{ rows { say } }"), {"rows": [{}, {}]}, executor_class=executor
    )

    assert result == ExecutionResult({"rows": [{"say": "2"}, {"say": "2"}]}, None)


@pytest.mark.parametrize("executor", [None, BatchExecutor])
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_the_info_of_a_field_may_be_copied(
    copied: Callable[[Info], Info], executor: type[BatchExecutor] | None, *, batched: bool
) -> None:
    def say(info: Info) -> str:
        another = copied(info)
        assert isinstance(another, GraphQLResolveInfo)
        return f"{another.field_name} {another.context} {another.parent_type} {len(another.field_nodes)}"

    result = execute(
        schema_of(say, batched=batched), parse("{ rows { say } }"), {"rows": [{}]}, "given", executor_class=executor
    )

    assert result == ExecutionResult({"rows": [{"say": "say given Row 1"}]}, None)


class Making(BatchExecutor):
    """Executor that makes the infos itself."""

    def build_resolve_info(self, *arguments: Any, **named: Any) -> Info:  # noqa: ANN401 — those of graphql-core.
        """Return the info with another context."""
        return super().build_resolve_info(*arguments, **named)._replace(context="made")


@pytest.mark.parametrize("batched", [False, True])
def test_an_executor_may_make_the_infos_itself(*, batched: bool) -> None:
    schema = schema_of(lambda info: info.context, batched=batched)

    result = execute(schema, parse("{ rows { say } }"), {"rows": [{}]}, "given", executor_class=Making)

    assert result == ExecutionResult({"rows": [{"say": "made"}]}, None)


@pytest.mark.parametrize("executor", [None, BatchExecutor])
@pytest.mark.parametrize("batched", [False, True])
def test_an_info_is_one_of_graphql_core_and_a_tuple(executor: type[BatchExecutor] | None, *, batched: bool) -> None:
    def say(info: Info) -> str:
        assert isinstance(info, GraphQLResolveInfo)
        name, nodes, *_others = info
        return f"{name} {info[0]} {len(nodes)} {len(info)} {info._replace(context='another').context}"

    result = execute(
        schema_of(say, batched=batched), parse("{ rows { say } }"), {"rows": [{}]}, "given", executor_class=executor
    )

    fields = len(GraphQLResolveInfo._fields)
    assert result == ExecutionResult({"rows": [{"say": f"say say 1 {fields} another"}]}, None)
