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

from breadth import BatchExecutor, Prepared
from tests.breadth.comparison import differences
from tests.breadth.features import features
from tests.breadth.worlds import World

SCHEMA = features()

_SUGGESTED = "Did you mean"
_UNPROPAGATED = "experimental_disableErrorPropagation"


class Asked:
    """A document that is executed several times."""

    def __init__(self, document: DocumentNode, schema: GraphQLSchema = SCHEMA) -> None:
        """Prepare its operation."""
        self._schema, self._document = schema, document
        (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        self._prepared = Prepared(schema, document, operation)

    async def differences(self, variables: dict[str, Any], seed: int) -> list[str]:
        """Return how execution by batch, and of a prepared operation, differs from stock execution."""
        expected = await self._answer(variables, seed)
        actual = await self._answer(variables, seed, BatchExecutor)
        prepared = await self._answer_prepared(variables, seed)
        without_suggestions = expected
        if any(_SUGGESTED in error.message for error in expected.errors or ()):
            without_suggestions = await self._answer(variables, seed, hide_suggestions=True)
        possible = None
        if actual.errors and actual.errors != expected.errors:
            every_place = DocumentNode(definitions=tuple(map(_unpropagated, self._document.definitions)))
            possible = (await self._answer(variables, seed, document=every_place)).errors or []
        return [
            *differences(expected, actual, possible=possible),
            *(f"Prepared: {each}" for each in differences(without_suggestions, prepared, possible=possible)),
        ]

    async def _answer(
        self,
        variables: dict[str, Any],
        seed: int,
        executor_class: type[Executor[Any]] | None = None,
        document: DocumentNode | None = None,
        *,
        hide_suggestions: bool = False,
    ) -> ExecutionResult:
        """The result in the world of the seed."""
        root, world = self._world(seed)
        document = document or self._document
        result = execute(
            self._schema,
            document,
            root,
            world,
            variables,
            executor_class=executor_class,
            hide_suggestions=hide_suggestions,
        )
        return result if isinstance(result, ExecutionResult) else await result

    async def _answer_prepared(self, variables: dict[str, Any], seed: int) -> ExecutionResult:
        root, world = self._world(seed)
        result: Any = self._prepared.execute(root_value=root, context_value=world, variable_values=variables)
        return result if isinstance(result, ExecutionResult) else await result

    def _world(self, seed: int) -> tuple[object, World]:
        world = World(seed, self._schema.type_map)
        return world.object("Query", "root"), world


def _unpropagated(definition: DefinitionNode) -> DefinitionNode:
    """Return the operation with each error at its own path."""
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
