"""Executing a document over `features`, and comparing how two executors answer."""

from typing import Any

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DocumentNode,
    ExecutionResult,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    execute,
)
from graphql.execution import Executor

from schema.execution import LevelExecutor
from tests.execution.comparison import differences
from tests.execution.features import features
from tests.execution.worlds import World

SCHEMA = features()

_UNPROPAGATED = "experimental_disableErrorPropagation"


async def answer(
    document: DocumentNode,
    variables: dict[str, Any],
    seed: int,
    executor_class: type[Executor[Any]] | None = None,
    *,
    schema: GraphQLSchema = SCHEMA,
) -> ExecutionResult:
    """The result of a document in the world of the seed."""
    world = World(seed, schema.type_map)
    result = execute(schema, document, world.object("Query", "root"), world, variables, executor_class=executor_class)
    return result if isinstance(result, ExecutionResult) else await result


async def compared(
    document: DocumentNode, variables: dict[str, Any], seed: int, *, schema: GraphQLSchema = SCHEMA
) -> list[str]:
    """What the level executor answers differently from stock execution."""
    expected = await answer(document, variables, seed, schema=schema)
    actual = await answer(document, variables, seed, LevelExecutor, schema=schema)
    possible = None
    if actual.errors and actual.errors != expected.errors:
        every_place = DocumentNode(definitions=tuple(map(_unpropagated, document.definitions)))
        possible = (await answer(every_place, variables, seed, schema=schema)).errors or []
    return differences(expected, actual, possible=possible)


def _unpropagated(definition: DefinitionNode) -> DefinitionNode:
    """The operation with every error told in its own place."""
    if not isinstance(definition, OperationDefinitionNode):
        return definition
    directive = ConstDirectiveNode(name=NameNode(value=_UNPROPAGATED), arguments=())
    return OperationDefinitionNode(
        loc=definition.loc,
        operation=definition.operation,
        name=definition.name,
        variable_definitions=definition.variable_definitions,
        directives=(*(definition.directives or ()), directive),
        selection_set=definition.selection_set,
    )
